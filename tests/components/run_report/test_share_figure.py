import pytest

from components.run_report.share_figure import OTHERS, SHOWN, draw_shares, shares_by_split


def test_shares_of_a_split_sum_to_one_and_frequent_values_come_first() -> None:
    values, shares = shares_by_split({"train": {"north": 1, "south": 3}, "test": {"south": 2}})
    assert values == ["south", "north"]
    assert shares == {"train": [0.75, 0.25], "test": [1.0, 0.0]}


def test_rare_values_are_one_bar() -> None:
    counts = {"train": {f"site {number}": 10 - number for number in range(SHOWN + 2)}}
    values, shares = shares_by_split(counts)
    assert (len(values), values[-1]) == (SHOWN + 1, OTHERS)
    assert sum(shares["train"]) == pytest.approx(1)
    assert shares["train"][-1] == pytest.approx((4 + 3) / 52)


def test_figure_tells_column_values_and_splits_and_its_bytes_are_reproducible() -> None:
    counts = {"train": {"<north>": 3}, "val": {"<north>": 1}, "test": {"south $x$": 2}}
    drawn = draw_shares("shares-0", "site", counts)
    assert 'aria-label="site, shares in train, val, test: &lt;north&gt;, south $x$"' in drawn
    assert all(f">{split}</text>" in drawn for split in counts)
    assert "<north>" not in drawn
    assert drawn == draw_shares("shares-0", "site", counts)


def test_long_name_is_cut_in_the_figure() -> None:
    drawn = draw_shares("shares-0", "site", {"train": {"hospital " * 9: 1}})
    assert ">hospital hospital hospi\N{HORIZONTAL ELLIPSIS}</text>" in drawn
