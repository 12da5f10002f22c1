"""Contender (b): TFX's stock components, wired as its own image examples (mnist, cifar10) wire them.

What differs is in favour of the stock way: the functions are named instead of packed into a wheel and installed for each
node (module_file), and Beam's in-memory runner is named (by default Beam would fetch Prism or start a process for each stage).
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
from tfx import v1 as tfx
from tfx.orchestration.metadata import Metadata

from bench.images import of_split, read_manifest
from bench.stock_model import BATCH

SPLITS = ("train", "val", "test")
BEAM_ARGUMENTS = ["--runner=FnApiRunner"]


def write_records(manifest: Path, folder: Path) -> None:
    """Pack the JPEG files into TFRecords, which ImportExampleGen reads."""
    rows = read_manifest(manifest)
    for split in SPLITS:
        (folder / split).mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / split / "images.tfrecord")) as writer:
            for path, label in of_split(rows, split):
                image = tf.train.BytesList(value=[(manifest.parent / path).read_bytes()])
                features = {
                    "image": tf.train.Feature(bytes_list=image),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def evaluation() -> tfma.EvalConfig:
    """Return one metric with a threshold that holds."""
    threshold = tfma.MetricThreshold(value_threshold=tfma.GenericValueThreshold(lower_bound={"value": 0.0}))
    metric = tfma.MetricConfig(class_name="SparseCategoricalAccuracy", threshold=threshold)
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(signature_name="serving_default", label_key="label", prediction_key="probabilities")],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[tfma.MetricsSpec(metrics=[metric])],
    )


def data_nodes(records: Path) -> tuple[Any, ...]:
    """Return the nodes from ImportExampleGen to Transform."""
    splits = [tfx.proto.Input.Split(name=split, pattern=f"{split}/*") for split in SPLITS]
    examples = tfx.components.ImportExampleGen(input_base=str(records), input_config=tfx.proto.Input(splits=splits))
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=True)
    validator = tfx.components.ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"])
    transform = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn="bench.stock_model.preprocessing_fn",
        splits_config=tfx.proto.SplitsConfig(analyze=["train"], transform=list(SPLITS)),
    )
    return examples, statistics, schema, validator, transform


def model_nodes(data: tuple[Any, ...], steps: int, val_images: int, serving: Path) -> list[Any]:
    """Return the nodes from Trainer to Pusher."""
    examples, _, schema, _, transform = data
    trainer = tfx.components.Trainer(
        run_fn="bench.stock_model.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(splits=["train"], num_steps=steps),
        eval_args=tfx.proto.EvalArgs(splits=["val"], num_steps=max(1, val_images // BATCH)),
    )
    baseline = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("latest_blessed_model")
    evaluator = tfx.components.Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        eval_config=evaluation(),
        example_splits=["test"],
    )
    destination = tfx.proto.PushDestination(filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(serving)))
    pusher = tfx.components.Pusher(
        model=trainer.outputs["model"], model_blessing=evaluator.outputs["blessing"], push_destination=destination
    )
    return [trainer, baseline, evaluator, pusher]


def node_seconds(connection: Any) -> dict[str, float]:
    """Return how long each node took, from ML Metadata."""
    with Metadata(connection) as handle:
        types = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in handle.store.get_execution_types()}
        executions = handle.store.get_executions()
    return {
        types[execution.type_id]: (execution.last_update_time_since_epoch - execution.create_time_since_epoch) / 1000
        for execution in executions
    }


def main() -> None:
    """Run the pipeline; the last line is the seconds of each node as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=30)
    wanted = parser.parse_args()

    begin = time.monotonic()
    write_records(wanted.manifest, wanted.folder / "records")
    records_written = time.monotonic() - begin
    data = data_nodes(wanted.folder / "records")
    val_images = sum(1 for _ in of_split(read_manifest(wanted.manifest), "val"))
    connection = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(wanted.folder / "metadata.sqlite"))
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="stock",
        pipeline_root=str(wanted.folder / "artifacts"),
        components=[*data, *model_nodes(data, wanted.steps, val_images, wanted.folder / "serving")],
        metadata_connection_config=connection,
        beam_pipeline_args=BEAM_ARGUMENTS,
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)
    pushed = any((wanted.folder / "serving").glob("*/saved_model.pb"))
    print(json.dumps({"seconds": {"pack records": records_written, **node_seconds(connection)}, "pushed": pushed}))


if __name__ == "__main__":
    main()
