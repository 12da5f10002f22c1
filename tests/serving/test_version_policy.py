from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.version_policy import Snapshot, State, Step, VersionPolicy, is_version, next_step, versions_in, wanted

FOUND = {number: Path(str(number)) for number in (1, 2, 10)}


@pytest.mark.parametrize("name", ["1", "00000123", "9223372036854775807"])
def test_numbers_are_versions(name):
    assert is_version(name)


@pytest.mark.parametrize("name", ["", "v1", ".1", "-1", "1.0", "1_0", "²", "٣", "9223372036854775808", "9" * 5000])
def test_other_names_are_no_versions(name):
    assert not is_version(name)


def test_folders_with_numbers_are_found_and_files_are_not(tmp_path):
    for name in ("00000123", "7", "latest", ".8"):
        (tmp_path / name).mkdir()
    (tmp_path / "9").touch()
    assert versions_in(tmp_path) == {123: tmp_path / "00000123", 7: tmp_path / "7"}


def test_missing_base_path_is_not_the_same_as_an_empty_one(tmp_path):
    assert versions_in(tmp_path / "gone") is None
    assert versions_in(tmp_path) == {}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (VersionPolicy(), {10}),
        (VersionPolicy(latest=2), {2, 10}),
        (VersionPolicy(latest=9), {1, 2, 10}),
        (VersionPolicy("all"), {1, 2, 10}),
        (VersionPolicy("specific", versions=frozenset({1, 3})), {1}),
    ],
)
def test_policy_chooses_versions(policy, expected):
    assert set(wanted(FOUND, policy)) == expected


def test_new_version_is_loaded_before_the_old_one_goes():
    old = Snapshot(1, State.AVAILABLE, is_wanted=False)
    assert next_step([old, Snapshot(2, State.START, is_wanted=True)]) == Step(loads=True, number=2)
    assert next_step([old, Snapshot(2, State.LOADING, is_wanted=True)]) is None
    assert next_step([old, Snapshot(2, State.END, is_wanted=True)]) is None
    assert next_step([old, Snapshot(2, State.AVAILABLE, is_wanted=True)]) == Step(loads=False, number=1)


def test_of_two_new_versions_the_higher_comes_first():
    assert next_step([Snapshot(number, State.START, is_wanted=True) for number in (3, 5, 4)]) == Step(loads=True, number=5)


def test_all_go_when_none_is_wanted():
    versions = [Snapshot(number, State.AVAILABLE, is_wanted=False) for number in (2, 1)]
    assert next_step(versions) == Step(loads=False, number=1)


snapshots = st.lists(
    st.builds(Snapshot, st.integers(1, 5), st.sampled_from(State), st.booleans()), unique_by=lambda one: one.number
)


@settings(deadline=None)
@given(snapshots)
def test_a_step_never_takes_the_last_available_version_while_one_is_wanted(versions):
    step = next_step(versions)
    available = {version.number for version in versions if version.state is State.AVAILABLE}
    if step and not step.loads and any(version.is_wanted for version in versions):
        assert available - {step.number}
