"""Real but small inputs of the judging components: an example set, SavedModels, and a run of nodes through TFX's launcher."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tfx.components.evaluator.component import Evaluator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.compiler import compiler, constants
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.types import Artifact, artifact_utils, standard_artifacts

from components.clinical_gate.component import ClinicalGate
from components.clinical_gate.settings import GateSettings
from components.evaluation.eval_config import eval_config
from components.predictions.component import Predictions
from models.canonical_image import CanonicalSpec
from models.warm_up import warm_up_requests, write_warm_up
from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_operator import operators
from pipeline.config import ClinicalRule, Evaluation
from pipeline.curated_schema import schema_for

CLASSES = ("normal", "nodule", "effusion")
SITES = (b"north", b"south", b"unknown")
SIZE = 16  # pixels


@pytest.fixture
def classes() -> tuple[str, ...]:
    return CLASSES


@pytest.fixture(scope="session")
def artifact() -> Callable[..., Artifact]:
    """Return a function that makes an artifact with its folder and sets what else is given, as the launcher does."""

    def make(kind: type[Artifact], folder: Path, **properties: Any) -> Artifact:
        made = kind()
        made.uri = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in properties.items():
            setattr(made, name, value)
        return made

    return make


def image_of(label_id: int, random: np.random.Generator) -> np.ndarray:
    """Return uint8 [SIZE, SIZE, 1]: the class brightens its third of the rows, under noise."""
    pixels = random.normal(110, 40, (SIZE, SIZE, 1))
    pixels[label_id * 5 : label_id * 5 + 6] += 12
    return pixels.clip(0, 255).astype(np.uint8)


def example_of(row: int, label_id: int, *, split: str, random: np.random.Generator) -> tf.train.Example:
    """Return an example as ImageExampleGen writes it; two images per patient."""
    texts = {
        "image": tf.io.encode_png(image_of(label_id, random)).numpy(),
        "label": CLASSES[label_id].encode(),
        "image_key": f"{row:032x}".encode(),
        "patient_key": f"{split}-{row // 2:026x}".encode(),
        "site": SITES[row % 10 % 3],
    }
    feature = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for name, value in texts.items()}
    for name, value in {"row": row, "width": SIZE, "height": SIZE, "bit_depth": 8}.items():
        feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    for name in ("mean", "standard_deviation", "entropy", "saturated", "upper_corners"):
        feature[name] = tf.train.Feature(float_list=tf.train.FloatList(value=[0.5]))
    return tf.train.Example(features=tf.train.Features(feature=feature))


def write_split(folder: Path, count: int, *, first_row: int, random: np.random.Generator) -> None:
    """Write `count` examples into two files, the classes in turn by pairs (a patient has one class)."""
    folder.mkdir(parents=True)
    split = folder.name.removeprefix("Split-")
    rows = range(first_row, first_row + count)
    examples = [example_of(row, row // 2 % len(CLASSES), split=split, random=random) for row in rows]
    for shard in range(2):
        with tf.io.TFRecordWriter(str(folder / f"data_tfrecord-{shard:05}-of-00002")) as writer:
            for example in examples[shard::2]:
                writer.write(example.SerializeToString())


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of examples: 12 train, 60 val, 240 test."""
    folder = tmp_path_factory.mktemp("examples")
    random = np.random.default_rng(7)
    for split, first_row, count in (("train", 1, 12), ("val", 100, 60), ("test", 200, 240)):
        write_split(folder / f"Split-{split}", count, first_row=first_row, random=random)
    return folder


@pytest.fixture
def examples(example_folder: Path) -> Artifact:
    """Return the example set as ImageExampleGen's artifact."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(example_folder)
    artifact.split_names = artifact_utils.encode_split_names(["train", "val", "test"])
    return artifact


class TinyModel(tf.Module):
    """Row means times fixed weights, with the signatures of models/export.py."""

    def __init__(self, sharpness: float) -> None:
        weights = np.zeros((SIZE, len(CLASSES)), np.float32)
        for label_id in range(len(CLASSES)):
            weights[label_id * 5 : label_id * 5 + 6, label_id] = sharpness
        self.weights = tf.Variable(weights)
        keys = tf.constant(CLASSES)
        values = tf.range(len(CLASSES), dtype=tf.int64)
        self.ids = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)

    def row_means(self, encoded: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_png(encoded, channels=1)
        scaled = tf.cast(tf.ensure_shape(pixels, [SIZE, SIZE, 1]), tf.float32) / 255.0
        return tf.reduce_mean(scaled, axis=[1, 2])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def predict_image(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        means = tf.map_fn(self.row_means, image, fn_output_signature=tf.TensorSpec([SIZE], tf.float32))
        probabilities = tf.nn.softmax(tf.matmul(means, self.weights))
        names = tf.constant(CLASSES)
        return {
            "probabilities": probabilities,
            "classes": tf.tile(names[tf.newaxis], [tf.shape(image)[0], 1]),
            "decision": tf.gather(names, tf.argmax(probabilities, axis=1)),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def explain_image(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.predict_image(image) | {"heat_map": tf.zeros([tf.shape(image)[0], SIZE, SIZE])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.predict_image(tf.io.parse_example(examples, {"image": tf.io.FixedLenFeature([], tf.string)})["image"])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def transform_features(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        labels = tf.io.parse_example(examples, {"label": tf.io.FixedLenFeature([], tf.string)})["label"]
        return {"label_id": self.ids.lookup(labels)}


@pytest.fixture(scope="session")
def save_model() -> Callable[..., Path]:
    """Return a function that writes a model into an artifact folder and returns the export within it."""

    def save(folder: Path, *, sharpness: float = 30.0) -> Path:
        model = TinyModel(sharpness)
        signatures = {
            "serving_default": model.serve_examples,
            "predict_image": model.predict_image,
            "explain_image": model.explain_image,
            "transform_features": model.transform_features,
        }
        export = folder / "Format-Serving"
        tf.saved_model.save(model, str(export), signatures=signatures)
        write_warm_up(warm_up_requests(CanonicalSpec(SIZE, 1)), export)
        return export

    return save


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, save_model: Callable[..., Path]) -> Path:
    """Return a model's artifact folder."""
    folder = tmp_path_factory.mktemp("model")
    save_model(folder)
    return folder


@dataclass(frozen=True)
class Launched:
    """What a launch left: the outputs as ML Metadata has them, the ids of the inputs and whether the cache answered."""

    outputs: dict[str, list[Artifact]]
    input_ids: dict[str, list[int]]
    cached: bool


class Root:
    """A pipeline root with its SQLite ML Metadata; nodes run through the portable launcher, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.sqlite"))

    def run(self, run_id: str, nodes: Sequence[BaseNode]) -> dict[str, Launched]:
        """Compile and launch the nodes; return what each left."""
        dag = pipeline.Pipeline(
            pipeline_name="judged",
            pipeline_root=str(self.folder / "artifacts"),
            components=list(nodes),
            metadata_connection_config=self.connection,
            enable_cache=True,
        )
        compiled = compiler.Compiler().compile(dag)
        runtime_parameter_utils.substitute_runtime_parameter(compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
        deployment = runner_utils.extract_local_deployment_config(compiled)
        launched = {}
        for node in compiled.nodes:
            node_id = node.pipeline_node.node_info.id
            info = launcher.Launcher(
                pipeline_node=node.pipeline_node,
                mlmd_connection=metadata.Metadata(self.connection),
                pipeline_info=compiled.pipeline_info,
                pipeline_runtime_spec=compiled.runtime_spec,
                executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
                custom_executor_operators=operators(IN_PROCESS),
            ).launch()
            launched[node_id] = self.left_by(info)
        return launched

    def left_by(self, info: ExecutionInfo) -> Launched:
        """Return the outputs of an execution, and whether they came from the cache."""
        with metadata.Metadata(self.connection) as handle:
            store = handle.store
            (execution,) = store.get_executions_by_id([info.execution_id])
            outputs: dict[str, list[Artifact]] = {}
            input_ids: dict[str, list[int]] = {}
            for event in store.get_events_by_execution_ids([info.execution_id]):
                key = event.path.steps[0].key
                if event.type == event.INPUT:
                    input_ids.setdefault(key, []).append(event.artifact_id)
                    continue
                (found,) = store.get_artifacts_by_id([event.artifact_id])
                (kind,) = store.get_artifact_types_by_id([found.type_id])
                outputs.setdefault(key, []).append(artifact_utils.deserialize_artifact(kind, found))
            return Launched(outputs, input_ids, execution.last_known_state == execution.CACHED)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


EVALUATION = Evaluation.model_validate(
    {
        "thresholds": [
            {"metric": "auc", "at_least": 0.9},
            {"metric": "auc", "at_least": 0.99, "per": "site"},
            {"metric": "accuracy", "at_least": 0.8},
            {"metric": "balanced_accuracy", "at_least": 0.8},
            {"metric": "accuracy", "at_least": 0.999, "per": "site", "min_examples": 90},
            {"metric": "loss", "at_most": 0.2},
        ],
        "change": {"metric": "auc", "at_most_worse": 0.02},
    }
)
RULES = (ClinicalRule(measure="sensitivity", label="nodule", at_least=0.5),)


def judging_nodes(examples: Path, candidate: Path, *, baseline: Path | None, schema_file: Path) -> list[BaseNode]:
    """Return Evaluator, Predictions and ClinicalGate with what they read, wired as in pipeline/graph.py."""
    schema = ImportSchemaGen(schema_file=str(schema_file))
    given = Importer(
        source_uri=str(examples),
        artifact_type=standard_artifacts.Examples,
        properties={"split_names": artifact_utils.encode_split_names(["train", "val", "test"])},
    ).with_id("Examples")
    trained = Importer(source_uri=str(candidate), artifact_type=standard_artifacts.Model).with_id("Trained")
    nodes = [schema, given, trained]
    inputs = {"examples": given.outputs["result"], "model": trained.outputs["result"]}
    if baseline:
        nodes.append(Importer(source_uri=str(baseline), artifact_type=standard_artifacts.Model).with_id("Before"))
        inputs["baseline_model"] = nodes[-1].outputs["result"]
    config = eval_config(EVALUATION, classes=CLASSES, slices=["site"])
    evaluator = Evaluator(**inputs, schema=schema.outputs["schema"], example_splits=["test"], eval_config=config)
    predictions = Predictions(**inputs, classes=CLASSES, slices=["site"])
    gate = ClinicalGate(
        predictions=predictions.outputs["predictions"],
        evaluation=evaluator.outputs["evaluation"],
        model=inputs["model"],
        evaluator_blessing=evaluator.outputs["blessing"],
        settings=GateSettings(classes=CLASSES, rules=RULES, evaluation=EVALUATION),
    )
    return [*nodes, evaluator, predictions, gate]


@pytest.fixture(scope="session")
def judged(
    tmp_path_factory: pytest.TempPathFactory, example_folder: Path, model_folder: Path, save_model: Callable[..., Path]
) -> dict[str, dict[str, Launched]]:
    """Return what the judging nodes left: "alone" a good model without baseline, "worse" a bad one against the good one."""
    folder = tmp_path_factory.mktemp("judged")
    save_model(folder / "worse", sharpness=-5.0)
    schema_file = folder / "schema.pbtxt"
    schema_file.write_text(text_format.MessageToString(schema_for(CLASSES, ["site"])))
    root = Root(folder)
    alone = judging_nodes(example_folder, model_folder, baseline=None, schema_file=schema_file)
    worse = judging_nodes(example_folder, folder / "worse", baseline=model_folder, schema_file=schema_file)
    return {"alone": root.run("alone", alone), "worse": root.run("worse", worse)}
