"""What the clinical gate asks of a model."""

from pipeline.config import ClinicalRule, Evaluation, Section


class GateSettings(Section):
    """The parts of the configuration that the gate judges by; travels as JSON."""

    classes: tuple[str, ...]
    rules: tuple[ClinicalRule, ...]
    evaluation: Evaluation
