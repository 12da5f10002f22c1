import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen.row_number import ROWS_PER_SPAN, row_name, row_number, rows_in_words, span_and_row
from pipeline.errors import ConfigError

SPANS = st.none() | st.integers(0, 99_999_999)
ROWS = st.integers(1, ROWS_PER_SPAN - 1)


@given(span=SPANS, row=ROWS)
def test_number_holds_span_and_row(span: int | None, row: int) -> None:
    number = row_number(span, row)
    assert span_and_row(number) == (span, row)
    assert int(float(number)) == number  # JSON readers may have floats alone


@given(first=st.tuples(st.integers(0, 99_999_999), ROWS), second=st.tuples(st.integers(0, 99_999_999), ROWS))
def test_numbers_sort_by_span_then_row(first: tuple[int, int], second: tuple[int, int]) -> None:
    assert (row_number(*first) < row_number(*second)) == (first < second)


def test_names_tell_the_span_where_there_is_one() -> None:
    assert [row_name(row_number(span, 17)) for span in (None, 0, 12)] == ["row 17", "span 0, row 17", "span 12, row 17"]
    assert rows_in_words([3, 7]) == "3, 7"
    assert rows_in_words([row_number(1, 3), row_number(2, 7)]) == "span 1, row 3; span 2, row 7"


def test_manifest_with_too_many_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match="span 3: its manifest has 10,000,000 rows or more; expected fewer"):
        row_number(3, ROWS_PER_SPAN)
    with pytest.raises(ConfigError, match=r"data\.manifest: its manifest has 10,000,000 rows or more; .* Divide it into spans"):
        row_number(None, ROWS_PER_SPAN)
