"""Artifacts of a finished run, written in the formats of the nodes that make them."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_model_analysis as tfma
from PIL import Image
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.artifacts import LeakageProof
from components.blessing import FINDINGS_FILE, Finding
from components.data_gate.distance import JENSEN_SHANNON, L_INFINITY, Distance
from components.data_gate.drift import Drift, NotCompared, write_drift
from components.data_gate.proof import Leak, Place, RuleProof, publish
from components.data_gate.resampled_auc import Area
from components.data_gate.shortcut import Shortcut, write_shortcut
from components.evaluation.eval_config import eval_config
from components.predictions.table import schema, write_table
from components.run_report.page import SECTIONS, environment, filled, render
from components.run_report.report_data import ReportData, read
from components.run_report.run_facts import NodeFacts, RunFacts
from models.features import LABEL_ID, SPLITS
from pipeline.beam_memo import remembered
from pipeline.config import Config

CLASSES = ("normal", "nodule", "effusion")
PATIENTS = {"train": 84, "val": 18, "test": 24}
SIDE = 64


@dataclass(frozen=True)
class Study:
    """One generated image with the model's answer."""

    row: int
    split: str
    patient: str
    label: int
    sex: str
    site: str
    pixels: np.ndarray
    answer: np.ndarray

    @property
    def key(self) -> str:
        """Keyed hash of the image."""
        return sha256(f"image {self.row}".encode()).hexdigest()[:32]


@pytest.fixture(scope="session")
def config() -> Config:
    return Config.model_validate(
        {
            "name": "demo",
            "expect": "test AUC about 0.97 in 20 s on 2 cores",
            "data": {"manifest": "/secret/place/manifest.csv", "classes": CLASSES, "slices": ["sex", "site"]},
            "image": {"size": SIDE, "channels": 1},
            "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.8}], "change": None},
            "gate": {"rules": [{"measure": "sensitivity", "label": "nodule", "at_least": 0.5}]},
        }
    )


@pytest.fixture(scope="session")
def facts() -> RunFacts:
    seconds = {
        "ImageExampleGen": 3.1,
        "StatisticsGen": 2.2,
        "DataGate": 0.1,
        "Transform": 3.0,
        "Trainer": 14.8,
        "Evaluator": 4.4,
        "Pusher": 0.6,
    }
    return RunFacts(
        run_id="2c1d7f0a",
        verdict="pushed",
        version="1750000000",
        nodes=tuple(NodeFacts(node=node, state="ran", seconds=time) for node, time in seconds.items()),
        versions={"medtfx": "0.1.0", "tfx": "1.21.0", "tensorflow": "2.21.0"},
        digests={"configuration": "ab" * 32, "model": "cd" * 32},
        machine={"processor": "x86_64 with AVX512_BF16", "cores": "2"},
    )


@pytest.fixture(scope="session")
def studies() -> list[Study]:
    random = np.random.default_rng(3)
    made: list[Study] = []
    for split, patients in PATIENTS.items():
        for number in range(patients):
            label, sex, site = int(random.integers(3)), str(random.choice(["F", "M"])), str(random.choice(["north", "south"]))
            for _ in range(int(random.integers(1, 4))):
                patient = sha256(f"{split} {number}".encode()).hexdigest()[:32]
                row, answer = len(made) + 1, random.dirichlet(np.ones(3)) * 0.6
                answer[label] += 0.4
                made.append(Study(row, split, patient, label, sex, site, phantom(random, label), answer.astype(np.float32)))
    return made


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, studies: list[Study], config: Config) -> dict[str, str]:
    """Folders of a run that pushed, by input name."""
    root = tmp_path_factory.mktemp("run")
    writers: dict[str, Callable[[Path], None]] = {
        "account": lambda folder: write_account(folder, studies),
        "examples": lambda folder: write_examples(folder, studies),
        "statistics": lambda folder: write_statistics(folder, studies),
        "earlier_statistics": lambda folder: write_statistics(folder, [darker(study) for study in studies]),
        "anomalies": lambda folder: write_anomalies(folder, root / "statistics"),
        "predictions": lambda folder: write_predictions(folder, studies),
        "evaluation": lambda folder: write_evaluation(folder, studies, config),
        "model_run": write_history,
        "data_blessing": lambda folder: write_data_blessing(folder, len(studies)),
        "leakage_proof": lambda folder: write_proof(folder, studies),
        "model_blessing": lambda folder: write_blessing(folder, "accepted", [finding("gate.rules", refuses=False)]),
        "infra_blessing": lambda folder: write_blessing(folder, "accepted", []),
    }
    for name, write in writers.items():
        (root / name).mkdir()
        write(root / name)
    return {name: str(root / name) for name in writers}


@pytest.fixture(scope="session")
def data(artifacts: dict[str, str], config: Config, facts: RunFacts) -> ReportData:
    return read(artifacts, config, facts)


@pytest.fixture(scope="session")
def page(data: ReportData) -> str:
    """The whole page of the run that pushed."""
    return render(data)


@pytest.fixture(scope="session")
def show() -> Callable[[str, ReportData], str]:
    """Return a function that gives the HTML of one section, of which an error is not hidden as it is in a page."""
    return lambda anchor, data: filled(environment(), SECTIONS[anchor](data))


def phantom(random: np.random.Generator, label: int) -> np.ndarray:
    """Return uint8 [SIDE, SIDE]: two dark lungs, with a bright spot (1) or a bright base (2)."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    lungs = np.minimum(((x - 0.3) / 0.17) ** 2, ((x - 0.7) / 0.17) ** 2) + ((y - 0.5) / 0.38) ** 2 < 1
    grey = 170 - 100 * lungs + random.normal(0, 8, (SIDE, SIDE))
    if label == 1:
        grey += 110 * np.exp(-((x - 0.32) ** 2 + (y - random.uniform(0.3, 0.7)) ** 2) / 0.003)
    if label == 2:
        grey += 90 * (y > 0.72) * lungs
    return grey.clip(0, 255).astype(np.uint8)


def darker(study: Study) -> Study:
    """Return a study as another scanner, of the site north, had made it."""
    return replace(study, site="north", pixels=study.pixels // 2)


def png(pixels: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def finding(rule: str, *, refuses: bool, **changes: str) -> Finding:
    texts = {"subject": "sensitivity of nodule, by patient", "expected": "at least 0.5", "found": "24 of 26 patients"} | changes
    return Finding(rule=rule, refuses=refuses, **texts)


def write_blessing(folder: Path, verdict: str, findings: list[Finding]) -> None:
    content = {"verdict": verdict, "findings": [found.__dict__ for found in findings]}
    (folder / FINDINGS_FILE).write_text(json.dumps(content))


def write_proof(folder: Path, studies: list[Study]) -> None:
    """Write a proof with a patient in two splits, a near repeat and a patient of an earlier run's test split."""
    first, later = studies[0], next(study for study in studies if study.split == "test")
    here, there = Place(first.row, first.key, "train"), Place(later.row, later.key, "test")
    before = Place(7, later.key, "test", "20260101T000000-aaaa")
    near = Leak(later.key, (there, here, here), distance=3, correlation=0.9931)
    rules = [
        RuleProof(
            "data.patient",
            "patients across splits",
            "none",
            "1 of 2",
            "broken",
            {"patients": 2},
            (Leak(first.patient, (here, there)),),
            "Move.",
        ),
        RuleProof("data.study", "studies across splits", "none", "no image names a study", "not_compared"),
        RuleProof(
            "data.allowed_near_repeats",
            "nearly identical images across splits",
            "listed",
            "1",
            "accepted",
            {"images": 2},
            (near,),
        ),
        RuleProof(
            "earlier test splits",
            "patients of train and val in an earlier test split",
            "none",
            "1",
            "broken",
            {},
            (Leak(first.patient, (here, before)),),
        ),
    ]
    output = LeakageProof()
    output.uri = str(folder)
    publish(output, rules)


def write_data_blessing(folder: Path, images: int) -> None:
    write_blessing(folder, "accepted", [finding("data.max_quarantined", refuses=False)])
    columns = (Area("site", 0.7, 0.64, 0.77), Area("sex", 0.52, 0.46, 0.58))
    distances = (Distance("label", "train", L_INFINITY, 0.02), Distance("site", "train", L_INFINITY, 0.48))
    brightness = Distance("mean", "train", JENSEN_SHANNON, 0.97)
    write_drift(folder, Drift("20260101T000000-aaaa", (*distances, brightness), (NotCompared("sex", "it was no slice then"),)))
    write_shortcut(folder, Shortcut(images, sum(PATIENTS.values()), Area("all together", 0.72, 0.66, 0.78), columns))


def write_account(folder: Path, studies: list[Study]) -> None:
    splits = {}
    for split in SPLITS:
        own = [study for study in studies if study.split == split]
        classes = {name: sum(study.label == index for study in own) for index, name in enumerate(CLASSES)}
        splits[split] = {"images": len(own), "patients": len({study.patient for study in own}), "classes": classes}
    content = {
        "manifest_sha256": "ef" * 32,
        "key_id": "0a1b2c3d",
        "rows": len(studies) + 2,
        "examples": len(studies),
        "patients": sum(PATIENTS.values()),
        "patient": "column",
        "splits": splits,
        "quarantined": {"truncated": 1, "unknown_label": 1},
        "unknown_labels": {"count": 1},
        "split_seed": "medtfx",
        "fractions": {"train": 0.7, "val": 0.15, "test": 0.15},
    }
    (folder / "account.json").write_text(json.dumps(content))
    bad = [(len(studies) + 1, "truncated"), (len(studies) + 2, "unknown_label")]
    lines = [
        {"row": row, "file": sha256(f"image {row}".encode()).hexdigest()[:32], "status": "quarantined", "reason": reason}
        for row, reason in bad
    ]
    lines += [{"row": study.row, "file": study.key, "status": "example", "reason": None} for study in studies]
    (folder / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_examples(folder: Path, studies: list[Study]) -> None:
    for split in SPLITS:
        (folder / f"Split-{split}").mkdir()
        with tf.io.TFRecordWriter(str(folder / f"Split-{split}" / "data_tfrecord-00000-of-00001")) as writer:
            for study in (study for study in studies if study.split == split):
                texts = {"image": png(study.pixels), "image_key": study.key.encode(), "label": CLASSES[study.label].encode()}
                feature = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for name, value in texts.items()}
                writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


def write_statistics(folder: Path, studies: list[Study]) -> None:
    for split in SPLITS:
        own = [study for study in studies if study.split == split]
        pixels = [study.pixels / 255 for study in own]
        frame = pd.DataFrame(
            {
                "label": [CLASSES[study.label] for study in own],
                "sex": [study.sex for study in own],
                "site": [study.site for study in own],
                "width": [SIDE for _ in own],
                "height": [SIDE for _ in own],
                "mean": [values.mean() for values in pixels],
                "standard_deviation": [values.std() for values in pixels],
                "entropy": [6.0 + values.std() for values in pixels],
                "saturated": [((values == 0) | (values == 1)).mean() for values in pixels],
            }
        )
        found: statistics_pb2.DatasetFeatureStatisticsList = tfdv.generate_statistics_from_dataframe(frame, n_jobs=1)
        (folder / f"Split-{split}").mkdir()
        (folder / f"Split-{split}" / "FeatureStats.pb").write_bytes(found.SerializeToString())


def write_anomalies(folder: Path, statistics: Path) -> None:
    """Compare with the schema of the train split."""
    inferred: schema_pb2.Schema | None = None
    for split in SPLITS:
        text = (statistics / f"Split-{split}" / "FeatureStats.pb").read_bytes()
        found = statistics_pb2.DatasetFeatureStatisticsList.FromString(text)
        inferred = inferred or tfdv.infer_schema(found)
        (folder / f"Split-{split}").mkdir()
        content = tfdv.validate_statistics(found, inferred).SerializeToString()
        (folder / f"Split-{split}" / "SchemaDiff.pb").write_bytes(content)


def write_predictions(folder: Path, studies: list[Study]) -> None:
    lines = []
    for study in (study for study in studies if study.split != "train"):
        texts = {"split": study.split, "label": CLASSES[study.label], "sex": study.sex, "site": study.site}
        own = {"image_key": study.key, "patient_key": study.patient, "row": study.row, **texts}
        blunt = (study.answer + 0.2) / 1.6
        for model, answer in (("candidate", study.answer), ("baseline", blunt[[0, 2, 1]])):
            lines.append({**own, "model": model, **{f"p_{index}": float(share) for index, share in enumerate(answer)}})
    write_table(folder, pa.Table.from_pylist(lines, schema=schema(("sex", "site"), len(CLASSES))))


def write_evaluation(folder: Path, studies: list[Study], config: Config) -> None:
    test = [study for study in studies if study.split == "test"]
    frame = pd.DataFrame(
        {
            LABEL_ID: [study.label for study in test],
            "probabilities": [study.answer for study in test],
            "sex": [study.sex for study in test],
            "site": [study.site for study in test],
        }
    )
    asked = eval_config(config.evaluation, classes=CLASSES, slices=config.data.slices)
    asked.model_specs[0].CopyFrom(tfma.ModelSpec(label_key=LABEL_ID, prediction_key="probabilities"))
    asked.metrics_specs[0].metrics[0].ClearField("config")
    with remembered():
        tfma.analyze_raw_data(frame, asked, output_path=str(folder))


def write_history(folder: Path) -> None:
    epochs = [
        {
            "epoch": epoch,
            "steps": 10 * epoch,
            "loss": 1.1 * 0.82**epoch,
            "accuracy": 1 - 0.6 * 0.85**epoch,
            "val_loss": 1.12 * 0.86**epoch + 0.006 * epoch,
            "val_accuracy": 1 - 0.63 * 0.88**epoch,
            "seconds": 1.4,
        }
        for epoch in range(1, 13)
    ]
    content = {"epochs": epochs, "precision": "bfloat16", "why": "the processor has AVX512_BF16", "best_epoch": 11}
    content |= {"parameters": 176_000, "seed": 1, "resumed_from_step": None}
    (folder / "history.json").write_text(json.dumps(content))
