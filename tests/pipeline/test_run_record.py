import os
import time
from pathlib import Path

import pytest

from pipeline import root
from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.run_record import OPEN_DAYS, Failure, open_runs, record_of
from pipeline.verdict import Verdict


@pytest.fixture
def state(tmp_path: Path) -> Root:
    return root.prepare(tmp_path / "root")


@pytest.mark.parametrize("run_id", ["", "../other", "a/b", ".hidden", "x" * 81])
def test_run_id_that_could_be_another_folder_is_refused(state: Root, run_id: str) -> None:
    with pytest.raises(ConfigError, match=r"--run-id .*expected letters"):
        record_of(state, run_id)


def test_run_goes_on_with_its_own_configuration_alone(state: Root) -> None:
    record_of(state, "run-1").begin("a")
    record_of(state, "run-1").begin("a")
    with pytest.raises(ConfigError, match="run run-1 was begun with another configuration"):
        record_of(state, "run-1").begin("b")


def test_failure_is_kept_until_the_node_succeeds(state: Root) -> None:
    record = record_of(state, "run-1")
    record.begin("a")
    assert record.failure("Trainer") is None
    failure = Failure(Verdict.DATA_REFUSED, "two labels in row 17")
    record.note_failure("Trainer", failure)
    assert record.failure("Trainer") == failure
    record.forget_failure("Trainer")
    assert record.failure("Trainer") is None


def test_graph_is_read_as_it_was_kept(state: Root) -> None:
    record = record_of(state, "run-1")
    record.begin("a")
    assert record.graph is None
    record.keep_graph(b"\0graph")
    assert record_of(state, "run-1").graph == b"\0graph"


def test_run_is_open_until_its_report_or_until_it_was_given_up(state: Root) -> None:
    for run_id in ("run-1", "run-2", "run-3"):
        record_of(state, run_id).begin("a")
    record_of(state, "run-1").close()
    long_ago = time.time() - (OPEN_DAYS + 1) * 24 * 3600
    os.utime(state.runs / "run-2" / "open", (long_ago, long_ago))
    assert open_runs(state) == ["run-3"]
