"""The whole pipeline on one page: which nodes there are, what flows between them, and what each is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from ml_metadata.proto import metadata_store_pb2
from tfx.components import Evaluator, ExampleValidator, ImportSchemaGen, StatisticsGen, Transform
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import transform_pb2
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.baseline.strategy import NewestPushedModel
from components.clinical_gate.component import ClinicalGate
from components.data_gate.component import DataGate
from components.evaluation.eval_config import eval_config
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.settings import IngestSettings
from components.infra_validator.component import InfraValidator
from components.predictions.component import Predictions
from components.pusher.component import Pusher
from components.run_report.component import RunReport
from components.trainer.component import Trainer
from pipeline.config import Config
from pipeline.root import Root

# Beam >= 2.68 would prefer Prism, and download it: the runner is named.
BEAM_ARGUMENTS = ["--runner=FnApiRunner"]

# What of this project runs inside a node, by node id; the cache follows changes in it (pipeline/code_digest.py).
CODE = {
    "ImageExampleGen": ("components.image_example_gen.executor",),
    "StatisticsGen": (),
    "ImportSchemaGen": (),
    "ExampleValidator": (),
    "DataGate": ("components.data_gate.executor",),
    "Transform": ("models.preprocessing",),
    "Trainer": ("components.trainer.executor", "models.training"),
    "Evaluator": (),
    "Predictions": ("components.predictions.executor",),
    "ClinicalGate": ("components.clinical_gate.executor",),
    "InfraValidator": ("components.infra_validator.executor",),
    "Pusher": ("components.pusher.executor",),
    "RunReport": ("components.run_report.executor",),
}
GATES = {"DataGate": "blessing", "ClinicalGate": "blessing", "InfraValidator": "blessing"}


@dataclass(frozen=True)
class Inputs:
    """What a run reads, found out before the graph is built.

    Args:
        manifest_sha256: digest of the manifest: the identity of the data set.
        key_file: file of the pseudonym key.
        key_id: public name of that key.
        schema_file: the curated schema with this run's classes and slices.
    """

    manifest_sha256: str
    key_file: Path
    key_id: str
    schema_file: Path


def build(config: Config, root: Root, inputs: Inputs) -> Pipeline:
    """Return the pipeline of a configuration."""
    data = config.data
    ingest = ImageExampleGen(
        manifest=str(data.manifest),
        manifest_sha256=inputs.manifest_sha256,
        settings=ingest_settings(config, inputs),
        work_dir=str(root.work),
    )
    examples, account = ingest.outputs["examples"], ingest.outputs["account"]
    schema = ImportSchemaGen(schema_file=str(inputs.schema_file))
    # Reads what the schema names, and that leaves the pixels out.
    options = tfdv.StatsOptions(experimental_filter_read_paths=True)
    statistics = StatisticsGen(examples=examples, schema=schema.outputs["schema"], stats_options=options)
    anomalies = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"])
    data_gate = DataGate(
        account=account,
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        anomalies=anomalies.outputs["anomalies"],
        classes=data.classes,
        allowed_repeats=data.allowed_repeats,
    )
    transform = Transform(
        examples=examples,
        schema=schema.outputs["schema"],
        preprocessing_fn="models.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=[]),
        materialize=False,
        disable_statistics=True,
        disable_analyzer_cache=True,
        custom_config={"classes": list(data.classes)},
    )
    transform.add_upstream_node(data_gate)
    trainer = Trainer(
        examples=examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        data_blessing=data_gate.outputs["blessing"],
        custom_config=training_config(config, root),
    )
    model = trainer.outputs["model"]
    baseline = Resolver(
        strategy_class=NewestPushedModel,
        model=Channel(type=standard_artifacts.Model, producer_component_id="Trainer", output_key="model"),
        candidate=model,
        blessing=Channel(type=standard_artifacts.ModelBlessing, producer_component_id="ClinicalGate", output_key="blessing"),
        pushed=Channel(type=standard_artifacts.PushedModel, producer_component_id="Pusher", output_key="pushed_model"),
    ).with_id("Baseline")
    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.evaluation, data.classes, data.slices),
        schema=schema.outputs["schema"],
        example_splits=["test"],
    )
    predictions = Predictions(
        examples=examples, model=model, baseline_model=baseline.outputs["model"], classes=data.classes, slices=data.slices
    )
    clinical_gate = ClinicalGate(
        predictions=predictions.outputs["predictions"],
        evaluation=evaluator.outputs["evaluation"],
        evaluator_blessing=evaluator.outputs["blessing"],
        model=model,
        rules=[rule.model_dump() for rule in config.gate.rules],
        classes=data.classes,
    )
    infra_validator = InfraValidator(
        model=model,
        examples=examples,
        model_blessing=clinical_gate.outputs["blessing"],
        golden_requests=config.serving.golden_requests,
    )
    pusher = Pusher(
        model=model,
        model_blessing=clinical_gate.outputs["blessing"],
        infra_blessing=infra_validator.outputs["blessing"],
        serving_dir=str(root.serving(config.serving_name)),
    )
    report = RunReport(
        config=config.model_dump_json(),
        examples=examples,
        account=account,
        statistics=statistics.outputs["statistics"],
        anomalies=anomalies.outputs["anomalies"],
        data_blessing=data_gate.outputs["blessing"],
        model=model,
        model_run=trainer.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        predictions=predictions.outputs["predictions"],
        model_blessing=clinical_gate.outputs["blessing"],
        infra_blessing=infra_validator.outputs["blessing"],
        pushed_model=pusher.outputs["pushed_model"],
    )
    nodes = [ingest, schema, statistics, anomalies, data_gate, transform, trainer, baseline, evaluator]
    nodes += [predictions, clinical_gate, infra_validator, pusher, report]
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(root.artifacts),
        metadata_connection_config=sqlite(root),
        components=nodes,
        enable_cache=True,
        beam_pipeline_args=BEAM_ARGUMENTS,
    )


def ingest_settings(config: Config, inputs: Inputs) -> IngestSettings:
    """Return what ImageExampleGen is told."""
    data, image = config.data, config.image
    return IngestSettings(
        classes=data.classes,
        slices=data.slices,
        patient=data.patient,
        split_seed=data.split_seed,
        fractions=(data.fractions.train, data.fractions.val, data.fractions.test),
        shard_rows=data.shard_rows,
        size=image.size,
        channels=image.channels,
        fit=image.fit,
        max_pixels=image.max_pixels,
        sixteen_bit_range=image.sixteen_bit_range,
        max_quarantined=data.max_quarantined,
        key_id=inputs.key_id,
        key_file=str(inputs.key_file),
    )


def training_config(config: Config, root: Root) -> dict[str, Any]:
    """Return what models.training.run_fn is told; plain JSON values."""
    return {
        "training": json.loads(config.training.model_dump_json()),
        "image": json.loads(config.image.model_dump_json()),
        "classes": list(config.data.classes),
        "work_dir": str(root.work),
    }


def sqlite(root: Root) -> metadata_store_pb2.ConnectionConfig:
    """Return the connection to the root's ML Metadata."""
    return metadata.sqlite_metadata_connection_config(str(root.metadata))
