import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import root
from pipeline.errors import ConfigError
from pipeline.judged_data import JudgedData, last_judged
from pipeline.root import Root

JudgedRoot = Callable[[JudgedData, bool], Root]
Measured = Callable[..., JudgedData]


def test_last_judged_data_are_found_by_verdict(measured: Measured, judged_root: JudgedRoot) -> None:
    verdicts = {30: True, 31: True, 32: False, 33: False, 34: True}
    for count, accepted in verdicts.items():
        state = judged_root(measured(count), accepted)
    found = {verdict: last_judged(state, accepted=verdict) for verdict in (None, True, False)}
    assert {verdict: data.examples for verdict, data in found.items()} == {None: 34, True: 34, False: 33}
    assert found[True] == measured(34)


def test_split_without_examples_is_left_out(measured: Measured, judged_root: JudgedRoot) -> None:
    assert list(last_judged(judged_root(measured(), True)).statistics) == ["train"]


def test_statistics_of_a_feature_are_those_of_every_split(measured: Measured) -> None:
    data = JudgedData("ab", {"train": measured(30).statistics["train"], "val": measured(10).statistics["train"]})
    assert [its.num_stats.common_stats.num_non_missing for its in data.of("width")] == [30, 10]
    assert data.of("glare") == []


def test_root_without_a_run_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run has judged data here yet"):
        last_judged(root.prepare(tmp_path / "root"))


def test_root_without_refused_data_is_a_message(measured: Measured, judged_root: JudgedRoot) -> None:
    with pytest.raises(ConfigError, match="holds no data that were refused"):
        last_judged(judged_root(measured(), True), accepted=False)


def test_statistics_that_are_gone_are_a_message(measured: Measured, judged_root: JudgedRoot) -> None:
    state = judged_root(measured(), True)
    shutil.rmtree(state.artifacts)
    with pytest.raises(ConfigError, match="the statistics of the data last accepted are gone"):
        last_judged(state, accepted=True)
