"""The Baseline node."""

import json
from collections.abc import Sequence
from pathlib import Path

from tfx.dsl.components.common.resolver import Resolver
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.baseline.strategy import NewestPushedModel
from components.clinical_gate.settings import image_form
from pipeline.config import Image

BASELINE_ID = "Baseline"


def baseline_resolver(candidate: BaseChannel, *, classes: Sequence[str], image: Image, root: Path) -> Resolver:
    """Return the node whose output `model` is the baseline, or empty.

    The channels without a node behind them look at all earlier runs; each names its producer, because the Evaluator makes
    a ModelBlessing too.

    Args:
        candidate: output `model` of the node Trainer in this run.
        classes: the configured classes.
        image: the configured canonical image.
        root: folder that the serving folders lie in; they tell which version was taken back.
    """
    return Resolver(
        strategy_class=NewestPushedModel,
        config={"classes": json.dumps(list(classes)), "image": image_form(image), "root": str(root)},
        # Without output_key: TFX would take it for the same input as the candidate. Trainer has no other output of this type.
        model=Channel(type=standard_artifacts.Model, producer_component_id="Trainer"),
        candidate=candidate,
        blessing=Channel(type=standard_artifacts.ModelBlessing, producer_component_id="ClinicalGate", output_key="blessing"),
        pushed=Channel(type=standard_artifacts.PushedModel, producer_component_id="Pusher", output_key="pushed_model"),
    ).with_id(BASELINE_ID)
