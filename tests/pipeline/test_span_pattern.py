from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.span_pattern import SpanPattern, check, filled, folder_of, is_pattern


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path, pattern: str = "{SPAN}/manifest.csv") -> dict[int, str]:
    return dict(SpanPattern(folder / pattern, "data.manifest").found())


def test_folders_named_by_numbers_are_spans_in_their_order(tmp_path: Path) -> None:
    make(tmp_path, "10/manifest.csv", "9/manifest.csv", "0/manifest.csv")
    (tmp_path / "11").mkdir()  # that it lacks a manifest is told when it is in the window
    assert list(found(tmp_path).items()) == [(0, "0"), (9, "9"), (10, "10"), (11, "11")]


def test_what_is_no_span_and_holds_no_manifest_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "1/manifest.csv", "pseudonym.key", "tmp/notes.txt", ".hidden/manifest.csv", "7")
    assert found(tmp_path) == {1: "1"}


def test_place_may_have_words_around_it_and_a_width(tmp_path: Path) -> None:
    make(tmp_path, "day-007-ct/m.csv", "day-012-ct/m.csv", "other/m.csv", "m-3.csv", "m-04.csv")
    assert found(tmp_path, "day-{SPAN:3}-ct/m.csv") == {7: "007", 12: "012"}
    assert found(tmp_path, "m-{SPAN}.csv") == {3: "3", 4: "04"}
    assert filled(tmp_path / "day-{SPAN:3}-ct/m.csv", "007") == tmp_path / "day-007-ct/m.csv"


def test_no_folder_yet_holds_no_span(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == {}


def test_folder_that_can_not_be_listed_is_told(tmp_path: Path) -> None:
    make(tmp_path, "file")
    with pytest.raises(ConfigError, match=r"data\.manifest: .*/file: Not a directory"):
        found(tmp_path / "file")


def test_span_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "1/manifest.csv", "01/manifest.csv")
    with pytest.raises(ConfigError, match=r"data\.manifest: span 1 is there twice, as 01 and 1\. Keep one"):
        found(tmp_path)


@pytest.mark.parametrize("name", ["Doe_Jane", "1b", "-3", "1.5", "123456789", "\u0661"])
def test_manifest_in_a_folder_that_is_no_number_is_refused_without_its_name(tmp_path: Path, name: str) -> None:
    make(tmp_path, "1/manifest.csv", f"{name}/manifest.csv")
    with pytest.raises(ConfigError, match=r"1 of the names there are no span's number; expected one to 8 digits") as raised:
        found(tmp_path)
    assert name not in str(raised.value).replace(str(tmp_path), "").replace("1 of", "")


def test_wrong_width_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "007/m.csv", "12/m.csv")
    with pytest.raises(ConfigError, match=r"expected 3 digits in the place of \{SPAN\}"):
        found(tmp_path, "{SPAN:3}/m.csv")


def test_folder_of_all_spans_is_above_the_place() -> None:
    assert folder_of(Path("/data/in/{SPAN}/a/m.csv")) == Path("/data/in")
    assert folder_of(Path("/data/in/m-{SPAN}.csv")) == Path("/data/in")
    assert folder_of(Path("/data/in/m.csv")) == Path("/data/in")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("in/{YYYY}-{MM}-{DD}/m.csv", "the day of a delivery tells when a patient was seen; expected {SPAN}"),
        ("in/{span}/m.csv", "{span} stands for nothing; expected {SPAN}"),
        ("in/{SPAN}/{VERSION}/m.csv", "{VERSION} stands for nothing"),
        ("in/{SPAN:0}/m.csv", "{SPAN:0} stands for nothing"),
        ("in/{SPAN}/m-{SPAN}.csv", "names {SPAN} 2 times; expected once"),
    ],
)
def test_braces_that_stand_for_no_span_are_refused(path: str, words: str) -> None:
    with pytest.raises(ValueError, match="expected") as raised:
        check(Path(path))
    assert words in str(raised.value)


def test_one_place_and_none_are_let_pass() -> None:
    for path in ("in/{SPAN}/m.csv", "in/{SPAN:8}/m.csv", "in/m.csv", "in/{3F25-04E0}/m.csv"):
        check(Path(path))
    assert is_pattern(Path("in/{SPAN:2}/m.csv"))
    assert not is_pattern(Path("in/m.csv"))
