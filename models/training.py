"""What Trainer runs: from example records and a transform graph to an exported model and its history."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tfx.components.trainer.fn_args_utils import FnArgs

from models import export, history, precision, records, zoo
from models.canonical_image import CanonicalSpec
from models.checkpoint import Checkpoint, inputs_digest
from models.determinism import deterministic_ops
from models.fitting import Epoch, Learner, balanced_weights, best_epoch, fit, seed32
from models.input_pipeline import ImageSplit, PixelCache, read_labels
from models.model_facts import ModelFacts
from models.transform_graph import TransformGraph
from pipeline.code_digest import code_digest
from pipeline.config import Image, Training
from pipeline.errors import DataRefusedError

OWN_MODULE = "models.training"


@dataclass(frozen=True)
class Job:
    """One training, as Trainer hands it over.

    Args:
        training: how the model learns.
        image: the canonical image.
        classes: names in the order of the label ids.
        work_dir: where checkpoints lie.
        train: folder of the train split's records.
        val: folder of the val split's records.
        transform_graph: folder of the TransformGraph artifact.
        export_to: folder of the SavedModel.
        run_dir: folder of history and events.
    """

    training: Training
    image: Image
    classes: tuple[str, ...]
    work_dir: Path
    train: Path
    val: Path
    transform_graph: Path
    export_to: Path
    run_dir: Path

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels of a canonical image."""
        return (self.image.size, self.image.size, self.image.channels)

    @property
    def canonical(self) -> CanonicalSpec:
        """What the exported model makes of an image file."""
        return CanonicalSpec(**self.image.model_dump(include={field.name for field in fields(CanonicalSpec)}))


@dataclass(frozen=True)
class Splits:
    """The images that a training sees."""

    train: ImageSplit
    val: ImageSplit


def run_fn(fn_args: FnArgs) -> None:
    """Train, export and tell about it; the function that TFX's Trainer calls.

    Raises:
        DataRefusedError: when train or val has no image, or a label is outside the classes.
    """
    job = job_of(fn_args)
    with deterministic_ops():
        train(job)


def job_of(fn_args: FnArgs) -> Job:
    """Return the training that TFX's arguments describe."""
    told: Mapping[str, Any] = fn_args.custom_config
    (train_files,), (val_files,) = fn_args.train_files, fn_args.eval_files
    return Job(
        training=Training.model_validate_json(json.dumps(told["training"])),
        image=Image.model_validate_json(json.dumps(told["image"])),
        classes=tuple(told["classes"]),
        work_dir=Path(told["work_dir"]),
        train=Path(train_files).parent,
        val=Path(val_files).parent,
        transform_graph=Path(fn_args.transform_output),
        export_to=Path(fn_args.serving_model_dir),
        run_dir=Path(fn_args.model_run_dir),
    )


def train(job: Job) -> None:
    """Train as the job says, going on from the checkpoint of a killed training with the same inputs."""
    chosen = precision.choose(job.training.precision, precision.read_cpu_flags())
    graph = TransformGraph(str(job.transform_graph))
    checkpoint = checkpoint_of(job, chosen)
    splits = read_splits(job, graph)
    weights = class_weights(job, splits.train)
    model = zoo.build(job.training.model, job.image_shape, len(job.classes), seed=seed32(job.training.seed), dtype=chosen.policy)
    learner = Learner(model, job.training, graph.pixel_moments(), weights)
    job.run_dir.mkdir(parents=True, exist_ok=True)
    with history.EventWriter(job.run_dir) as events:
        epochs, resumed_from = fit(learner, splits.train, splits.val, checkpoint=checkpoint, on_epoch=events.write)
    served = export.Served(model, graph, ModelFacts(job.canonical, job.classes, chosen.name, job.image.render_settings))
    export.save(served, job.export_to)
    facts = history_facts(job, chosen, epochs)
    history.write_history(
        job.run_dir, {**facts, "parameters": model.count_params(), "class_weights": weights, "resumed_from_step": resumed_from}
    )
    checkpoint.remove()


def checkpoint_of(job: Job, chosen: precision.Precision) -> Checkpoint:
    """Return the checkpoint of this training: of these inputs, this code and this precision, wherever the artifacts lie."""
    files = [*records.index(job.train).files, *records.index(job.val).files]
    files += sorted(path for path in job.transform_graph.glob("transform_fn/**/*") if path.is_file())
    settings = {
        "training": job.training.model_dump(mode="json"),
        "image": job.image.model_dump(mode="json"),
        "classes": job.classes,
        "precision": chosen.name,
    }
    return Checkpoint(job.work_dir / f"train-{inputs_digest(settings, code_digest([OWN_MODULE]), files)}")


def read_splits(job: Job, graph: TransformGraph) -> Splits:
    """Open train and val; they share the memory for decoded pixels."""
    examples = {"train": records.index(job.train), "val": records.index(job.val)}
    cache = PixelCache(job.training.cache_mb, job.image_shape, sum(map(len, examples.values())))
    splits = {}
    for name, found in examples.items():
        labels = read_labels(found, graph.label_ids)
        outside = int((labels < 0).sum())
        if outside or not len(labels):
            raise DataRefusedError(
                f"split {name}: {len(labels)} images, {outside} with a label outside data.classes {job.classes}"
            )
        splits[name] = ImageSplit(found, labels, job.image_shape, cache)
    return Splits(**splits)


def class_weights(job: Job, split: ImageSplit) -> list[float]:
    """Return a loss weight per class."""
    if job.training.class_weights == "none":
        return [1.0] * len(job.classes)
    return balanced_weights(split.labels, len(job.classes))


def history_facts(job: Job, chosen: precision.Precision, epochs: list[Epoch]) -> dict[str, Any]:
    """Return what history.json tells about the settings and the epochs."""
    return {
        "model": job.training.model,
        "epochs": [asdict(epoch) for epoch in epochs],
        "best_epoch": best_epoch(epochs),
        "precision": chosen.name,
        "why": chosen.why,
        "seed": job.training.seed,
    }
