"""What TFDV found in labels, slice columns and image properties."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from components.run_report.report_data import ReportData
from components.run_report.section import Section, absent
from components.run_report.share_figure import draw_shares
from models.features import (
    BIT_DEPTH,
    ENTROPY,
    HEIGHT,
    LABEL,
    MEAN,
    SATURATED,
    SPLITS,
    STANDARD_DEVIATION,
    UPPER_CORNERS,
    WIDTH,
)

SHOWN_VALUES = 12
PROPERTIES = {
    WIDTH: "width of the source, pixels",
    HEIGHT: "height of the source, pixels",
    BIT_DEPTH: "bits per value of the source",
    MEAN: "mean brightness, 0 to 1",
    STANDARD_DEVIATION: "standard deviation of brightness",
    ENTROPY: "entropy of grey levels, bits",
    SATURATED: "share of black or white pixels",
    UPPER_CORNERS: "upper corners brighter than the centre, -1 to 1",
}


def section(data: ReportData) -> Section:
    """Return distributions by split, and the anomalies."""
    if data.statistics is None:
        return absent(data, "statistics", "Statistics and anomalies", lacks="There are no statistics.")
    features = {split: by_name(data.statistics[split]) for split in ordered(data.statistics)}
    values = {
        "splits": list(features),
        "properties": [(words, merged(numeric_lines(features, name))) for name, words in PROPERTIES.items()],
        "shares": list(share_figures(features, (LABEL, *data.config.data.slices))),
        "columns": [(name, value_lines(features, name)) for name in data.config.data.slices],
        "anomalies": None if data.anomalies is None else list(anomaly_lines(data.anomalies)),
    }
    return Section("statistics", "Statistics and anomalies", "statistics.html.j2", values)


def share_figures(features: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> Iterable[Markup]:
    """Yield a figure per column that the statistics hold: its values' shares in each split."""
    for number, name in enumerate(names):
        counts = {split: value_counts(found.get(name)) for split, found in features.items()}
        filled = {split: found for split, found in counts.items() if sum(found.values())}
        if filled:
            yield draw_shares(f"shares-{number}", name, filled)


def ordered(splits: Iterable[str]) -> list[str]:
    """Return train, val, test and then any other."""
    return sorted(splits, key=lambda split: (SPLITS.index(split) if split in SPLITS else len(SPLITS), split))


def by_name(statistics: Any) -> dict[str, Any]:
    """Return feature name -> FeatureNameStatistics of a DatasetFeatureStatisticsList."""
    return {(found.name or ".".join(found.path.step)): found for part in statistics.datasets for found in part.features}


def numeric_lines(features: Mapping[str, Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return a line per split that holds the numeric feature; bars are bucket heights from 0 to 1."""
    lines = []
    for split, found in features.items():
        if name in found and found[name].HasField("num_stats") and found[name].num_stats.common_stats.num_non_missing:
            numbers = found[name].num_stats
            figures = {key: getattr(numbers, key) for key in ("min", "median", "max", "mean", "std_dev")}
            lines.append({"split": split, "bars": bars(numbers), **figures})
    return lines


def merged(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one line for a property that has one value in all splits, else the lines."""
    if len({line[key] for line in lines for key in ("min", "max")}) != 1:
        return lines
    return [{**lines[0], "split": ", ".join(line["split"] for line in lines), "bars": []}]


def bars(numbers: Any) -> list[float]:
    """Return the heights of the equal-width histogram, the highest 1."""
    histogram = next((found for found in numbers.histograms if found.type == 0), None)  # 0 is STANDARD: equal widths
    heights = [bucket.sample_count for bucket in histogram.buckets] if histogram else []
    highest = max(heights, default=0.0)
    return [height / highest for height in heights] if highest else []


def value_lines(features: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return a column's most frequent values, each with count and share by split, and how many more there are."""
    counts = {split: value_counts(found.get(name)) for split, found in features.items()}
    totals = {split: sum(found.values()) for split, found in counts.items()}
    values = sorted({value for found in counts.values() for value in found})
    values.sort(key=lambda value: -sum(found.get(value, 0) for found in counts.values()))
    lines = [
        (value, [(found.get(value, 0), found.get(value, 0) / max(totals[split], 1)) for split, found in counts.items()])
        for value in values[:SHOWN_VALUES]
    ]
    return {"lines": lines, "more": len(values) - len(lines)}


def value_counts(found: Any) -> dict[str, int]:
    """Return value -> count of a string feature, {} when it is missing."""
    if found is None or not found.HasField("string_stats"):
        return {}
    return {bucket.label: int(bucket.sample_count) for bucket in found.string_stats.rank_histogram.buckets}


def anomaly_lines(anomalies: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    """Yield a line per split and feature that broke the schema."""
    for split in ordered(anomalies):
        for feature, found in sorted(anomalies[split].anomaly_info.items()):
            yield {"split": split, "feature": feature, "rule": found.short_description, "found": found.description}
