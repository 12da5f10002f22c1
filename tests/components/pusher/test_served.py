import shutil
from pathlib import Path

import pytest

from components.pusher.served import file_digests, newest_version, served_version_of


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export" / "variables").mkdir(parents=True)
    (tmp_path / "export" / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "export" / "variables" / "data").write_bytes(b"weights")
    return tmp_path / "export"


def test_newest_version_is_the_highest_number_with_a_folder(tmp_path: Path) -> None:
    assert newest_version(tmp_path / "absent") is None
    for name in ("9", "10", ".pushing-1", "notes"):
        (tmp_path / "serving" / name).mkdir(parents=True)
    (tmp_path / "serving" / "11.json").touch()
    assert newest_version(tmp_path / "serving") == 10


def test_only_the_newest_version_counts_as_served(export: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    shutil.copytree(export, serving / "1")
    assert served_version_of(export, serving) == 1
    shutil.copytree(export, serving / "2")
    (serving / "2" / "variables" / "data").write_bytes(b"others")
    assert served_version_of(export, serving) is None


@pytest.mark.parametrize("fault", ["missing", "changed", "added"])
def test_version_that_differs_in_one_file_is_another(fault: str, export: Path, tmp_path: Path) -> None:
    version = tmp_path / "serving" / "1"
    shutil.copytree(export, version)
    if fault == "missing":
        (version / "variables" / "data").unlink()
    else:
        (version / "variables" / ("data" if fault == "changed" else "more")).write_bytes(b"weightz")
    assert served_version_of(export, tmp_path / "serving") is None


def test_digests_name_files_by_their_path_within(export: Path) -> None:
    assert sorted(file_digests(export)) == ["saved_model.pb", "variables/data"]
