"""What an export says about itself, in assets.extra, which TF Serving leaves to the model's makers."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from models.canonical_image import CanonicalSpec
from models.rendering.settings import RenderSettings, render_settings

FILE = Path("assets.extra") / "model.json"


@dataclass(frozen=True)
class ModelFacts:
    """Facts that checks of an export need.

    Args:
        canonical: what a canonical image is.
        classes: names in the order of the probabilities.
        precision: what the network computes in.
        rendering: how files that are neither PNG nor JPEG became 8-bit pixels; a client does the same.
    """

    canonical: CanonicalSpec
    classes: tuple[str, ...]
    precision: Literal["float32", "bfloat16"]
    rendering: RenderSettings = field(default_factory=RenderSettings)


def write_facts(facts: ModelFacts, export: Path) -> None:
    """Write the facts into an export."""
    file = export / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(facts), indent=2), encoding="utf-8")


def read_facts(export: Path) -> ModelFacts:
    """Read the facts of an export."""
    content = json.loads((export / FILE).read_text(encoding="utf-8"))
    spec = content["canonical"]
    canonical = CanonicalSpec(**{**spec, "sixteen_bit_range": tuple(spec["sixteen_bit_range"])})
    rendering = render_settings(content.get("rendering", asdict(RenderSettings())))  # exports from before DICOM name none
    return ModelFacts(canonical, tuple(content["classes"]), content["precision"], rendering)
