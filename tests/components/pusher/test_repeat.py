import shutil
from pathlib import Path

import pytest

from components.pusher.repeat import ModelRefusedError, blessed_files, provenance_of, version_to_repeat
from components.pusher.rollback import roll_back
from pipeline.errors import ConfigError


def test_own_files_are_taken_where_they_are_whole(pushed, serving: Path) -> None:
    pushed("a")
    second = pushed("b")
    roll_back(serving)
    assert blessed_files(version_to_repeat(serving, second), iter(())) == serving / f".withdrawn-{second}"


def test_files_that_are_gone_come_from_a_runs_export_of_the_same_bytes(pushed, serving: Path, tmp_path: Path) -> None:
    number = pushed("a")
    pushed("b")
    shutil.rmtree(serving / str(number))
    exports = sorted((tmp_path / "exports").iterdir(), reverse=True)
    assert blessed_files(version_to_repeat(serving, number), iter(exports)) == tmp_path / "exports" / "a"
    (tmp_path / "exports" / "a" / "saved_model.pb").write_text("another graph")
    with pytest.raises(ConfigError, match=f"the files of version {number} are gone or damaged"):
        blessed_files(version_to_repeat(serving, number), iter(exports))


@pytest.mark.parametrize(
    ("blessings", "missing"),
    [
        ({"ClinicalGate": "accepted", "InfraValidator": "infra_refused"}, "InfraValidator"),
        ({}, "ClinicalGate and InfraValidator"),
    ],
)
def test_model_without_both_blessings_is_refused(blessings: dict[str, str], missing: str, pushed, serving: Path) -> None:
    number = pushed("a", blessings=blessings)
    with pytest.raises(ModelRefusedError, match=f"version {number} was not blessed by {missing}; nothing was pushed") as raised:
        version_to_repeat(serving, number)
    assert raised.value.exit_code == 4


def test_version_without_a_manifest_is_unknown(pushed, serving: Path) -> None:
    number = pushed("a")
    (serving / f"{number}.json").unlink()
    for absent in (number, 7):
        with pytest.raises(ConfigError, match=f"version {absent} has no manifest here"):
            version_to_repeat(serving, absent)


def test_second_push_stands_on_what_the_first_did_and_names_it(pushed, serving: Path) -> None:
    number = pushed("a", data_digest="d1", metrics={"auc": 0.9})
    known = provenance_of(version_to_repeat(serving, number), elsewhere=False)
    assert (known.run_id, known.data_digest, known.metrics, known.repeats) == ("run-1", "d1", {"auc": 0.9}, number)
    third = pushed("a", repeats=number)
    assert provenance_of(version_to_repeat(serving, third), elsewhere=False).repeats == number
    assert provenance_of(version_to_repeat(serving, number), elsewhere=True).repeats is None
