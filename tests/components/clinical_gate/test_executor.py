import json
from typing import Any

import pyarrow as pa
import pytest

from components import blessing
from components.blessing import Finding
from components.clinical_gate.executor import absent_classes, overall
from components.clinical_gate.rules import Judgement, Verdict
from components.evaluation.results import OVERALL


def published(judged: Any, run: str) -> Any:
    (found,) = judged[run]["ClinicalGate"].outputs["blessing"]
    return found


def test_bad_model_is_refused_with_every_reason(judged: Any) -> None:
    verdict, findings = blessing.read(published(judged, "worse").uri)
    assert verdict == "model_refused"
    reasons = {finding.subject for finding in findings if finding.refuses}
    assert {"auc, overall", "accuracy, overall", "loss, overall", "sensitivity of nodule, by patient"} <= reasons
    assert any(finding.rule == "evaluation.change" and finding.refuses for finding in findings)


def test_refusing_findings_come_first(judged: Any) -> None:
    _, findings = blessing.read(published(judged, "worse").uri)
    order = [finding.refuses for finding in findings]
    assert order == sorted(order, reverse=True)


def test_small_slices_are_judged_by_tfma_and_not_by_the_gate(judged: Any) -> None:
    _, findings = blessing.read(published(judged, "alone").uri)
    small = {finding.subject: finding for finding in findings if finding.found.startswith("not judged: 72 examples")}
    assert set(small) == {"accuracy, site south", "accuracy, site unknown"}


def test_kept_rules_are_listed_too(judged: Any) -> None:
    _, findings = blessing.read(published(judged, "alone").uri)
    (rule,) = [finding for finding in findings if finding.rule == "gate.rules"]
    assert not rule.refuses
    assert "of 40 patients" in rule.found


def test_blessing_carries_what_tfx_and_the_baseline_read(judged: Any) -> None:
    found = published(judged, "worse")
    (model,) = judged["worse"]["Trained"].outputs["result"]
    assert found.get_int_custom_property("current_model_id") == model.id
    assert found.get_string_custom_property("current_model") == model.uri
    assert json.loads(found.get_string_custom_property("classes")) == ["normal", "nodule", "effusion"]
    assert found.get_int_custom_property("blessed") == 0


def judgement(verdict: Verdict) -> Judgement:
    return Judgement(verdict, Finding("gate.rules", verdict, "", "", refuses=verdict != "accepted"))


@pytest.mark.parametrize(
    ("rules", "broken", "expected"),
    [
        (["accepted"], False, "accepted"),
        ([], False, "accepted"),
        (["accepted", "insufficient_evidence"], False, "insufficient_evidence"),
        (["insufficient_evidence", "model_refused"], False, "model_refused"),
        (["insufficient_evidence"], True, "model_refused"),
        (["accepted"], True, "model_refused"),
    ],
)
def test_worst_verdict_wins(rules: list[Verdict], broken: bool, expected: str) -> None:
    metric = Finding("evaluation.thresholds", "auc", "", "", refuses=broken)
    assert overall([metric], [judgement(verdict) for verdict in rules])[0] == expected


def test_absent_classes_are_those_without_example_in_the_slice() -> None:
    table = pa.table({"label": ["a", "b", "a"], "site": ["north", "north", "south"]})
    assert absent_classes(table, OVERALL, ["a", "b", "c"]) == ("c",)
    assert absent_classes(table, (("site", "south"),), ["a", "b", "c"]) == ("b", "c")
