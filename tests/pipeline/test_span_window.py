import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.span_window import Window, chosen, told_gap

FOUND = st.sets(st.integers(0, 60), min_size=1)
LAST = st.none() | st.integers(1, 80)


@given(found=FOUND, last=LAST, data=st.data())
def test_window_is_the_last_spans_up_to_the_newest_wanted(found: set[int], last: int | None, data: st.DataObject) -> None:
    newest = data.draw(st.none() | st.sampled_from(sorted(found)))
    spans = chosen(found, last=last, newest=newest).spans
    within = {span for span in found if newest is None or span <= newest}
    assert list(spans) == sorted(set(spans))
    assert set(spans) <= within
    assert spans[-1] == max(within)
    assert len(spans) == (len(within) if last is None else min(last, len(within)))
    assert all(span < spans[0] for span in within - set(spans))


@given(found=FOUND, last=LAST, added=st.integers(1, 5))
def test_a_new_span_moves_the_window_on_by_one_at_most(found: set[int], last: int | None, added: int) -> None:
    before = chosen(found, last=last, newest=None).spans
    after = chosen({*found, max(found) + added}, last=last, newest=None).spans
    assert after[:-1] == before[len(before) - len(after) + 1 :]
    assert chosen({*found, max(found) + added}, last=last, newest=max(found)).spans == before  # pinned: as on that day


@given(found=FOUND)
def test_missing_numbers_are_those_between_first_and_last(found: set[int]) -> None:
    window = chosen(found, last=None, newest=None)
    missing = sorted(set(range(min(found), max(found))) - found)
    assert list(window.missing) == missing[:6]
    assert bool(told_gap(window)) == bool(missing)


def test_gap_is_told_by_number() -> None:
    assert told_gap(Window((3, 6))) == "note: no span 4, 5 between 3 and 6"
    assert told_gap(Window((3, 99))) == "note: no span 4, 5, 6, 7, 8 and more between 3 and 99"


def test_gap_of_millions_costs_nothing() -> None:
    assert Window((1, 20_261_126)).missing == (2, 3, 4, 5, 6, 7)


def test_words_name_first_last_and_number() -> None:
    assert str(Window((4,))) == "span 4"
    assert str(Window((3, 4, 7))) == "spans 3 to 7 (3 spans)"


def test_no_span_is_told() -> None:
    with pytest.raises(ConfigError, match=r"data\.manifest: no span is there yet; expected a folder or file named by a number"):
        chosen((), last=2, newest=None)


def test_span_that_is_not_there_can_not_end_the_window() -> None:
    with pytest.raises(ConfigError, match=r"data.span: 5: no such span; there are spans 1 to 7 \(2 spans\)"):
        chosen({1, 7}, last=None, newest=5)
