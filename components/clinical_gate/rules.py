"""Rules that must hold with confidence; one that the data can't decide is not passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from components.blessing import Finding
from components.clinical_gate.patients import right_patients
from components.clinical_gate.wilson import trials_needed, wilson_interval
from pipeline.config import ClinicalRule

Verdict = Literal["accepted", "insufficient_evidence", "model_refused"]
Patient = Literal["column", "unknown"]
SUBJECTS: dict[Patient, str] = {"column": "patient", "unknown": "image"}
COUNTED: dict[Patient, str] = {"column": "patients", "unknown": "images (each counts as its own patient)"}


@dataclass(frozen=True)
class Judgement:
    """A verdict and the finding that says why."""

    verdict: Verdict
    finding: Finding


def judge_rule(table: pa.Table, rule: ClinicalRule, classes: Sequence[str], *, patient: Patient = "column") -> Judgement:
    """Judge one rule on the candidate's predictions of the test split."""
    right, patients = right_patients(table, rule, classes)
    return judge_counts(rule, right, patients, patient=patient)


def judge_counts(rule: ClinicalRule, right: int, patients: int, *, patient: Patient = "column") -> Judgement:
    """Judge one rule by the patients judged rightly.

    Accepted if the whole interval keeps the bound, refused if all of it breaks it, else the evidence is insufficient.
    The words say what was counted: patients, or images where nobody knows the patients.
    """
    lower, upper = wilson_interval(right, patients, rule.confidence)
    verdict = _verdict(lower, upper, at_least=rule.at_least, patients=patients)
    finding = Finding(
        rule="gate.rules",
        subject=f"{rule.measure} of {rule.label}, by {SUBJECTS[patient]}",
        expected=f"at least {rule.at_least:g} with {rule.confidence:.4g} confidence (lower Wilson limit)",
        found=_found(right, patients, (lower, upper), patient) + _remark(verdict, rule, upper),
        refuses=verdict != "accepted",
        advice=_advice(rule, right, patients, patient) if verdict == "insufficient_evidence" else "",
    )
    return Judgement(verdict, finding)


def _verdict(lower: float, upper: float, *, at_least: float, patients: int) -> Verdict:
    if patients == 0:
        return "insufficient_evidence"
    if lower >= at_least:
        return "accepted"
    return "model_refused" if upper < at_least else "insufficient_evidence"


def _found(right: int, patients: int, interval: tuple[float, float], patient: Patient) -> str:
    if patients == 0:
        return f"no {SUBJECTS[patient]} to judge by"
    lower, upper = interval
    return f"{right} of {patients} {COUNTED[patient]}, {right / patients:.4f} ({lower:.4f} to {upper:.4f})"


def _remark(verdict: Verdict, rule: ClinicalRule, upper: float) -> str:
    if verdict == "model_refused":
        return f"; even the upper limit is {rule.at_least - upper:.4f} too low"
    return "; insufficient evidence" if verdict == "insufficient_evidence" else ""


def _advice(rule: ClinicalRule, right: int, patients: int, patient: Patient) -> str:
    """Say how many patients would decide it."""
    if patients == 0:
        return f"Add test {SUBJECTS[patient]}s for the {rule.measure} of {rule.label}."
    needed = trials_needed(right / patients, rule.at_least, rule.confidence)
    if needed is None:
        return f"At this rate no number of {SUBJECTS[patient]}s would be enough; a better model is needed."
    return f"At this rate about {needed} {COUNTED[patient]} in the test split would be enough; there are {patients}."
