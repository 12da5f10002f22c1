from collections import defaultdict
from pathlib import Path

from PIL import Image

from pipeline.config import DemoSource
from pipeline.sources.demo import FINDINGS, SITES, make_demo
from pipeline.sources.entry import Entry

SMALL = DemoSource(kind="demo", patients=40)


def files(entries: tuple[Entry, ...]) -> dict[str, bytes]:
    return {entry.path.name: entry.path.read_bytes() for entry in entries}


def test_equal_seeds_give_equal_files_and_others_do_not(tmp_path: Path) -> None:
    one, two = (make_demo(SMALL, tmp_path / name).entries for name in ("one", "two"))
    assert files(one) == files(two)
    assert [(entry.label, entry.columns) for entry in one] == [(entry.label, entry.columns) for entry in two]
    assert files(one) != files(make_demo(SMALL.model_copy(update={"seed": 8}), tmp_path / "three").entries)


def test_more_patients_change_none(tmp_path: Path) -> None:
    few = files(make_demo(SMALL, tmp_path / "few").entries)
    many = files(make_demo(SMALL.model_copy(update={"patients": 60}), tmp_path / "many").entries)
    assert few.items() <= many.items()


def test_patients_have_several_images_and_one_sex_and_site(tmp_path: Path) -> None:
    patients: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in make_demo(SMALL, tmp_path).entries:
        patients[entry.patient_id].append(entry)
    assert len(patients) == 40
    for images in patients.values():
        assert len(images) >= 2
        assert len({str(entry.columns) for entry in images}) == 1


def test_every_class_and_column_is_there(tmp_path: Path) -> None:
    entries = make_demo(SMALL, tmp_path).entries
    assert {entry.label for entry in entries} == set(FINDINGS)
    assert {entry.columns["site"] for entry in entries} == set(SITES)
    assert {entry.columns["sex"] for entry in entries} == {"F", "M"}
    assert len({entry.columns["age_group"] for entry in entries}) >= 3


def test_files_are_grey_images_of_several_sizes(tmp_path: Path) -> None:
    sizes = set()
    for entry in make_demo(SMALL, tmp_path).entries:
        with Image.open(entry.path) as image:
            assert image.mode == "L"
            sizes.add(image.size)
    assert len(sizes) >= 3
    assert all(64 <= side <= 96 for size in sizes for side in size)
