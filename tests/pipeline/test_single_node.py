"""Nodes of real runs on thirty generated patients, launched here one by one; the tests go on in order."""

import io
from pathlib import Path

import pytest

from pipeline import config_file, root
from pipeline.config import Config
from pipeline.display import PlainDisplay
from pipeline.errors import ConfigError, MedtfxError
from pipeline.node_ids import INGEST, REPORT, TRAINER
from pipeline.root import Root
from pipeline.run_record import Failure, RunRecord, record_of
from pipeline.run_verdict import NodeFailedError
from pipeline.single_node import SingleNode
from pipeline.verdict import Verdict

SMALL = """
name: small
data: {manifest: data/manifest.csv, source: {kind: demo, patients: 30}, classes: [normal, nodule, effusion]}
image: {size: 16, channels: 1}
evaluation: {thresholds: [{metric: auc, at_least: 0.9}]}
gate: {rules: []}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return config_file.parse(SMALL, name="text", folder=tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Root:
    return root.prepare(tmp_path_factory.mktemp("single_node") / "root")


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def record(state: Root) -> RunRecord:
    return record_of(state, "7f3a")


@pytest.fixture
def single(config: Config, state: Root, record: RunRecord, said: io.StringIO) -> SingleNode:
    return SingleNode(config, state, record, PlainDisplay(said))


def test_node_before_the_first_is_refused_and_its_reason_kept(single: SingleNode, record: RunRecord) -> None:
    with pytest.raises(MedtfxError, match="ImageExampleGen of run 7f3a has not begun below this root; it comes first"):
        single.run(TRAINER)
    assert record.graph is None
    assert record.failure(TRAINER) == Failure(
        Verdict.FAILED, "Trainer: ImageExampleGen of run 7f3a has not begun below this root; it comes first"
    )


def test_first_node_keeps_the_graph_and_goes_on(single: SingleNode, record: RunRecord, said: io.StringIO) -> None:
    record.note_failure(INGEST, Failure(Verdict.FAILED, "an earlier try"))
    assert single.run(INGEST) is None
    assert record.graph
    assert record.failure(INGEST) is None
    assert f"{INGEST:<18} done" in said.getvalue()


def test_run_goes_on_with_the_graph_that_it_has_whatever_became_of_the_data(
    single: SingleNode, config: Config, record: RunRecord
) -> None:
    graph, manifest = record.graph, config.data.manifest
    manifest.rename(manifest.with_suffix(".gone"))
    try:
        assert single.run("EarlierData") is None
    finally:
        manifest.with_suffix(".gone").rename(manifest)
    assert record.graph == graph


def test_node_whose_inputs_are_missing_names_the_nodes_to_run(single: SingleNode) -> None:
    with pytest.raises(NodeFailedError, match=r"Evaluator: .*Trainer of run 7f3a left no outputs yet; run that first"):
        single.run("Evaluator")


def test_second_run_takes_the_first_ones_examples(config: Config, state: Root, said: io.StringIO) -> None:
    assert SingleNode(config, state, record_of(state, "8b4c"), PlainDisplay(said)).run(INGEST) is None
    assert f"{INGEST:<18} cached" in said.getvalue()
    assert len(list(state.artifacts.glob("ImageExampleGen/examples/*"))) == 1


@pytest.mark.parametrize("node", [INGEST, REPORT])
def test_node_of_another_configuration_is_refused_and_leaves_no_trace_in_the_run(
    single: SingleNode, config: Config, node: str
) -> None:
    training = config.training.model_copy(update={"steps": 7})
    other = SingleNode(config.model_copy(update={"training": training}), single.state, single.record, single.display)
    with pytest.raises(ConfigError, match="run 7f3a was begun with another configuration"):
        other.report() if node == REPORT else other.run(node)
    assert single.record.failure(node) is None


def test_outcome_and_report_tell_the_same_of_a_run_that_is_not_over(single: SingleNode, state: Root) -> None:
    before = single.outcome()
    assert (before.verdict, before.report) == (Verdict.FAILED, None)
    assert before.failure.startswith("Trainer: ")  # the try before the first node
    reported = single.report()
    after = single.outcome()
    assert (reported.verdict, reported.failure) == (before.verdict, before.failure) == (after.verdict, after.failure)
    assert after.report == state.reports / "7f3a.html"
    assert reported.outcomes[REPORT].done


def test_report_of_a_run_that_never_read_its_data(config: Config, state: Root, said: io.StringIO) -> None:
    nothing = SingleNode(config, state, record_of(state, "none"), PlainDisplay(said))
    assert nothing.report().failure == f"{INGEST} has not run"
    assert (state.reports / "none.html").is_file()
    assert Path(state.runs / "none" / "open").exists()
