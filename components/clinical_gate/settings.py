"""What the clinical gate asks of a model."""

from typing import Literal

from pipeline.config import ClinicalRule, Evaluation, Image, Section


class GateSettings(Section):
    """The parts of the configuration that the gate judges by; travels as JSON."""

    classes: tuple[str, ...]
    rules: tuple[ClinicalRule, ...]
    evaluation: Evaluation
    image: Image = Image()
    patient: Literal["column", "unknown"] = "column"  # unknown: each image counts as its own patient


def image_form(image: Image) -> str:
    """Return what makes canonical images comparable, as JSON; limits and burned_in only say which files are read at all."""
    return image.model_dump_json(exclude={"max_pixels": True, "limits": True, "rendering": {"burned_in"}})
