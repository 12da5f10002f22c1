import shutil
from pathlib import Path

import pytest

from components.pusher.manifest import Provenance
from components.pusher.pin import pin
from components.pusher.push import push
from components.pusher.rollback import roll_back
from components.pusher.served import file_digests, is_whole, standing
from components.pusher.versions import State, Version, versions

PROVENANCE = Provenance("run", 1, {})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export" / "variables").mkdir(parents=True)
    (tmp_path / "export" / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "export" / "variables" / "data").write_bytes(b"weights")
    return tmp_path / "export"


@pytest.fixture
def other(export: Path, tmp_path: Path) -> Path:
    shutil.copytree(export, tmp_path / "other")
    (tmp_path / "other" / "saved_model.pb").write_bytes(b"another graph")
    return tmp_path / "other"


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "demo"


def pushed(export: Path, serving: Path) -> int:
    return push(export, serving, provenance=PROVENANCE, check=lambda _: None)


def only(serving: Path) -> Version:
    (version,) = versions(serving)
    return version


def test_digests_name_files_by_their_path_within(export: Path) -> None:
    assert sorted(file_digests(export)) == ["saved_model.pb", "variables/data"]


@pytest.mark.parametrize("fault", ["", "missing file", "changed file", "added file", "no manifest", "no folder"])
def test_only_a_version_as_its_manifest_says_is_whole(fault: str, export: Path, serving: Path) -> None:
    number = pushed(export, serving)
    if fault == "missing file":
        (serving / str(number) / "variables" / "data").unlink()
    elif fault in ("changed file", "added file"):
        (serving / str(number) / "variables" / ("data" if fault == "changed file" else "more")).write_bytes(b"weightz")
    elif fault == "no manifest":
        (serving / f"{number}.json").unlink()
    elif fault == "no folder":
        shutil.rmtree(serving / str(number))
    assert is_whole(only(serving)) == (fault == "")
    assert (standing(export, serving) is not None) == (fault == "")


def test_export_that_was_never_pushed_has_no_standing(export: Path, other: Path, serving: Path) -> None:
    assert standing(export, serving) is None
    pushed(other, serving)
    assert standing(export, serving) is None


def test_served_version_speaks_for_an_export_before_newer_ones_that_were_taken_back(export: Path, serving: Path) -> None:
    first = pushed(export, serving)
    pushed(export, serving)
    assert roll_back(serving).serves == first
    found = standing(export, serving)
    assert found is not None
    assert (found.number, found.state) == (first, State.SERVED)


def test_export_that_was_taken_back_says_so_even_without_its_files(export: Path, other: Path, serving: Path) -> None:
    pushed(other, serving)
    number = pushed(export, serving)
    roll_back(serving)
    shutil.rmtree(serving / f".withdrawn-{number}")
    found = standing(export, serving)
    assert found is not None
    assert (found.number, found.state) == (number, State.WITHDRAWN)


def test_export_that_waits_stands_as_waiting(export: Path, other: Path, serving: Path) -> None:
    pin(serving, pushed(other, serving))
    number = pushed(export, serving)
    found = standing(export, serving)
    assert found is not None
    assert (found.number, found.state) == (number, State.WAITING)


def test_older_push_of_an_export_is_kept_below_the_served_one(export: Path, other: Path, serving: Path) -> None:
    pushed(export, serving)
    pushed(other, serving)
    found = standing(export, serving)
    assert found is not None
    assert found.state is State.KEPT
