"""The generated images."""

from pathlib import Path

from PIL import Image

from bench.images import CLASSES, SIDE, encode, make_images, of_split, pixels_of, read_manifest


def test_images_are_written_once_with_their_manifest(tmp_path: Path) -> None:
    manifest = make_images(tmp_path, 4)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert make_images(tmp_path, 4) == manifest
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    with Image.open(tmp_path / read_manifest(manifest)[0].path) as image:
        assert (image.size, image.mode) == ((SIDE, SIDE), "RGB")


def test_a_patient_has_one_class_and_one_split(tmp_path: Path) -> None:
    rows = read_manifest(make_images(tmp_path, 6))
    assert len({(row.patient_id, row.label, row.split) for row in rows}) == len({row.patient_id for row in rows}) == 3
    assert [label for _, label in of_split(rows, "train")] == [CLASSES.index(row.label) for row in rows]


def test_same_number_gives_the_same_bytes() -> None:
    assert encode(pixels_of(3, 1)) == encode(pixels_of(3, 1))


def test_links_stand_for_images_that_need_not_differ(tmp_path: Path) -> None:
    rows = read_manifest(make_images(tmp_path, 6, distinct=2))
    assert [row.path for row in rows] == [f"images/{number:06d}.jpg" for number in range(6)]
    assert [row.sha256 for row in rows] == [rows[0].sha256, rows[1].sha256] * 3
    assert [row.patient_id for row in rows][::2] == ["patient000000", "patient000001", "patient000002"]
    assert (tmp_path / rows[4].path).read_bytes() == (tmp_path / rows[0].path).read_bytes()
