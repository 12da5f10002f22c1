import io
import shlex
from pathlib import Path

import pytest

from components.blessing import Finding
from pipeline.root import Root
from pipeline.run_result import RunResult
from pipeline.run_summary import MEANINGS, print_summary
from pipeline.verdict import Verdict

SUMMARY = {"data": {"splits": {"train": {"images": 1200, "patients": 400}}}, "test": {"images": 9, "auc": 0.98126}}


def printed(result: RunResult) -> str:
    stream = io.StringIO()
    print_summary(result, Root(Path("/state")), stream)
    return stream.getvalue()


def test_pushed_run_names_model_report_and_figures() -> None:
    text = printed(
        RunResult("r", Verdict.PUSHED, pushed_to=Path("/state/serving/a/7"), report=Path("/state/r.html"), summary=SUMMARY)
    )
    for part in (
        "pushed",
        "train: 1,200 images of 400 patients",
        "auc 0.9813",
        "/state/serving/a/7",
        "/state/r.html",
        "--model_base_path=/state/serving/a\n",
    ):
        assert part in text


def test_command_for_a_folder_with_a_space_is_one_to_paste() -> None:
    text = printed(RunResult("r", Verdict.PUSHED, pushed_to=Path("/my state/serving/a/7"), summary=SUMMARY))
    told = next(line for line in text.splitlines() if line.startswith("serve "))
    assert shlex.split(told)[1:] == ["medtfx", "serve", "--model_name=a", "--model_base_path=/my state/serving/a"]


def test_window_of_spans_is_named() -> None:
    data = {**SUMMARY["data"], "spans": [{"span": 3}, {"span": 4}, {"span": 7}]}
    assert "spans 3 to 7 (3 spans)" in printed(RunResult("r", Verdict.PUSHED, summary={**SUMMARY, "data": data}))
    assert "span" not in printed(RunResult("r", Verdict.PUSHED, summary=SUMMARY))


def test_refusal_says_which_rule_and_that_nothing_changed() -> None:
    findings = (Finding("data.classes", "class ill in test", "at least 1 image", "no image"),)
    text = printed(RunResult("r", Verdict.DATA_REFUSED, findings=findings))
    assert "data.classes: class ill in test: no image; expected at least 1 image" in text
    assert "what was served stays served" in text


def test_unknown_patients_are_told() -> None:
    summary = {"data": {"patient": "unknown", "splits": {}}}
    assert "patient independence is not proven" in printed(RunResult("r", Verdict.PUSHED, summary=summary))


def test_failure_says_why() -> None:
    assert "No space left on device" in printed(RunResult("r", failure="No space left on device (errno 28)"))


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words(verdict: Verdict) -> None:
    assert MEANINGS[verdict]
