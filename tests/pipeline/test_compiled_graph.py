from pathlib import Path

import pytest

from pipeline import config_file, graph, root
from pipeline.compiled_graph import compiled_graph
from pipeline.config import Config
from pipeline.node_ids import NODES, REPORT
from pipeline.node_launch import CompiledRun
from pipeline.root import Root

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Root:
    return root.prepare(tmp_path_factory.mktemp("graph") / "root")


def parsed(text: str = "") -> Config:
    return config_file.parse(SMALL + text, name="text", folder=Path("/data"))


def compiled(config: Config, state: Root, manifest: str = "a" * 64) -> CompiledRun:
    inputs = graph.Inputs(manifest_sha256=manifest, parts=(), key_file=None, key_id="", schema_file=Path("schema.pbtxt"))
    return CompiledRun(compiled_graph(config, state, inputs), connection=None)  # type: ignore[arg-type] # nothing is launched


@pytest.fixture(scope="module")
def usual(state: Root) -> CompiledRun:
    return compiled(parsed(), state)


def test_nodes_are_in_the_order_of_launch_and_the_report_alone_is_never_cached(usual: CompiledRun) -> None:
    assert tuple(usual.node_ids) == NODES
    assert [node for node in NODES if not usual.node(node).execution_options.caching_options.enable_cache] == [REPORT]


def test_every_node_with_code_of_ours_carries_its_digest(usual: CompiledRun) -> None:
    digests = {node: usual.parameter(node, "code_digest") for node in graph.CODE}
    assert all(len(digest) == 64 for digest in digests.values())


@pytest.mark.parametrize(
    "section",
    [
        "beam: {runner: multi_process}",
        "kubeflow: {image: 'other:1', volumes: [{claim: medtfx, path: /mnt}]}",
        "metadata: {kind: mysql, host: db, database: medtfx, user: medtfx}",
    ],
)
def test_infrastructure_is_no_part_of_the_graph(usual: CompiledRun, state: Root, section: str) -> None:
    assert compiled(parsed(section), state).digest == usual.digest


def test_what_is_learned_and_from_what_is(usual: CompiledRun, state: Root) -> None:
    others = [compiled(parsed("training: {steps: 7}"), state), compiled(parsed(), state, manifest="b" * 64)]
    assert len({run.digest for run in (usual, *others)}) == 3
    assert {run.node_digest("ImageExampleGen") == usual.node_digest("ImageExampleGen") for run in others} == {True, False}
