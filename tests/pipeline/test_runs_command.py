import json
from pathlib import Path

import pytest

from components.image_example_gen.row_number import row_number
from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.run_history import PastRun
from pipeline.runs_command import list_command, show_command, shown


def test_list_has_id_time_verdict_and_version(root_with_runs: Root, capsys: pytest.CaptureFixture[str]) -> None:
    list_command(root_with_runs.path)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["run", "begun", "(UTC)", "verdict", "version"]
    assert [line.split() for line in lines] == [
        ["20260102T030405-1a2b", "2026-01-02", "03:04:05", "failed", "-"],
        ["20260103T030405-3c4d", "2026-01-03", "03:04:05", "pushed", "17"],
    ]


def test_without_a_root_those_below_runs_are_listed(
    root_with_runs: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no root below runs/ here\. Name one with --root"):
        list_command(None)
    (tmp_path / "runs").mkdir()
    root_with_runs.path.rename(tmp_path / "runs" / "demo")
    list_command(None)
    printed = capsys.readouterr().out.splitlines()
    assert (printed[0], len(printed)) == ("runs/demo:", 4)


def test_show_tells_the_account_and_what_was_set_aside(root_with_runs: Root, capsys: pytest.CaptureFixture[str]) -> None:
    show_command(None, root_with_runs.path, as_json=False)
    printed = capsys.readouterr().out
    assert printed.count("drift: ") == 2
    for words in (
        "100 files seen by index = 92 used + 8 skipped",
        "92 rows = 90 examples + 2 quarantined + 0 skipped",
        "skipped 8: hidden",
        "train: 30 images of 12 patients",
        "drift: site, train against the last accepted data: 0.500; expected at most 0.2\n",
        "drift: sex, train against the last accepted data: not compared: new\n",
        "quarantined 2: truncated (the file ends early)",
        "row 7, file 000000000000",
    ):
        assert words in printed


def test_show_as_json_is_one_object_with_sums_and_rows(root_with_runs: Root, capsys: pytest.CaptureFixture[str]) -> None:
    show_command(None, root_with_runs.path, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["version"]) == ("pushed", "17")
    assert [item["holds"] for item in told["sums"]] == [True, True, True]
    assert [finding["rule"] for finding in told["drift"]] == ["data.drift.l_infinity", "data.drift"]
    assert [(item["row"], item["reason"]) for item in told["quarantine"]] == [(7, "truncated"), (9, "truncated")]


def test_run_without_an_account_says_so(root_with_runs: Root, capsys: pytest.CaptureFixture[str]) -> None:
    show_command("20260102", root_with_runs.path, as_json=False)
    assert "no account of the data" in capsys.readouterr().out
    show_command("20260102", root_with_runs.path, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["sums"], told["drift"]) == ([], [])


def test_sum_that_does_not_add_up_is_shouted() -> None:
    data = {"rows": 5, "examples": 3, "quarantined": {}, "skipped": {}, "splits": {}}
    lines = list(shown(PastRun("20260102T030405-1a2b", {"verdict": "failed", "version": None, "data": data})))
    assert "5 rows, but 3 examples + 0 quarantined + 0 skipped: THE SUM DOES NOT ADD UP" in lines


def test_spans_and_what_was_left_out_are_told_row_by_row_name() -> None:
    spans = [{"span": span, "rows": 4, "example": 2, "quarantined": 1, "skipped": 1} for span in (2, 3)]
    data = {"rows": 8, "examples": 4, "quarantined": {"truncated": 2}, "skipped": {"sent_again": 2}, "splits": {}, "spans": spans}
    rows = [{"row": row_number(3, 4), "file": "f" * 32, "reason": "truncated"}]
    told = list(shown(PastRun("x", {"verdict": "failed", "version": None, "data": data, "quarantine": rows})))
    assert "  left out 2: sent_again (an earlier span of the window holds the same image of the patient; it counts once)" in told
    assert "span 3: 4 rows = 2 examples + 1 quarantined + 1 skipped" in told
    assert "  span 3, row 4, file ffffffffffff" in told


def test_a_long_quarantine_is_cut_and_the_rest_is_counted() -> None:
    rows = [{"row": row, "file": f"{row:032x}", "reason": "truncated"} for row in range(50)]
    data = {"rows": 50, "examples": 0, "quarantined": {"truncated": 50}, "skipped": {}, "splits": {}}
    lines = list(shown(PastRun("x", {"verdict": "failed", "version": None, "data": data, "quarantine": rows})))
    assert lines[-1] == "  and 30 more; --json has them all"
