import shutil
from pathlib import Path

import pytest

from components.pusher.manifest import Provenance
from components.pusher.push import push
from components.pusher.served import file_digests, is_whole, newest_version, served_version_of


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


@pytest.mark.parametrize("fault", ["", "missing file", "changed file", "no manifest", "no folder"])
def test_only_a_version_as_its_manifest_says_is_whole(fault: str, export: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving" / "demo"
    version = push(export, serving, provenance=Provenance("run", 1, {}), check=lambda _: None)
    if fault == "missing file":
        (serving / str(version) / "variables" / "data").unlink()
    elif fault == "changed file":
        (serving / str(version) / "variables" / "data").write_bytes(b"weightz")
    elif fault == "no manifest":
        (serving / f"{version}.json").unlink()
    elif fault == "no folder":
        shutil.rmtree(serving / str(version))
    assert is_whole(serving, version) == (fault == "")
