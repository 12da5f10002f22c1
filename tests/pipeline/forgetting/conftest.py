"""A small root with two runs, as the nodes leave it, and its source beside it."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import yaml
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as pb

from components.image_example_gen.account import RowAccount, write_account
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.settings import IngestSettings
from models.features import IMAGE, IMAGE_KEY, PATIENT_KEY
from pipeline import root
from pipeline.quarantine_ledger import LedgerEntry, write_ledger
from pipeline.root import Root

KEY = bytes(range(32))
FIRST, SECOND = "20260102T030405-1a2b", "20260103T030405-3c4d"
SPLITS = {"MRN1": "train", "MRN2": "val", "MRN3": "test"}
PNG = {patient: f"the pixels of {patient}".encode() * 3 for patient in SPLITS}


class Store:
    """Writes ML Metadata as TFX does."""

    def __init__(self, state: Root) -> None:
        connection = pb.ConnectionConfig()
        connection.sqlite.filename_uri = str(state.metadata)
        connection.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self._store, self._state = MetadataStore(connection), state

    def artifact(self, kind: str, place: str, state: int = pb.Artifact.LIVE, **properties: str | int) -> int:
        artifact = pb.Artifact(uri=f"/elsewhere/artifacts/{place}", state=state)  # the root may have been moved
        artifact.type_id = self._store.put_artifact_type(pb.ArtifactType(name=kind))
        for name, value in properties.items():
            field = "int_value" if isinstance(value, int) else "string_value"
            setattr(artifact.custom_properties[name], field, value)
        return int(self._store.put_artifacts([artifact])[0])

    def execution(self, kind: str, run: str, reads: list[int], writes: list[int]) -> None:
        execution = pb.Execution(last_known_state=pb.Execution.COMPLETE)
        execution.type_id = self._store.put_execution_type(pb.ExecutionType(name=kind))
        context_type = self._store.put_context_type(pb.ContextType(name="pipeline_run"))
        context = self._store.get_context_by_type_and_name("pipeline_run", run)
        context = context or pb.Context(type_id=context_type, name=run)
        events = [(artifact, pb.Event.INPUT) for artifact in reads] + [(artifact, pb.Event.OUTPUT) for artifact in writes]
        pairs = [(self._store.get_artifacts_by_id([artifact])[0], pb.Event(type=kind)) for artifact, kind in events]
        self._store.put_execution(execution, pairs, [context], reuse_context_if_already_exist=True)

    def state_of(self, artifact: int) -> int:
        return int(self._store.get_artifacts_by_id([artifact])[0].state)


@dataclass(frozen=True)
class Made:
    """What the fixture made.

    Args:
        root: with two runs; the second has asked the first's model as its baseline.
        store: its ML Metadata.
        config: a configuration with `data.exclude`.
        ids: of artifacts in ML Metadata, by place.
    """

    root: Root
    store: Store
    config: Path
    ids: Mapping[str, int]

    @property
    def exclude(self) -> Path:
        return self.config.with_name("exclude.txt")


def row(number: int, patient: str, key: Pseudonymizer, **changes: object) -> RowAccount:
    account = RowAccount(
        number, key.image(f"{patient}.png"), key.patient(patient), SPLITS.get(patient), "ill", f"pixels of {patient}"
    )
    return RowAccount(**{**account.__dict__, **changes})  # type: ignore[arg-type]


def write_ingest(state: Root, execution: str, key: Pseudonymizer, patients: list[str]) -> None:
    """Write account and examples of an ingest."""
    account = state.artifacts / "ImageExampleGen" / "account" / execution
    account.mkdir(parents=True)
    settings = IngestSettings(classes=("ill", "well"), key_id=key.key_id, size=16, channels=1)
    rows = [row(number, patient, key) for number, patient in enumerate(patients, start=1)]
    lost = {"status": "quarantined", "reason": "truncated", "pixels_sha256": None, "file": key.image("MRN3 broken.png")}
    write_account(account, [*rows, row(9, "MRN3", key, **lost)], settings=settings, manifest_sha256="0" * 64)
    for patient in patients:
        folder = state.artifacts / "ImageExampleGen" / "examples" / execution / f"Split-{SPLITS[patient]}"
        folder.mkdir(parents=True, exist_ok=True)
        values = {
            PATIENT_KEY: key.patient(patient).encode(),
            IMAGE_KEY: key.image(f"{patient}.png").encode(),
            IMAGE: PNG[patient],
        }
        features = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for name, value in values.items()}
        with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001")) as writer:
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def write_rest(state: Root, key: Pseudonymizer) -> None:
    """Write what shows patients besides: predictions, proof, report, ledger, log."""
    shown = {patient: key.image(f"{patient}.png") for patient in SPLITS}
    table = pa.table({PATIENT_KEY: [key.patient("MRN2"), key.patient("MRN3")], "p_0": [0.25, 0.75]})
    places = [{"row": number, "file": file, "split": "test", "run": ""} for number, file in enumerate(shown.values())]
    leak = {"key": "0" * 32, "places": places, "distance": None, "correlation": None}
    quarantine = [{"row": 9, "file": key.image("MRN3 broken.png"), "reason": "truncated"}]
    pictures = "".join(
        f"<li><figure><img src='{PNG[p].hex()}'><code>{file[:12]}</code></figure></li>" for p, file in shown.items()
    )
    texts = {
        "artifacts/DataGate/leakage_proof/3/proof.json": json.dumps({"verdict": "proven", "rules": [{"leaks": [leak]}]}),
        "artifacts/RunReport/report/9/summary.json": json.dumps({"run_id": FIRST, "quarantine": quarantine, "test": {"auc": 1}}),
        "artifacts/RunReport/report/9/report.html": pictures,
        f"reports/{FIRST}.html": pictures,
        "logs/run.log": f"row 9, file {key.image('MRN3 broken.png')[:12]}...: truncated\nall is well\n",
    }
    for place, text in texts.items():
        (state.path / place).parent.mkdir(parents=True, exist_ok=True)
        (state.path / place).write_text(text)
    folder = state.artifacts / "Predictions" / "predictions" / "6"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "predictions.parquet")
    files = [key.image("MRN3 broken.png"), key.image("another.png")]
    write_ledger(state, [LedgerEntry(9, file, "truncated", first_run=FIRST, last_run=FIRST) for file in files])


def write_metadata(store: Store) -> dict[str, int]:
    """Write two runs; the second trained on data without MRN1 and asked the first's model too."""
    ids: dict[str, int] = {}

    def put(kind: str, place: str, **properties: str | int) -> int:
        ids[place] = store.artifact(kind, place, **properties)
        return ids[place]

    for run, number in ((FIRST, 1), (SECOND, 11)):
        examples = put("Examples", f"ImageExampleGen/examples/{number}")
        account = put("IngestAccount", f"ImageExampleGen/account/{number}", run_id=run)
        store.execution("components.image_example_gen.component.ImageExampleGen", run, [], [examples, account])
        model = put("Model", f"Trainer/model/{number + 3}")
        store.execution("components.trainer.component.Trainer", run, [examples], [model])
    models = [ids["Trainer/model/4"], ids["Trainer/model/14"]]
    table = put("PredictionTable", "Predictions/predictions/6")
    store.execution(
        "components.predictions.component.Predictions", FIRST, [ids["ImageExampleGen/examples/1"], models[0]], [table]
    )
    asked = [ids["ImageExampleGen/examples/11"], *models]
    store.execution("tfx.components.evaluator.component.Evaluator", SECOND, asked, [])
    put("PushedModel", "Pusher/pushed_model/8", current_model_id=models[0], pushed=1, pushed_destination="serving/demo/17")
    put("LeakageProof", "DataGate/leakage_proof/3")
    put("RunReport", "RunReport/report/9")
    return ids


CONFIG = {
    "name": "demo",
    "data": {"manifest": "manifest.csv", "exclude": "exclude.txt", "classes": ["ill", "well"]},
    "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.5}]},
    "gate": {"rules": []},
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, int]]:
    """A folder with root, ML Metadata, manifest, key and configuration, made once; the ids of its artifacts by place."""
    folder, key = tmp_path_factory.mktemp("template"), Pseudonymizer(KEY)
    state = root.prepare(folder / "root")
    write_ingest(state, "1", key, ["MRN1", "MRN2", "MRN3"])
    write_ingest(state, "11", key, ["MRN2", "MRN3"])
    write_rest(state, key)
    version = state.serving("demo") / "17"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"weights")
    source = folder / "source"
    source.mkdir()
    (source / "pseudonym.key").write_text(KEY.hex())
    lines = [f"{patient}.png,ill,{patient}" for patient in SPLITS] + ["MRN3 broken.png,ill,MRN3"]
    (source / "manifest.csv").write_text("\n".join(["path,label,patient_id", *lines]) + "\n")
    (source / "my.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder, write_metadata(Store(state))


@pytest.fixture
def made(template: tuple[Path, Mapping[str, int]], tmp_path: Path) -> Made:
    """A copy that a test may change."""
    folder, ids = template
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    state = Root(tmp_path / "root")
    return Made(state, Store(state), tmp_path / "source" / "my.yaml", ids)


@pytest.fixture
def words() -> Callable[[str], list[bytes]]:
    """Return what must be nowhere below the root after a patient was forgotten."""

    def words_of(patient: str, key: bytes = KEY) -> list[bytes]:
        hashes = Pseudonymizer(key)
        names = [hashes.patient(patient), hashes.image(f"{patient}.png")[:12], hashes.image(f"{patient} broken.png")[:12]]
        return [*(name.encode() for name in names), PNG[patient], PNG[patient].hex().encode()]

    return words_of


@pytest.fixture
def holding() -> Callable[[Path, list[bytes]], set[str]]:
    """Return which files below a folder hold one of some words, the cells of tables included."""

    def files(folder: Path, looked_for: list[bytes]) -> set[str]:
        found = set()
        for path in (path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += str(pq.read_table(path).to_pylist()).encode()
            if any(word in content for word in looked_for):
                found.add(path.relative_to(folder).as_posix())
        return found

    return files
