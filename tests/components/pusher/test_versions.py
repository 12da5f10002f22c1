import shutil
from pathlib import Path

import pytest

from components.pusher.pin import pin
from components.pusher.rollback import roll_back
from components.pusher.versions import CONFIG_FILE, State, named_version, pinned_version, read_record, served, versions
from pipeline.errors import ConfigError


def states(serving: Path) -> dict[int, str]:
    return {version.number: version.state.value for version in versions(serving)}


def test_absent_folder_has_no_versions(tmp_path: Path) -> None:
    assert versions(tmp_path / "absent") == []
    assert served([]) is None


def test_highest_number_is_served_and_lower_ones_are_kept(pushed, serving: Path) -> None:
    first, second = pushed("a"), pushed("b")
    assert states(serving) == {first: "kept", second: "served"}


def test_every_state_is_told_by_names_alone(pushed, serving: Path) -> None:
    gone, kept, bad = pushed("a"), pushed("b"), pushed("c")
    shutil.rmtree(serving / str(gone))
    roll_back(serving)
    pin(serving, kept)
    later = pushed("d")
    assert states(serving) == {gone: "removed", kept: "served", bad: "withdrawn", later: "waiting"}
    assert [version.number for version in versions(serving) if version.pinned] == [kept]


def test_other_names_are_no_versions(pushed, serving: Path) -> None:
    number = pushed("a")
    for name in (".pushing-1234", "notes", ".withdrawn-x", "12.txt"):
        (serving / name).mkdir()
    (serving / "77").touch()  # a file
    (serving / "78.json").mkdir()
    assert states(serving) == {number: "served"}


def test_number_with_leading_zeros_is_the_number_that_tf_serving_reads(serving: Path) -> None:
    (serving / "00000123").mkdir(parents=True)
    (version,) = versions(serving)
    assert (version.number, version.folder) == (123, serving / "00000123")


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_unreadable_manifest_is_no_manifest(content: str, pushed, serving: Path) -> None:
    number = pushed("a")
    (serving / f"{number}.json").write_text(content)
    assert read_record(serving / f"{number}.json") == {}
    (version,) = versions(serving)
    assert (version.model_digest, version.files) == ("", {})


def test_pin_of_a_deleted_version_is_no_pin(pushed, serving: Path) -> None:
    number = pushed("a")
    pin(serving, number)
    assert pinned_version(serving) == number
    shutil.rmtree(serving / str(number))
    assert pinned_version(serving) is None
    again = pushed("b")
    assert states(serving)[again] == "served"


def test_withdrawal_is_known_after_the_files_are_gone(pushed, serving: Path) -> None:
    first, second = pushed("a"), pushed("b")
    roll_back(serving)
    shutil.rmtree(serving / f".withdrawn-{second}")
    version = versions(serving)[-1]
    assert (version.state, version.folder, version.withdrawn["served_instead"]) == (State.WITHDRAWN, None, first)


def test_object_stores_folder_serves_what_its_config_names(pushed, serving: Path) -> None:
    first, second = pushed("a"), pushed("b")
    (serving / CONFIG_FILE).write_text(f"versions: {first}\n")
    assert (named_version(serving), states(serving)) == (first, {first: "served", second: "kept"})
    with pytest.raises(ConfigError, match="this is an object store, where folders can't be renamed"):
        roll_back(serving)
    with pytest.raises(ConfigError, match="this is an object store"):
        pin(serving, first)
