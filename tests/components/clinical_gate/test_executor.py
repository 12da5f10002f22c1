import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tfx.types import standard_artifacts

from components import blessing
from components.blessing import Finding
from components.clinical_gate.executor import Executor, absent_classes, overall
from components.clinical_gate.rules import Judgement, Verdict
from components.clinical_gate.settings import GateSettings, image_form
from components.evaluation.results import OVERALL
from pipeline.config import Image


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
    assert found.get_string_custom_property("image") == image_form(Image())
    assert found.get_int_custom_property("blessed") == 0


def judge_again(judged: Any, folder: Path, settings: dict[str, Any]) -> Any:
    """Judge the good model by other settings; return the blessing."""
    run = judged["alone"]
    inputs = {
        "predictions": run["Predictions"].outputs["predictions"],
        "evaluation": run["Evaluator"].outputs["evaluation"],
        "evaluator_blessing": run["Evaluator"].outputs["blessing"],
        "model": run["Trained"].outputs["result"],
    }
    found = standard_artifacts.ModelBlessing()
    found.uri = str(folder)
    known = {"classes": ["normal", "nodule", "effusion"], "rules": []}
    told = GateSettings.model_validate(known | settings).model_dump_json()
    Executor().Do(inputs, {"blessing": [found]}, {"settings": told})
    return found


def test_model_without_a_slice_to_judge_it_by_is_not_accepted(judged: Any, tmp_path: Path) -> None:
    bounds = {"accuracy": 0.999, "auc": 0.99}  # as the Evaluator was told, which judged every slice
    thresholds = [{"metric": name, "at_least": bound, "per": "site", "min_examples": 1000} for name, bound in bounds.items()]
    found = judge_again(judged, tmp_path, {"evaluation": {"thresholds": thresholds, "change": None}})
    verdict, findings = blessing.read(found.uri)
    assert {finding.subject for finding in findings if finding.refuses} == {"accuracy, per site", "auc, per site"}
    assert verdict == "insufficient_evidence"


def test_settings_reach_the_blessing_and_the_words(judged: Any, tmp_path: Path) -> None:
    thresholds = {"thresholds": [{"metric": "accuracy", "at_least": 0.999, "per": "site", "min_examples": 90}]}
    rules = [{"measure": "sensitivity", "label": "nodule", "at_least": 0.5}]
    settings = {"evaluation": thresholds, "rules": rules, "image": {"size": 64}, "patient": "unknown"}
    found = judge_again(judged, tmp_path, settings)
    assert json.loads(found.get_string_custom_property("image"))["size"] == 64
    _, findings = blessing.read(found.uri)
    (rule,) = [finding for finding in findings if finding.rule == "gate.rules"]
    assert "of 40 images (each counts as its own patient)" in rule.found


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
