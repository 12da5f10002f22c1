"""The nodes of a run, each a process of its own, against a real MariaDB; one root, on which the tests go on in order."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.checkpoint import STATE_FILE
from pipeline.node_ids import NODES

pytestmark = pytest.mark.e2e


@dataclass
class Cluster:
    """A root, a configuration and a way to start nodes below it."""

    config: str
    root: Path
    out: Path
    begin: Callable[..., Any]

    def start(self, node: str, run_id: str, *more: str | Path) -> Any:
        """Start a node; it goes on while the test does."""
        words = ("--config-text", self.config, "--run-id", run_id, "--root", self.root)
        return self.begin("node", "--node", node, *words, *more)

    def training(self) -> dict[str, Any]:
        """Return what the last training wrote of itself."""
        (file,) = self.root.glob("artifacts/Trainer/model_run/*/history.json")
        return dict(json.loads(file.read_text()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, mariadb: Any, demo_config: Path) -> tuple[str, Path]:
    tree = yaml.safe_load(demo_config.read_text())
    address = {"host": "127.0.0.1", "port": mariadb.port, "database": mariadb.database("nodes"), "user": "nodes"}
    tree["metadata"] = {"kind": "mysql", **address}
    return yaml.safe_dump(tree), tmp_path_factory.mktemp("cluster")


@pytest.fixture
def cluster(place: tuple[str, Path], start: Callable[..., Any]) -> Iterator[Cluster]:
    config, folder = place
    yield Cluster(config, folder / "root", folder, start)


def finish_all(*started: Any) -> None:
    for one in started:
        done = one.finish()
        assert done.code == 0, done.stderr


def test_node_before_the_first_and_an_unknown_one_are_told(cluster: Cluster) -> None:
    early = cluster.start("Trainer", "a").finish()
    assert early.code == 1
    assert "ImageExampleGen of run a has not begun below this root; it comes first" in early.stderr
    unknown = cluster.start("Trainr", "a").finish()
    assert unknown.code == 2
    assert f"expected one of {', '.join(NODES)}" in unknown.stderr


def test_two_runs_at_once_prepare_the_same_data_once(cluster: Cluster) -> None:
    for node in NODES[: NODES.index("Trainer")]:
        finish_all(*(cluster.start(node, run_id) for run_id in "ab"))
    executions = [path for path in cluster.root.glob("artifacts/ImageExampleGen/examples/*") if any(path.iterdir())]
    assert len(executions) == 1


def test_node_without_its_inputs_names_what_is_missing(cluster: Cluster) -> None:
    early = cluster.start("Evaluator", "a").finish()
    assert early.code == 1
    assert "Baseline, Trainer of run a left no outputs yet" in early.stderr


def test_killed_training_continues_from_its_checkpoint_over_a_restart_of_the_server(cluster: Cluster, mariadb: Any) -> None:
    first = cluster.start("Trainer", "a")
    while not list(cluster.root.glob(f"work/train-*/{STATE_FILE}")) and not first.ended():
        time.sleep(0.02)
    assert first.end(signal.SIGKILL).code == -signal.SIGKILL
    again = cluster.start("Trainer", "a")
    time.sleep(1)
    mariadb.kill()
    time.sleep(0.5)
    mariadb.start()
    other = cluster.start("Trainer", "b")
    finish_all(again, other)
    assert cluster.training()["resumed_from_step"] > 0
