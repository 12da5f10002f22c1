"""The first thing that a reader sees: what became of the run, and why."""

from collections.abc import Mapping

from components.blessing import Finding
from components.run_report.measures import Measured, measure
from components.run_report.report_data import Blessing, ReportData
from components.run_report.section import Section
from pipeline.verdict import Verdict

WORDS = {
    Verdict.PUSHED: ("good", "Pushed", "The model met every rule. It is version {version}, ready to be served."),
    Verdict.UNCHANGED: (
        "good",
        "Unchanged",
        "Data, code and configuration are those of an earlier run. Version {version} stays as it is.",
    ),
    Verdict.WAITING_FOR_APPROVAL: (
        "wait",
        "Waiting for approval",
        "The model met every rule. It is pushed once a person has approved it.",
    ),
    Verdict.PINNED: (
        "wait",
        "Pinned",
        "The model met every rule. It is version {version} and waits: another version is pinned and stays served.",
    ),
    Verdict.DATA_REFUSED: (
        "bad",
        "Data refused",
        "The data can't be used for training as they are. Nothing was trained and nothing was pushed.",
    ),
    Verdict.MODEL_REFUSED: (
        "bad",
        "Model refused",
        "The model broke a rule. Nothing was pushed; what was served before is untouched.",
    ),
    Verdict.INSUFFICIENT_EVIDENCE: (
        "wait",
        "Insufficient evidence",
        "The test patients are too few to show that the model meets the rules, and too few to show that it does not. "
        "Nothing was pushed; what was served before is untouched.",
    ),
    Verdict.INFRA_REFUSED: (
        "bad",
        "Serving check refused",
        "The exported model did not answer as it was trained to, or took more than its budget. Nothing was pushed.",
    ),
    Verdict.WITHDRAWN: (
        "bad",
        "Withdrawn",
        "The model met every rule, but was taken back as version {version}. It is not pushed again; what is served is untouched.",
    ),
    Verdict.FAILED: ("bad", "Failed", "The run ended before a verdict. Nothing was pushed."),
    Verdict.INTERRUPTED: (
        "wait",
        "Interrupted",
        "The run was stopped before a verdict. Started again, it continues where it was.",
    ),
}
STEPS = (("data_blessing", "Data gate"), ("model_blessing", "Model gates"), ("infra_blessing", "Serving check"))
GATE_WORDS = {"accepted": ("good", "accepted"), "insufficient_evidence": ("wait", "insufficient evidence")}


def section(data: ReportData) -> Section:
    """Return the verdict with its reasons."""
    tone, word, sentence = WORDS[data.facts.verdict]
    findings = [(label, finding) for label, finding in all_findings(data)]
    values = {
        "tone": tone,
        "word": word,
        "sentence": sentence.format(version=data.facts.version or "(none)"),
        "reason": data.facts.reason,
        "steps": [(label, *step_state(data.blessings or {}, gate)) for gate, label in STEPS] + [("Push", *push_state(data))],
        "refusing": [found for found in findings if found[1].refuses],
        "other": [found for found in findings if not found[1].refuses],
        "test": measured_test(data),
        "run_id": data.facts.run_id,
        "version": data.facts.version,
    }
    return Section("verdict", "Verdict", "verdict.html.j2", values)


def all_findings(data: ReportData) -> list[tuple[str, Finding]]:
    """Return (gate's label, finding) in the order of the gates."""
    blessings = data.blessings or {}
    return [(label, finding) for gate, label in STEPS if gate in blessings for finding in blessings[gate].findings]


def step_state(blessings: Mapping[str, Blessing], gate: str) -> tuple[str, str]:
    """Return tone and word for a gate."""
    if gate not in blessings:
        return "none", "not reached"
    return GATE_WORDS.get(blessings[gate].verdict, ("bad", "refused"))


def push_state(data: ReportData) -> tuple[str, str]:
    """Return tone and word for the push."""
    words = {
        Verdict.PUSHED: ("good", "pushed"),
        Verdict.UNCHANGED: ("good", "kept"),
        Verdict.WAITING_FOR_APPROVAL: ("wait", "waiting"),
        Verdict.PINNED: ("wait", "waiting"),
        Verdict.WITHDRAWN: ("bad", "withdrawn"),
    }
    return words.get(data.facts.verdict, ("none", "not done"))


def measured_test(data: ReportData) -> Measured | None:
    """Return the key figures of the test split, None without predictions."""
    return None if data.test is None else measure(data.test)
