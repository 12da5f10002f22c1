"""Judges a model by TFMA's thresholds and the clinical rules, and publishes the blessing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from tfx.components.evaluator import constants
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils

from components import blessing
from components.blessing import Finding
from components.clinical_gate.consistency import judge_consistency
from components.clinical_gate.rules import Judgement, judge_rule
from components.clinical_gate.settings import GateSettings, image_form
from components.clinical_gate.thresholds import judge_coverage, judge_thresholds
from components.evaluation.results import OVERALL, Slice, read_results
from components.predictions.table import CANDIDATE, read_table
from models.features import LABEL

CLASSES = "classes"  # property of the blessing: a baseline is a model of the same classes
IMAGE = "image"  # property of the blessing: and of the same image form, because it is asked about the candidate's images


class Executor(BaseExecutor):
    """Publishes the ModelBlessing that everything after it goes by."""

    def Do(
        self, input_dict: dict[str, list[Artifact]], output_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]
    ) -> None:
        """Judge the candidate on the test split."""
        settings = GateSettings.model_validate_json(exec_properties["settings"])
        table = read_table(Path(artifact_utils.get_single_uri(input_dict["predictions"])), split="test", model=CANDIDATE)
        results = read_results(Path(artifact_utils.get_single_uri(input_dict["evaluation"])))
        absent = {where: absent_classes(table, where, settings.classes) for where in results.metrics}
        blessed = blessing.is_blessed(artifact_utils.get_single_instance(input_dict["evaluator_blessing"]))
        metrics = judge_thresholds(settings.evaluation, results, absent=absent, blessed=blessed)
        coverage = judge_coverage(settings.evaluation.thresholds, results, absent)
        rules = [judge_rule(table, rule, settings.classes, patient=settings.patient) for rule in settings.rules]
        verdict, findings = overall([*judge_consistency(table, results), *metrics], [*coverage, *rules])
        model = artifact_utils.get_single_instance(input_dict["model"])
        bless(output_dict["blessing"][0], model, verdict=verdict, findings=findings, settings=settings)


def overall(metrics: Sequence[Finding], rules: Sequence[Judgement]) -> tuple[str, list[Finding]]:
    """Return the worst verdict, and all findings with those that refuse first."""
    findings = [*metrics, *(rule.finding for rule in rules)]
    findings.sort(key=lambda finding: not finding.refuses)
    verdicts = {rule.verdict for rule in rules}
    if "model_refused" in verdicts or any(finding.refuses for finding in metrics):
        return "model_refused", findings
    return "insufficient_evidence" if "insufficient_evidence" in verdicts else "accepted", findings


def absent_classes(table: pa.Table, where: Slice, classes: Sequence[str]) -> tuple[str, ...]:
    """Return the classes without an example in a slice, in their order."""
    labels = table.column(LABEL).to_pylist()
    if where != OVERALL:
        values = [table.column(column).to_pylist() for column, _ in where]
        wanted = tuple(value for _, value in where)
        labels = [label for label, *found in zip(labels, *values, strict=True) if tuple(found) == wanted]
    return tuple(name for name in classes if name not in set(labels))


def bless(output: Artifact, model: Artifact, *, verdict: str, findings: Sequence[Finding], settings: GateSettings) -> None:
    """Publish the verdict with the properties that TFX's Evaluator sets, the classes and the image form."""
    blessing.publish(output, verdict, findings)
    output.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    output.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    output.set_string_custom_property(CLASSES, json.dumps(list(settings.classes)))
    output.set_string_custom_property(IMAGE, image_form(settings.image))
