"""The account of the data."""

from collections.abc import Callable
from dataclasses import replace

from components.image_example_gen.row_number import row_number
from components.run_report.data_account import SHOWN_ROWS, quarantine_lines, skip_lines
from components.run_report.report_data import QuarantinedRow, ReportData

Show = Callable[[str, ReportData], str]


def test_quarantine_names_rows_and_keys_by_reason(data: ReportData, page: str) -> None:
    assert "row 258" in page
    assert data.quarantined[0].file[:12] in page


def test_a_long_list_of_rows_is_cut_and_the_rest_is_counted() -> None:
    rows = tuple(QuarantinedRow(row, f"{row:032x}", "truncated") for row in range(1, 101))
    (line,) = quarantine_lines({"truncated": 100}, rows)
    assert (len(line["rows"]), line["more"]) == (SHOWN_ROWS, 100 - SHOWN_ROWS)


def test_reasons_stand_by_frequency_in_words() -> None:
    lines = quarantine_lines({"truncated": 1, "unknown_label": 4}, ())
    assert [line["reason"] for line in lines] == ["unknown_label", "truncated"]
    assert lines[0]["meaning"] == "the label is not one of data.classes"


def test_rows_of_excluded_patients_are_counted(data: ReportData, show: Show, page: str) -> None:
    assert data.account is not None
    assert "1\u202f234 rows of patients on the list" in show(
        "data", replace(data, account={**data.account, "skipped": {"excluded_patient": 1234}})
    )
    assert "data.exclude" not in page


def test_window_and_newest_spans_are_shown_with_what_was_sent_again(data: ReportData, show: Show, page: str) -> None:
    assert data.account is not None
    spans = [{"span": span, "rows": 9, "example": 7, "quarantined": 1, "skipped": 1} for span in range(1, 31)]
    shown = show("data", replace(data, account={**data.account, "spans": spans, "skipped": {"sent_again": 30}}))
    assert "Rows of spans 1 to 30 (30 spans), the last 14" in shown
    assert '<th scope="row">span 17</th>' in shown
    assert '<th scope="row">span 16</th>' not in shown
    assert "30 rows hold an image that an earlier span has of the same patient" in shown
    assert "span 1" not in page


def test_rows_are_named_with_their_span(data: ReportData, show: Show) -> None:
    lost = QuarantinedRow(row_number(12, 17), "f" * 32, "truncated")
    assert "span 12, row 17 <code>ffffffffffff</code>" in show("data", replace(data, quarantined=(lost,)))


def test_unknown_patients_are_said_to_prove_nothing(data: ReportData, show: Show, page: str) -> None:
    assert data.account is not None
    account = {**data.account, "patient": "unknown"}
    assert "Patient independence is not proven" in show("data", replace(data, account=account))
    assert "Patient independence is not proven" not in page


INDEXED = {"files": 1130, "used": 260, "rows": 260, "skipped": {"hidden": 70, "structured_report": 800}}


def test_files_that_the_index_left_out_are_counted_by_reason(data: ReportData, show: Show) -> None:
    assert data.account is not None
    page = show("data", replace(data, account={**data.account, "indexed": INDEXED}))
    for words in ("1\u202f130 files", "870 were left out", "a document", "<code>structured_report</code>"):
        assert words in page


def test_manifest_that_people_wrote_has_no_files_seen(data: ReportData, page: str) -> None:
    assert "left out" not in page


def test_skips_stand_by_frequency() -> None:
    assert [line["reason"] for line in skip_lines(INDEXED["skipped"])] == ["structured_report", "hidden"]
