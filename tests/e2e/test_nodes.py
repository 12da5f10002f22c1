"""The nodes of a run, each a process of its own, against a real MariaDB; one root, on which the tests go on in order."""

import csv
import gzip
import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from models.checkpoint import STATE_FILE
from pipeline.node_ids import NODES

pytestmark = pytest.mark.e2e
# Twenty epochs, each of which leaves a checkpoint.
TRAINING = {"model": "article_cnn", "steps": 80, "steps_per_epoch": 4, "batch_size": 16, "early_stopping": 0}
STRICT = "gate.rules=[{measure: specificity, label: nodule, at_least: 0.999}]"


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
        return self.begin("node", "--node", node, *words, *more, warm_server=node == "InfraValidator")

    def outcome(self, run_id: str, *more: str) -> Any:
        """Ask what a run has come to."""
        words = ("--config-text", self.config, "--run-id", run_id, "--root", self.root)
        return self.begin("outcome", *words, "--json", *more, warm_server=False).finish()

    def training(self) -> dict[str, Any]:
        """Return what the last training wrote of itself."""
        (file,) = self.root.glob("artifacts/Trainer/model_run/*/history.json")
        return dict(json.loads(file.read_text()))

    @property
    def versions(self) -> list[str]:
        """What a server would take for versions."""
        return [path.name for path in self.root.glob("serving/demo/*") if path.is_dir() and path.name.isdigit()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, mariadb: Any, demo_config: Path) -> tuple[str, Path]:
    tree, folder = yaml.safe_load(demo_config.read_text()), tmp_path_factory.mktemp("cluster")
    address = {"host": "127.0.0.1", "port": mariadb.port, "database": mariadb.database("nodes"), "user": "nodes"}
    tree["metadata"] = {"kind": "mysql", **address}
    tree["data"] |= {"manifest": str(folder / "data" / "manifest.csv"), "source": {"kind": "demo", "patients": 60}}
    tree |= {"training": TRAINING, "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.0}]}, "gate": {"rules": []}}
    return yaml.safe_dump(tree), folder


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


def test_run_that_is_not_over_has_a_report_and_may_go_on(cluster: Cluster) -> None:
    finish_all(cluster.start("RunReport", "a"))
    told = cluster.outcome("a")
    assert (told.code, told.result["verdict"]) == (1, "failed")
    assert told.result["failure"].startswith("Trainer: ")  # its try before the first node
    assert told.result["report"]
    assert told.result["metrics"] == {}


def test_killed_report_is_cleared_away_by_the_next_one(cluster: Cluster) -> None:
    """The next one comes at the end, when more is known of the run: TFX takes it for another execution."""
    first = cluster.start("RunReport", "b")
    while len(reports := list(cluster.root.glob("artifacts/RunReport/report/*"))) < 2 and not first.ended():
        time.sleep(0.01)
    assert first.end(signal.SIGKILL).code == -signal.SIGKILL
    assert [path for path in reports if not (path / "summary.json").exists()]


def test_killed_training_continues_from_its_checkpoint_over_a_restart_of_the_server(cluster: Cluster, mariadb: Any) -> None:
    first = cluster.start("Trainer", "a")
    kept = next_checkpoint(cluster, first, None)
    assert first.end(signal.SIGKILL).code == -signal.SIGKILL
    again = cluster.start("Trainer", "a")
    next_checkpoint(cluster, again, kept)  # it trains
    mariadb.kill()
    time.sleep(0.5)
    assert not again.ended()
    mariadb.start()
    other = cluster.start("Trainer", "b")
    finish_all(again, other)
    assert cluster.training()["resumed_from_step"] > 0


def next_checkpoint(cluster: Cluster, training: Any, before: int | None) -> int | None:
    """Wait until a training has written another checkpoint than the one of a time, or ends; return the new one's time."""
    while (now := checkpoint_time(cluster)) in (None, before) and not training.ended():
        time.sleep(0.005)
    return now


def checkpoint_time(cluster: Cluster) -> int | None:
    """Return when the checkpoint was written last, in nanoseconds; None: there is none."""
    for file in cluster.root.glob(f"work/train-*/{STATE_FILE}"):
        with suppress(FileNotFoundError):
            return file.stat().st_mtime_ns
    return None


def test_same_data_are_pushed_once_by_two_runs(cluster: Cluster) -> None:
    finish_all(*(cluster.start("Baseline", run_id) for run_id in "ab"))
    finish_all(*(cluster.start(node, "a") for node in ("Evaluator", "Predictions", "Evaluator")))
    finish_all(*(cluster.start(node, "b") for node in ("Evaluator", "Predictions")))
    for node in ("ClinicalGate", "InfraValidator", "Pusher"):
        finish_all(*(cluster.start(node, run_id) for run_id in "ab"))
    assert len(cluster.versions) == 1


def test_report_and_outcome_tell_the_verdict(cluster: Cluster) -> None:
    page, figures = cluster.out / "made" / "page.html", cluster.out / "made" / "metrics.json"
    finish_all(cluster.start("RunReport", "a", "--report-to", page, "--metrics-to", figures), cluster.start("RunReport", "b"))
    told = [cluster.outcome(run_id) for run_id in "ab"]
    assert [done.code for done in told] == [0, 0]
    assert sorted(done.result["verdict"] for done in told) == ["pushed", "unchanged"]
    assert [done.result["version"] for done in told] == cluster.versions * 2
    # The report of the unfinished run has made room for this one.
    assert json.loads(figures.read_text())["test_auc"] == told[0].result["metrics"]["auc"]
    assert page.read_text() == (cluster.root / "reports" / "a.html").read_text()
    assert list((cluster.root / "work").iterdir()) == []
    assert all((path / "summary.json").exists() for path in cluster.root.glob("artifacts/RunReport/report/*"))


def test_finished_node_returns_at_once(cluster: Cluster) -> None:
    before = cluster.outcome("a").result["seconds"]
    finish_all(cluster.start("Trainer", "a"))
    assert cluster.outcome("a").result["seconds"] == before


def test_run_on_one_machine_takes_all_from_the_cache(cluster: Cluster, start: Callable[..., Any]) -> None:
    config = cluster.out / "run.yaml"
    config.write_text(cluster.config)
    done = start("run", config, "--root", cluster.root, "--json").finish()
    assert done.result["verdict"] == "unchanged", done.stderr
    resolvers = {"EarlierData", "Baseline"}
    assert set(NODES) - set(done.result["cached"]) == {"RunReport", *resolvers}


def test_refusal_stops_what_comes_after(cluster: Cluster) -> None:
    for node in NODES[: NODES.index("ClinicalGate")]:
        finish_all(cluster.start(node, "c", "--set", STRICT))
    verdict = cluster.out / "made" / "verdict"
    assert cluster.start("ClinicalGate", "c", "--set", STRICT).finish().code == 4
    finish_all(cluster.start("InfraValidator", "c", "--set", STRICT, "--verdict-to", verdict))
    assert verdict.read_text() in ("model_refused", "insufficient_evidence")
    finish_all(cluster.start("RunReport", "c", "--set", STRICT))
    told = cluster.outcome("c", "--set", STRICT)
    assert (told.code, told.result["verdict"]) == (4, verdict.read_text())
    assert told.result["reasons"]
    assert told.result["report"]


def test_report_of_a_run_whose_data_could_not_be_read(cluster: Cluster) -> None:
    absent = "data.schema_file=absent.pbtxt"
    failed = cluster.start("ImageExampleGen", "d", "--set", absent).finish()
    assert failed.code == 2
    finish_all(cluster.start("RunReport", "d", "--set", absent))
    told = cluster.outcome("d", "--set", absent)
    assert (told.code, told.result["verdict"]) == (1, "failed")
    assert "data.schema_file" in told.result["failure"]


def test_password_is_nowhere_below_the_root(cluster: Cluster, byte_search: ModuleType, tmp_path: Path) -> None:
    words = ["swordfish-in-no-log"]
    (tmp_path / "planted").write_bytes(gzip.compress(words[0].encode()))
    assert byte_search.found_in_folder(tmp_path, words) == {("planted", words[0])}
    assert (cluster.root / "metadata.json").is_file()
    assert byte_search.found_in_folder(cluster.root, words) == set()


def test_schema_is_learned_and_a_patient_forgotten_by_what_the_server_remembers(
    cluster: Cluster, start: Callable[..., Any], byte_search: ModuleType
) -> None:
    config, learned = cluster.out / "run.yaml", cluster.out / "own.pbtxt"
    done = start("schema", "infer", config, "--root", cluster.root, "-o", learned).finish()
    assert done.code == 0, done.stderr
    assert 'name: "entropy"' in learned.read_text()

    manifest = Path(yaml.safe_load(cluster.config)["data"]["manifest"])
    with manifest.open(newline="") as stream:
        patient = next(csv.DictReader(stream))["patient_id"]
    (examples,) = cluster.root.glob("artifacts/ImageExampleGen/examples/*")
    assert any(examples.rglob("data_tfrecord-*"))
    listed = ("--set", f"data.exclude={cluster.out / 'exclude.txt'}")
    done = start("forget", config, patient, "--root", cluster.root, "--yes", "--json", *listed).finish()
    assert done.code == 0, done.stderr
    (act,) = done.result["patients"]
    assert {model["version"] for model in act["models"]} == set(cluster.versions)
    assert not any(examples.rglob("data_tfrecord-*"))
    assert byte_search.found_in_folder(cluster.root, [patient]) == set()
