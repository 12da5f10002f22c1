import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from components.image_example_gen.manifest import read_manifest
from pipeline import sources
from pipeline.config import ClassFolderSource, DemoSource, TableSource
from pipeline.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> ClassFolderSource:
    """Two classes of two images, beside which the manifest will lie."""
    for number, name in enumerate(("well/b.png", "ill/ü, 2.png", "ill/a.png", "well/sub/c.png")):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number).save(path)
    return ClassFolderSource(kind="class_folders", path=tmp_path / "scans")


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_manifest_is_sorted_relative_and_carries_digests(folder: ClassFolderSource, tmp_path: Path) -> None:
    result = sources.index(folder, tmp_path / "manifest.csv")
    rows = table_of(tmp_path / "manifest.csv")
    assert [row["path"] for row in rows] == ["scans/ill/a.png", "scans/ill/ü, 2.png", "scans/well/b.png", "scans/well/sub/c.png"]
    assert [row["label"] for row in rows] == ["ill", "ill", "well", "well"]
    for row in rows:
        assert row["sha256"] == hashlib.sha256((tmp_path / row["path"]).read_bytes()).hexdigest()
    assert (result.rows, result.classes, result.patients, result.patients_known) == (4, {"ill": 2, "well": 2}, 4, False)
    assert len(read_manifest(tmp_path / "manifest.csv", patient="unknown")) == 4


def test_images_elsewhere_have_absolute_paths(folder: ClassFolderSource, tmp_path: Path) -> None:
    sources.index(folder, tmp_path / "else/where/manifest.csv")
    rows = table_of(tmp_path / "else/where/manifest.csv")
    assert all(Path(row["path"]).is_absolute() and Path(row["path"]).is_file() for row in rows)


def test_equal_sources_give_equal_bytes(folder: ClassFolderSource, tmp_path: Path) -> None:
    sources.index(folder, tmp_path / "one.csv")
    sources.index(folder, tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_indexed_source_is_current_until_something_changes(folder: ClassFolderSource, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    assert not sources.is_current(folder, manifest)
    sources.index(folder, manifest)
    assert sources.is_current(folder, manifest)
    Image.new("L", (4, 4), 9).save(folder.path / "ill/new.png")
    assert not sources.is_current(folder, manifest)
    assert sources.index(folder, manifest).rows == 5
    os.utime(folder.path / "ill/new.png", (0, 0))
    assert not sources.is_current(folder, manifest)
    sources.index(folder, manifest)
    (folder.path / "ill/new.png").unlink()
    assert not sources.is_current(folder, manifest)


def test_other_settings_are_not_current(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    sources.index(DemoSource(kind="demo", patients=30), manifest)
    assert sources.is_current(DemoSource(kind="demo", patients=30), manifest)
    assert not sources.is_current(DemoSource(kind="demo", patients=30, seed=8), manifest)


def test_lost_generated_image_is_made_again(tmp_path: Path) -> None:
    manifest, source = tmp_path / "manifest.csv", DemoSource(kind="demo", patients=30)
    sources.index(source, manifest)
    before = manifest.read_bytes()
    next((tmp_path / "manifest_images").iterdir()).unlink()
    assert not sources.is_current(source, manifest)
    sources.index(source, manifest)
    assert manifest.read_bytes() == before


@pytest.mark.parametrize("damage", ["{", "[]", '{"source": 1}', None])
def test_broken_note_beside_the_manifest_is_not_current(folder: ClassFolderSource, tmp_path: Path, damage: str | None) -> None:
    manifest, sidecar = tmp_path / "manifest.csv", tmp_path / "manifest.csv.index.json"
    sources.index(folder, manifest)
    sidecar.unlink() if damage is None else sidecar.write_text(damage)
    assert not sources.is_current(folder, manifest)


@pytest.mark.parametrize("with_note", [True, False])
def test_manifest_that_people_changed_is_never_written_over(folder: ClassFolderSource, tmp_path: Path, with_note: bool) -> None:
    manifest = tmp_path / "manifest.csv"
    if with_note:
        sources.index(folder, manifest)
    manifest.write_text("path,label,patient_id\nmine.png,ill,1\n")
    assert not sources.is_current(folder, manifest)
    with pytest.raises(ConfigError, match="was written or changed by hand"):
        sources.index(folder, manifest)
    assert "mine.png" in manifest.read_text()


def test_index_that_was_killed_between_its_two_files_goes_through_again(folder: ClassFolderSource, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    sources.index(folder, manifest)
    before = manifest.read_bytes()
    Image.new("L", (4, 4), 9).save(folder.path / "ill/new.png")
    sources.index(folder, manifest)
    manifest.write_bytes(before)  # the note is the new one, the manifest still the old one
    assert not sources.is_current(folder, manifest)
    assert sources.index(folder, manifest).rows == 5


def test_file_that_is_not_there_stays_a_row(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text("path,label,pid\na.png,ill,1\nb.png,well,2\n")
    source = TableSource(kind="table", path=tmp_path / "t.csv", columns={"path": "path", "label": "label", "patient_id": "pid"})
    result = sources.index(source, tmp_path / "manifest.csv")
    assert (result.rows, result.missing, result.patients, result.patients_known) == (2, 1, 2, True)
    assert table_of(tmp_path / "manifest.csv")[1]["sha256"] == ""


def test_one_class_only_is_refused(folder: ClassFolderSource) -> None:
    with pytest.raises(ConfigError, match="holds one class only, 'sub'; expected two or more"):
        sources.index(ClassFolderSource(kind="class_folders", path=folder.path / "well"), folder.path / "m.csv")


def test_class_name_with_the_label_separator_is_refused(folder: ClassFolderSource, tmp_path: Path) -> None:
    (folder.path / "ill").rename(folder.path / "ill;sick")
    with pytest.raises(ConfigError, match="class 'ill;sick' has a ';' in its name"):
        sources.index(folder, tmp_path / "manifest.csv")


def test_manifest_that_cannot_be_written_is_named(folder: ClassFolderSource) -> None:
    with pytest.raises(ConfigError, match="/proc/medtfx: "):
        sources.index(folder, Path("/proc/medtfx/manifest.csv"))


def test_indexing_loads_nothing_heavy() -> None:
    script = "import sys, pipeline.sources; print([m for m in ('tensorflow', 'tfx', 'apache_beam', 'keras') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def partly_closed(open_folder: Path) -> ClassFolderSource:
    """Two classes; one image that an ordinary user can't read."""
    open_folder.chmod(0o777)
    for number, name in enumerate(("ill/Doe_Jane.png", "well/b.png")):
        path = open_folder / "scans" / name
        path.parent.mkdir(parents=True)
        Image.new("L", (4, 4), number).save(path)
    (open_folder / "scans/ill/Doe_Jane.png").chmod(0)
    return ClassFolderSource(kind="class_folders", path=open_folder / "scans")


def test_unreadable_image_stays_a_row_until_it_can_be_read(partly_closed: ClassFolderSource, ordinary_user: None) -> None:
    manifest = partly_closed.path.parent / "manifest.csv"
    result = sources.index(partly_closed, manifest)
    assert (result.rows, result.missing) == (2, 1)
    assert [bool(row["sha256"]) for row in table_of(manifest)] == [False, True]
    assert sources.is_current(partly_closed, manifest)


def test_image_that_became_readable_is_indexed_again(partly_closed: ClassFolderSource, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("ordinary_user")
    manifest = partly_closed.path.parent / "manifest.csv"
    sources.index(partly_closed, manifest)
    os.seteuid(os.getuid())
    (partly_closed.path / "ill/Doe_Jane.png").chmod(0o644)
    assert not sources.is_current(partly_closed, manifest)
