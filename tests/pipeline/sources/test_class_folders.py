import os
from pathlib import Path

import pytest

from pipeline.config import ClassFolderSource
from pipeline.errors import ConfigError
from pipeline.sources.class_folders import list_class_folders


def source(path: Path) -> ClassFolderSource:
    return ClassFolderSource(kind="class_folders", path=path)


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folder_names_are_the_classes_however_deep_the_images(tmp_path: Path) -> None:
    touch(tmp_path, "ill/b.PNG", "ill/deep/er/a.jpeg", "well/c, ü.jpg")
    found = list_class_folders(source(tmp_path))
    named = {(entry.path.relative_to(tmp_path).as_posix(), entry.label) for entry in found.entries}
    assert named == {("ill/b.PNG", "ill"), ("ill/deep/er/a.jpeg", "ill"), ("well/c, ü.jpg", "well")}
    assert all(not entry.patient_id and not entry.split for entry in found.entries)


def test_split_folders_are_official_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/ill/a.png", "Valid/ill/b.png", "test/well/c.png")
    found = {entry.path.name: (entry.label, entry.split) for entry in list_class_folders(source(tmp_path)).entries}
    assert found == {"a.png": ("ill", "train"), "b.png": ("ill", "val"), "c.png": ("well", "test")}


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, "ill/a.png", "well/b.png", "well/notes.txt", "well/.DS_Store", ".git/x.png", "c.png", "elsewhere.txt")
    (tmp_path / "ill/loop").symlink_to(tmp_path)
    found = list_class_folders(source(tmp_path))
    assert len(found.entries) == 2
    assert +found.skipped == {"not_png_or_jpeg": 1, "hidden": 2, "outside_class_folder": 2, "linked_folder": 1}


def test_linked_file_counts_as_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "ill/a.png", "store/b.png")
    (tmp_path / "ill/link.png").symlink_to(tmp_path / "store/b.png")
    assert {entry.path.name for entry in list_class_folders(source(tmp_path)).entries} == {"a.png", "link.png", "b.png"}


def test_name_that_is_no_utf8_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "ill/a.png")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/ill/\xff.png")).touch()
    assert +list_class_folders(source(tmp_path)).skipped == {"name_not_utf8": 1}


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent: No such file or directory"):
        list_class_folders(source(tmp_path / "absent"))


def test_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(ConfigError, match=r"a\.png: Not a directory"):
        list_class_folders(source(tmp_path / "a.png"))


@pytest.mark.parametrize("names", [(), ("a.png",), ("ill/notes.txt",)])
def test_folder_without_images_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    touch(tmp_path, *names)
    with pytest.raises(ConfigError, match="holds no PNG or JPEG in folders; expected a folder per class"):
        list_class_folders(source(tmp_path))


@pytest.fixture
def closed_patient_folder(open_folder: Path) -> Path:
    touch(open_folder, "ill/Doe_Jane/a.png", "well/b.png")
    (open_folder / "ill/Doe_Jane").chmod(0)
    return open_folder


def test_folder_that_cannot_be_read_is_refused_without_its_name(closed_patient_folder: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match="a folder in it can't be read: Permission denied") as caught:
        list_class_folders(source(closed_patient_folder))
    assert "Doe" not in str(caught.value)
