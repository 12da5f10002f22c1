from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen import sorted_lines
from components.image_example_gen.sorted_lines import SortedLines

LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=3), max_size=40)


def sort(folder: Path, lines: list[str], at_once: int) -> list[str]:
    taken = SortedLines(folder, at_once)
    for line in lines:
        taken.add(line)
    return [line.removesuffix("\n") for line in taken]


@given(lines=LINES, at_once=st.integers(1, 50))
def test_lines_come_in_order_whatever_fits_into_memory(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], at_once: int
) -> None:
    assert sort(tmp_path_factory.getbasetemp(), lines, at_once) == sorted(lines)


def test_many_runs_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_lines, "MOST_RUNS", 3)
    lines = [f"{number * 7 % 50:02d}" for number in range(50)]
    assert sort(tmp_path, lines, 2) == sorted(lines)


def test_runs_have_no_name(tmp_path: Path) -> None:
    taken = SortedLines(tmp_path, 2)
    for line in "edcba":
        taken.add(line)
    assert not list(tmp_path.iterdir())
    assert list(taken) == ["a\n", "b\n", "c\n", "d\n", "e\n"]
    assert not list(taken)


def test_lines_that_are_not_read_to_the_end_leave_no_file_open(tmp_path: Path) -> None:
    taken = SortedLines(tmp_path, 1)
    taken.add("b")
    taken.add("a")
    lines = iter(taken)
    assert next(lines) == "a\n"
    lines.close()  # type: ignore[attr-defined]
