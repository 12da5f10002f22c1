"""Which images and patients the run learned from and was judged by."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.run_report.report_data import QuarantinedRow, ReportData
from components.run_report.section import Section, absent
from models.features import SPLITS
from pipeline.reasons import MEANING, Reason
from pipeline.skip_reasons import MEANING as SKIP_MEANING
from pipeline.span_window import spans_in_words

SHOWN_ROWS = 20
SHOWN_SPANS = 14  # two weeks of days
MEANINGS = {str(reason): words for reason, words in MEANING.items()}


def section(data: ReportData) -> Section:
    """Return the account of rows, splits, classes and quarantine."""
    account = data.account
    if account is None:
        return absent(data, "data", "Data", lacks="There is no account of the data.")
    data_gate = (data.blessings or {}).get("data_blessing")
    values = {
        "account": account,
        "max_quarantined": data.config.data.max_quarantined,
        "classes": data.config.data.classes,
        "splits": [split_line(account, split) for split in SPLITS if split in account["splits"]],
        "indexed": account.get("indexed"),
        "skipped": skip_lines((account.get("indexed") or {}).get("skipped", {})),
        "quarantined": sum(account["quarantined"].values()),
        "excluded": account.get("skipped", {}).get(Reason.EXCLUDED_PATIENT, 0),
        "sent_again": account.get("skipped", {}).get(Reason.SENT_AGAIN, 0),
        **span_values(account.get("spans") or ()),
        "reasons": quarantine_lines(account["quarantined"], data.quarantined),
        "known_patients": account["patient"] == "column",
        "accepted": data_gate is not None and data_gate.verdict == "accepted",
    }
    return Section("data", "Data", "data_account.html.j2", values)


def span_values(spans: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Return the window in words and the counts of its newest spans; both are empty for data that don't come in spans."""
    window = spans_in_words(spans[0]["span"], spans[-1]["span"], len(spans)) if spans else ""
    return {"window": window, "spans": spans[-SHOWN_SPANS:], "spans_before": len(spans[:-SHOWN_SPANS])}


def split_line(account: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Return the counts of one split and its share of all examples."""
    counts = account["splits"][split]
    return {"name": split, "share": counts["images"] / max(account["examples"], 1), **counts}


def skip_lines(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return a line per reason for which the index left files out, most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"reason": reason, "meaning": SKIP_MEANING.get(reason, reason.replace("_", " ")), "count": count}
        for reason, count in ordered
    ]


def quarantine_lines(counts: Mapping[str, int], rows: tuple[QuarantinedRow, ...]) -> list[dict[str, Any]]:
    """Return a line per reason, most frequent first, with the first rows that it concerns."""
    lines = []
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        concerned = [row for row in rows if row.reason == reason][:SHOWN_ROWS]
        meaning = MEANINGS.get(reason, reason.replace("_", " "))
        lines.append({"reason": reason, "meaning": meaning, "count": count, "rows": concerned, "more": count - len(concerned)})
    return lines
