"""Everything that a report shows, read from the artifacts of the other nodes; what is missing is None."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.blessing import FINDINGS_FILE, Finding
from components.blessing import read as read_blessing
from components.data_gate.accepted_train import STATISTICS_FILE
from components.data_gate.drift import DRIFT_FILE, Drift, read_drift
from components.data_gate.proof import PROOF_FILE, RuleProof
from components.data_gate.proof import read as read_proof
from components.data_gate.shortcut import SHORTCUT_FILE, Shortcut, read_shortcut
from components.evaluation.results import Results, read_results
from components.image_example_gen.account import ACCOUNT_FILE, QUARANTINED, ROWS_FILE
from components.infra_validator.measured import MEASURED_FILE
from components.predictions.table import PREDICTIONS_FILE
from components.run_report.run_facts import RunFacts
from components.run_report.scores import Scores, read_scores
from pipeline.config import Config

INPUTS = (
    "account",
    "statistics",
    "anomalies",
    "earlier_statistics",
    "data_blessing",
    "leakage_proof",
    "model",
    "model_run",
    "evaluation",
    "predictions",
    "model_blessing",
    "infra_blessing",
    "pushed_model",
    "examples",
)
GATES = ("data_blessing", "model_blessing", "infra_blessing")


@dataclass(frozen=True)
class QuarantinedRow:
    """A manifest row that became no example."""

    row: int
    file: str
    reason: str


@dataclass(frozen=True)
class Blessing:
    """What a gate said."""

    verdict: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ReportData:
    """The run, its configuration and what its nodes left.

    Args:
        config: the configuration that ran.
        facts: what the runner knows.
        account: content of account.json.
        quarantined: rows that became no example.
        statistics: split -> DatasetFeatureStatistics.
        anomalies: split -> Anomalies.
        blessings: gate (of GATES) -> what it said; a gate that did not run is missing.
        leakage: rules of the leakage proof.
        shortcut: what metadata alone tell of the label.
        drift: how far train lies from that of the last accepted data.
        earlier_statistics: those of the last accepted data, as `statistics`.
        history: content of history.json.
        scores: (model, split) -> predictions.
        evaluation: TFMA's metrics of the test split.
        serving: what a served model took: p50_ms, p95_ms, memory_mb.
        examples: folder of the examples.
    """

    config: Config
    facts: RunFacts
    account: Mapping[str, Any] | None = None
    quarantined: tuple[QuarantinedRow, ...] = ()
    statistics: Mapping[str, Any] | None = None
    anomalies: Mapping[str, Any] | None = None
    blessings: Mapping[str, Blessing] | None = None
    leakage: tuple[RuleProof, ...] | None = None
    shortcut: Shortcut | None = None
    drift: Drift | None = None
    earlier_statistics: Mapping[str, Any] | None = None
    history: Mapping[str, Any] | None = None
    scores: Mapping[tuple[str, str], Scores] | None = None
    evaluation: Results | None = None
    serving: Mapping[str, float] | None = None
    examples: str | None = None

    @property
    def test(self) -> Scores | None:
        """The candidate's predictions on the test split, None without any."""
        found = (self.scores or {}).get(("candidate", "test"))
        return found if found is not None and len(found.labels) else None


def read(uris: Mapping[str, str], config: Config, facts: RunFacts) -> ReportData:
    """Read what the artifacts at `uris` (input name -> folder) hold."""
    account = uris.get("account")
    return ReportData(
        config=config,
        facts=facts,
        account=read_json(account, ACCOUNT_FILE),
        quarantined=tuple(read_quarantined(account)),
        statistics=read_splits(uris.get("statistics"), STATISTICS_FILE, statistics_pb2.DatasetFeatureStatisticsList),
        anomalies=read_splits(uris.get("anomalies"), "SchemaDiff.pb", anomalies_pb2.Anomalies),
        blessings=read_blessings(uris),
        leakage=read_leakage(uris.get("leakage_proof")),
        shortcut=read_metadata_areas(uris.get("data_blessing")),
        drift=read_distances(uris.get("data_blessing")),
        earlier_statistics=read_earlier(uris.get("earlier_statistics")),
        history=read_json(uris.get("model_run"), "history.json"),
        scores=read_predictions(uris.get("predictions"), config.data.classes),
        evaluation=read_evaluation(uris.get("evaluation")),
        serving=read_json(uris.get("infra_blessing"), MEASURED_FILE),
        examples=uris.get("examples"),
    )


def read_json(folder: str | None, name: str) -> Mapping[str, Any] | None:
    """Return a JSON file's content, None when the folder or the file is missing."""
    path = Path(folder or "") / name
    return json.loads(path.read_text()) if folder and path.exists() else None


def read_quarantined(account: str | None) -> Iterable[QuarantinedRow]:
    """Yield the quarantined rows of rows.jsonl in its order."""
    path = Path(account or "") / ROWS_FILE
    if account is None or not path.exists():
        return
    with path.open() as lines:
        for line in lines:
            # Most lines of a large account are examples: only those that may matter are parsed.
            found = json.loads(line) if QUARANTINED in line else {}
            if found.get("status") == QUARANTINED:
                yield QuarantinedRow(found["row"], found["file"], found["reason"])


def read_splits(folder: str | None, name: str, message: type[Any]) -> Mapping[str, Any] | None:
    """Return split -> parsed message of a TFX artifact with a file per split; None when there is no file."""
    files = sorted(Path(folder).glob(f"Split-*/{name}")) if folder else []
    return {path.parent.name.removeprefix("Split-"): message.FromString(path.read_bytes()) for path in files} or None


def read_predictions(folder: str | None, classes: Sequence[str]) -> Mapping[tuple[str, str], Scores] | None:
    """Return the scores by (model, split), None without a table."""
    written = folder is not None and (Path(folder) / PREDICTIONS_FILE).exists()
    return read_scores(Path(folder or ""), classes) if written else None


def read_evaluation(folder: str | None) -> Results | None:
    """Return what the Evaluator found, None where it wrote nothing."""
    written = folder is not None and any(Path(folder).glob("metrics*"))
    return read_results(Path(folder or "")) if written else None


def read_leakage(folder: str | None) -> tuple[RuleProof, ...] | None:
    """Return the rules of the leakage proof, None where the data gate did not come to it."""
    written = folder is not None and (Path(folder) / PROOF_FILE).exists()
    return read_proof(Path(folder or "")) if written else None


def read_blessings(uris: Mapping[str, str]) -> Mapping[str, Blessing]:
    """Return what each gate that ran said."""
    ran = (gate for gate in GATES if gate in uris and (Path(uris[gate]) / FINDINGS_FILE).exists())
    return {gate: Blessing(*read_blessing(uris[gate])) for gate in ran}


def read_metadata_areas(folder: str | None) -> Shortcut | None:
    """Return what DataGate measured on metadata alone, None where it wrote nothing."""
    written = folder is not None and (Path(folder) / SHORTCUT_FILE).exists()
    return read_shortcut(Path(folder or "")) if written else None


def read_distances(folder: str | None) -> Drift | None:
    """Return how far DataGate found the data to have drifted, None where it wrote nothing."""
    written = folder is not None and (Path(folder) / DRIFT_FILE).exists()
    return read_drift(Path(folder or "")) if written else None


def read_earlier(folder: str | None) -> Mapping[str, Any] | None:
    """Return the statistics of the last accepted data by split; None where they are gone or damaged."""
    try:
        return read_splits(folder, STATISTICS_FILE, statistics_pb2.DatasetFeatureStatisticsList)
    except (OSError, DecodeError):
        return None
