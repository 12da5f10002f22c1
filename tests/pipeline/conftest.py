"""A root with two runs, as their reports' summaries tell; measured data; a serving folder with two versions."""

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2
from typer.testing import CliRunner

from components.blessing import BLESSED
from components.data_gate.judged import ACCOUNT_ID, STATISTICS_ID
from components.image_example_gen.account import ACCOUNT_FILE
from components.pusher.manifest import Provenance
from components.pusher.push import push
from models.features import SPLITS
from pipeline import root
from pipeline.command_line import app
from pipeline.judged_data import STATISTICS_FILE, JudgedData
from pipeline.root import Root

FIRST, SECOND = "20260102T030405-1a2b", "20260103T030405-3c4d"


def summary(run_id: str, verdict: str, **changes: object) -> dict[str, object]:
    """Return what a report's summary says of a run."""
    split = {"images": 30, "patients": 12, "classes": {"ill": 15, "well": 15}}
    data = {
        **{"rows": 92, "examples": 90, "patient": "column", "patients": 36, "quarantined": {"truncated": 2}, "skipped": {}},
        **{"splits": {"train": split, "val": split, "test": split}},
        "indexed": {"files": 100, "used": 92, "rows": 92, "skipped": {"hidden": 8}},
    }
    quarantine = [{"row": row, "file": f"{row:032x}", "reason": "truncated"} for row in (7, 9)]
    known = {"run_id": run_id, "verdict": verdict, "version": None, "data": data, "quarantine": quarantine}
    site = {"subject": "site, train against the last accepted data", "found": "0.500", "expected": "at most 0.2"}
    sex = {"subject": "sex, train against the last accepted data", "found": "not compared: new", "expected": "compared"}
    rules = {"data.skew.l_infinity": site, "data.drift.l_infinity": site, "data.drift": sex}
    findings = [{"rule": rule, **said} for rule, said in rules.items()]
    return {**known, "gates": {"data_blessing": {"verdict": "accepted", "findings": findings}}, **changes}


@pytest.fixture
def root_with_runs(tmp_path: Path) -> Root:
    """A root whose second run was pushed."""
    state = root.prepare(tmp_path / "root")
    runs = [summary(SECOND, "pushed", version="17"), summary(FIRST, "failed", data=None, quarantine=[], gates={})]
    for number, content in enumerate(runs):
        folder = state.artifacts / "RunReport" / "report" / str(number)
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(content))
    return state


PROPERTIES = {
    **{"width": 500, "height": 500, "bit_depth": 8},
    **{"mean": 0.5, "standard_deviation": 0.2, "entropy": 5.0, "saturated": 0.1, "upper_corners": -0.4},
}


@pytest.fixture
def measured() -> Callable[..., JudgedData]:
    """Return a function that measures examples with TFDV, equal in every column that it is not told."""

    def measure(count: int = 40, **columns: Iterable[Any]) -> JudgedData:
        usual = {name: [value] * count for name, value in PROPERTIES.items()}
        texts = {"label": (["ill", "well"] * count)[:count], "site": (["north", "south"] * count)[:count]}
        frame = pd.DataFrame({**usual, **texts, **{name: list(values) for name, values in columns.items()}})
        return JudgedData("ab" * 32, {"train": tfdv.generate_statistics_from_dataframe(frame, n_jobs=1)})

    return measure


@pytest.fixture
def judged_root(tmp_path: Path) -> Callable[[JudgedData, bool], Root]:
    """Return a function that adds judged data to a root, as DataGate leaves them: artifacts in ML Metadata, files below."""
    state = root.prepare(tmp_path / "root")

    def judge(data: JudgedData, accepted: bool) -> Root:
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(state.metadata)
        store = MetadataStore(config)
        folder = Path(tempfile.mkdtemp(dir=state.artifacts))
        (folder / ACCOUNT_FILE).write_text(json.dumps({"manifest_sha256": data.manifest_sha256}))
        for split in SPLITS:
            (folder / f"Split-{split}").mkdir()
            statistics = data.statistics.get(split, statistics_pb2.DatasetFeatureStatisticsList())
            (folder / f"Split-{split}" / STATISTICS_FILE).write_bytes(statistics.SerializeToString())
        account, statistics = (put(store, name, folder) for name in ("IngestAccount", "ExampleStatistics"))
        put(store, "DataBlessing", folder, **{ACCOUNT_ID: account, STATISTICS_ID: statistics, BLESSED: int(accepted)})
        return state

    return judge


def put(store: MetadataStore, kind: str, folder: Path, **properties: int) -> int:
    """Add an artifact to a store; return its id."""
    type_id = store.put_artifact_type(metadata_store_pb2.ArtifactType(name=kind))
    artifact = metadata_store_pb2.Artifact(type_id=type_id, uri=str(folder))
    for name, value in properties.items():
        artifact.custom_properties[name].int_value = value
    (artifact_id,) = store.put_artifacts([artifact])
    return int(artifact_id)


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    """Two versions of a model that both gates have blessed."""
    blessings = {"ClinicalGate": "accepted", "InfraValidator": "accepted"}
    for name, auc in (("a", 0.91), ("b", 0.92)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
        known = Provenance(FIRST, 1, blessings, data_digest="d" * 64, metrics={"auc": auc})
        push(tmp_path / name, tmp_path / "demo", provenance=known, check=lambda _: None)
    return tmp_path / "demo"


@pytest.fixture
def told(serving: Path) -> Callable[..., Any]:
    """Run a command on that folder; return its JSON object, or its lines without --json, and check its exit code."""

    def run(*words: str, code: int = 0, as_json: bool = True) -> Any:
        extra = ["--json"] if as_json else []
        result = CliRunner().invoke(app, [*words, "--serving", str(serving), *extra], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return json.loads(result.output) if as_json else result.output.splitlines()

    return run
