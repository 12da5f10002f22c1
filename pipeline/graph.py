"""The whole pipeline on one page: which nodes there are, what flows between them, and what each is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tfx.components import Evaluator, ExampleValidator, StatisticsGen, Transform
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import transform_pb2

from components.baseline.resolver import baseline_resolver
from components.clinical_gate.component import ClinicalGate
from components.clinical_gate.settings import GateSettings
from components.data_gate.component import DataGate
from components.data_gate.settings import DataGateSettings
from components.earlier_data.resolver import earlier_data_resolver
from components.evaluation.eval_config import eval_config
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.part import Part
from components.image_example_gen.settings import IngestSettings
from components.infra_validator.component import InfraValidator
from components.infra_validator.settings import InfraSettings
from components.predictions.component import Predictions
from components.pusher.component import Pusher
from components.run_report.component import RunReport
from components.trainer.component import Trainer
from models.rendering.settings import Limits
from pipeline.config import Config
from pipeline.root import Root

# What of this project runs inside a node, by node id; the cache follows changes in it (pipeline/code_digest.py).
CODE = {
    "ImageExampleGen": ("components.image_example_gen.executor",),
    "StatisticsGen": (),
    "ImportSchemaGen": (),
    "ImportBounds": (),
    "ExampleValidator": (),
    "DataGate": ("components.data_gate.executor",),
    "Transform": ("models.preprocessing",),
    "Trainer": ("components.trainer.executor", "models.training"),
    "Evaluator": ("components.evaluation.auc", "components.evaluation.balanced_accuracy"),
    "Predictions": ("components.predictions.executor",),
    "ClinicalGate": ("components.clinical_gate.executor",),
    "InfraValidator": ("components.infra_validator.executor", "serving.command"),
    "Pusher": ("components.pusher.executor",),
    "RunReport": ("components.run_report.executor",),
}


@dataclass(frozen=True)
class Inputs:
    """What a run reads, found out before the graph is built.

    Args:
        manifest_sha256: digest of the manifest, or of all spans' manifests: the identity of the data set.
        parts: that manifest, or those of the spans, with digests of what their files look like from outside.
        key_file: file of the pseudonym key; None: the environment holds it.
        key_id: public name of that key.
        schema_file: the curated schema with this run's classes and slices.
        bounds_file: the user's own schema, which values are held against; None: the curated one does that too.
        indexed: JSON of what became of the source's files; '' for a manifest that `index` did not write.
        exclude_digest: keyed digest of the patients to leave out; empty: none.
        model_server: the tensorflow_model_server that validates models; empty: medtfx's own server.
    """

    manifest_sha256: str
    parts: tuple[Part, ...]
    key_file: Path | None
    key_id: str
    schema_file: Path
    bounds_file: Path | None = None
    indexed: str = ""
    exclude_digest: str = ""
    model_server: str = ""


class DataNodes(NamedTuple):
    """From the manifest to data that training may use."""

    ingest: ImageExampleGen
    schema: ImportSchemaGen
    bounds: ImportSchemaGen
    statistics: StatisticsGen
    anomalies: ExampleValidator
    earlier: Resolver
    gate: DataGate


class ModelNodes(NamedTuple):
    """From examples to a candidate model."""

    transform: Transform
    trainer: Trainer


class JudgementNodes(NamedTuple):
    """From a candidate to a word on it."""

    baseline: Resolver
    evaluator: Evaluator
    predictions: Predictions
    gate: ClinicalGate


class DeliveryNodes(NamedTuple):
    """From a blessed candidate to a served version."""

    infra_validator: InfraValidator
    pusher: Pusher


def build(config: Config, root: Root, inputs: Inputs) -> Pipeline:
    """Return the pipeline of a configuration."""
    data = data_nodes(config, root, inputs)
    model = model_nodes(config, root, data)
    judgement = judgement_nodes(config, root, data, model)
    delivery = delivery_nodes(config, root, inputs, (data, model, judgement))
    report = report_node(config, (data, model, judgement, delivery))
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(root.artifacts),
        components=[*data, *model, *judgement, *delivery, report],
        enable_cache=True,
    )


def data_nodes(config: Config, root: Root, inputs: Inputs) -> DataNodes:
    """Ingest, measure, check against the curated schema, decide."""
    ingest = ImageExampleGen(
        config.data.manifest,
        inputs.manifest_sha256,
        settings=ingest_settings(config, inputs),
        work_dir=root.work,
        parts=inputs.parts,
        indexed=inputs.indexed,
    )
    schema = ImportSchemaGen(schema_file=str(inputs.schema_file))
    # What values may be, apart from which features there are: a bound that changes measures and transforms nothing anew.
    bounds = ImportSchemaGen(schema_file=str(inputs.bounds_file or inputs.schema_file)).with_id("ImportBounds")
    for node in (schema, bounds):
        node.add_upstream_node(ingest)  # on a cluster the first node prepares what the others read, the schema's file too
    statistics = StatisticsGen(
        examples=ingest.outputs["examples"],
        schema=schema.outputs["schema"],
        # Reads what the schema names, and that leaves the pixels out.
        stats_options=tfdv.StatsOptions(experimental_filter_read_paths=True),
    )
    anomalies = ExampleValidator(statistics=statistics.outputs["statistics"], schema=bounds.outputs["schema"])
    earlier = earlier_data_resolver(ingest.outputs["account"])
    gate = DataGate(
        account=ingest.outputs["account"],
        statistics=statistics.outputs["statistics"],
        schema=bounds.outputs["schema"],
        anomalies=anomalies.outputs["anomalies"],
        examples=ingest.outputs["examples"],
        earlier_accounts=earlier.outputs["accounts"],
        earlier_statistics=earlier.outputs["statistics"],
        settings=DataGateSettings.of(config.data),
    )
    return DataNodes(ingest, schema, bounds, statistics, anomalies, earlier, gate)


def model_nodes(config: Config, root: Root, data: DataNodes) -> ModelNodes:
    """Analyse the train split without reading pixels, then train."""
    transform = Transform(
        examples=data.ingest.outputs["examples"],
        schema=data.schema.outputs["schema"],
        preprocessing_fn="models.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=[]),
        materialize=False,
        disable_statistics=True,
        disable_analyzer_cache=True,
        custom_config={"classes": list(config.data.classes)},
    )
    transform.add_upstream_node(data.gate)
    trainer = Trainer(
        examples=data.ingest.outputs["examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=data.schema.outputs["schema"],
        data_blessing=data.gate.outputs["blessing"],
        leakage_proof=data.gate.outputs["leakage_proof"],
        custom_config=training_config(config, root),
    )
    return ModelNodes(transform, trainer)


def judgement_nodes(config: Config, root: Root, data: DataNodes, model: ModelNodes) -> JudgementNodes:
    """Evaluate beside the baseline, write one table of predictions, decide."""
    examples, candidate = data.ingest.outputs["examples"], model.trainer.outputs["model"]
    baseline = baseline_resolver(candidate, classes=config.data.classes, image=config.image, root=root.path)
    evaluator = Evaluator(
        examples=examples,
        model=candidate,
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.evaluation, classes=config.data.classes, slices=config.data.slices),
        schema=data.schema.outputs["schema"],
        example_splits=["test"],
    )
    predictions = Predictions(
        examples=examples,
        model=candidate,
        baseline_model=baseline.outputs["model"],
        classes=config.data.classes,
        slices=config.data.slices,
    )
    gate = ClinicalGate(
        predictions=predictions.outputs["predictions"],
        evaluation=evaluator.outputs["evaluation"],
        evaluator_blessing=evaluator.outputs["blessing"],
        model=candidate,
        settings=GateSettings(
            classes=config.data.classes,
            rules=config.gate.rules,
            evaluation=config.evaluation,
            image=config.image,
            patient=config.data.patient,
        ),
    )
    return JudgementNodes(baseline, evaluator, predictions, gate)


def delivery_nodes(
    config: Config, root: Root, inputs: Inputs, upstream: tuple[DataNodes, ModelNodes, JudgementNodes]
) -> DeliveryNodes:
    """Serve and ask the export, then push it."""
    data, model, judgement = upstream
    infra_validator = InfraValidator(
        model=model.trainer.outputs["model"],
        examples=data.ingest.outputs["examples"],
        model_blessing=judgement.gate.outputs["blessing"],
        settings=infra_settings(config, root, inputs),
    )
    pusher = Pusher(
        model=model.trainer.outputs["model"],
        model_blessing=judgement.gate.outputs["blessing"],
        infra_blessing=infra_validator.outputs["blessing"],
        evaluation=judgement.evaluator.outputs["evaluation"],
        serving_dir=str(root.serving(config.serving_name)),
        data_digest=inputs.manifest_sha256,
    )
    return DeliveryNodes(infra_validator, pusher)


def report_node(config: Config, upstream: tuple[DataNodes, ModelNodes, JudgementNodes, DeliveryNodes]) -> RunReport:
    """Report whatever there is: every input is optional."""
    data, model, judgement, delivery = upstream
    inputs = {
        "examples": data.ingest.outputs["examples"],
        "account": data.ingest.outputs["account"],
        "statistics": data.statistics.outputs["statistics"],
        "anomalies": data.anomalies.outputs["anomalies"],
        "earlier_statistics": data.earlier.outputs["statistics"],
        "data_blessing": data.gate.outputs["blessing"],
        "leakage_proof": data.gate.outputs["leakage_proof"],
        "model": model.trainer.outputs["model"],
        "model_run": model.trainer.outputs["model_run"],
        "evaluation": judgement.evaluator.outputs["evaluation"],
        "predictions": judgement.predictions.outputs["predictions"],
        "model_blessing": judgement.gate.outputs["blessing"],
        "infra_blessing": delivery.infra_validator.outputs["blessing"],
        "pushed_model": delivery.pusher.outputs["pushed_model"],
    }
    return RunReport(inputs, config=config.identity_json(), run_facts="")  # whoever launches it fills the facts in


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
        limits=Limits(pixels=image.max_pixels, **image.limits.model_dump()),
        sixteen_bit_range=image.sixteen_bit_range,
        rendering=image.render_settings,
        key_id=inputs.key_id,
        exclude_file=None if data.exclude is None else str(data.exclude),
        exclude_digest=inputs.exclude_digest,
        key_file=None if inputs.key_file is None else str(inputs.key_file),
    )


def infra_settings(config: Config, root: Root, inputs: Inputs) -> InfraSettings:
    """Return what InfraValidator is told."""
    return InfraSettings(
        work_dir=root.work,
        log=root.logs / "model_server.log",
        model_server=inputs.model_server,
        golden_requests=config.serving.golden_requests,
        budget=config.serving.budget,
    )


def training_config(config: Config, root: Root) -> dict[str, Any]:
    """Return what models.training.run_fn is told; plain JSON values."""
    return {
        "training": json.loads(config.training.model_dump_json()),
        "image": json.loads(config.image.model_dump_json(exclude={"limits"})),
        "classes": list(config.data.classes),
        "work_dir": str(root.work),
    }
