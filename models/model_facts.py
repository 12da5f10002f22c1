"""What an export says about itself, in assets.extra, which TF Serving leaves to the model's makers."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from models.canonical_image import CanonicalSpec

FILE = Path("assets.extra") / "model.json"


@dataclass(frozen=True)
class ModelFacts:
    """Facts that checks of an export need.

    Args:
        canonical: what a canonical image is.
        classes: names in the order of the probabilities.
        precision: what the network computes in.
    """

    canonical: CanonicalSpec
    classes: tuple[str, ...]
    precision: Literal["float32", "bfloat16"]


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
    return ModelFacts(canonical, tuple(content["classes"]), content["precision"])
