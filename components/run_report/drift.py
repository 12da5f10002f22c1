"""How far train lies from that of the last accepted data: every distance with its bound, a figure of each that is too great."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from markupsafe import Markup

from components.data_gate.distance import JENSEN_SHANNON, L_INFINITY, MEASURES, TRAIN, Distance, is_far
from components.data_gate.drift import Drift
from components.run_report.density_figure import draw_densities, histogram_of
from components.run_report.report_data import ReportData
from components.run_report.section import Section, absent
from components.run_report.share_figure import draw_shares
from components.run_report.statistics import PROPERTIES, by_name, value_counts
from pipeline.config import DriftBounds

TITLE = "Drift against the last accepted data"
THEN, NOW = "last accepted", "now"


def section(data: ReportData) -> Section:
    """Return the distances, the columns that could not be compared, and figures of what lies too far."""
    drift = data.drift
    if drift is None:
        return absent(data, "drift", TITLE, lacks="Nobody looked whether the data have drifted.")
    if drift.run is None:
        return Section("drift", TITLE, "absent.html.j2", absent=f"There are {drift.not_judged} to compare with.")
    if drift.not_judged:
        said = f"Not compared with the last accepted data, ingested by run {drift.run}: {drift.not_judged}."
        return Section("drift", TITLE, "absent.html.j2", absent=said)
    return Section("drift", TITLE, "drift.html.j2", shown(data, drift))


def shown(data: ReportData, drift: Drift) -> dict[str, Any]:
    """Return what the template shows of distances that were measured."""
    asked = data.config.data.drift
    bounds = bounds_of(asked)
    far = [distance for distance in drift.distances if is_far(distance, bounds)]
    return {
        "run": drift.run,
        "far": len(far),
        "tone": tone(far, asked),
        "lines": [line(distance, bounds) for distance in drift.distances],
        "not_compared": [
            (why, [item.column for item in items]) for why, items in groupby(drift.not_compared, lambda item: item.why)
        ],
        "figures": list(figures(data, far)),
    }


def bounds_of(asked: DriftBounds) -> dict[str, float]:
    """Return the greatest accepted distance by measure."""
    return {L_INFINITY: asked.l_infinity, JENSEN_SHANNON: asked.jensen_shannon}


def tone(far: list[Distance], asked: DriftBounds) -> str:
    """Return good where nothing lies too far, else bad where that refuses, else wait."""
    return ("bad" if asked.refuse else "wait") if far else "good"


def line(distance: Distance, bounds: Mapping[str, float]) -> dict[str, Any]:
    """Return what the table shows of a distance."""
    return {
        "column": distance.column,
        "words": PROPERTIES.get(distance.column, ""),
        "measure": MEASURES[distance.measure],
        "key": f"data.drift.{distance.measure}",
        "value": distance.value,
        "bound": bounds[distance.measure],
        "far": is_far(distance, bounds),
    }


def figures(data: ReportData, far: list[Distance]) -> Iterator[Markup]:
    """Yield a figure per distance whose column both statistics still hold."""
    sides = {THEN: data.earlier_statistics, NOW: data.statistics}
    if not all(side and TRAIN in side for side in sides.values()):
        return
    features = {name: by_name(side[TRAIN]) for name, side in sides.items() if side}
    for number, distance in enumerate(far):
        columns = {name: found[distance.column] for name, found in features.items() if distance.column in found}
        yield from figure(f"drift-{number}", distance, columns)


def figure(name: str, distance: Distance, columns: Mapping[str, Any]) -> Iterator[Markup]:
    """Yield the figure of a column: bars of shares for texts, outlines of distributions for numbers.

    Args:
        name: prefix of its ids.
        distance: of the column.
        columns: THEN and NOW -> FeatureNameStatistics.
    """
    if distance.measure == L_INFINITY:
        counts = {side: value_counts(found) for side, found in columns.items()}
        yield draw_shares(name, distance.column, {side: found for side, found in counts.items() if sum(found.values())})
        return
    histograms = {side: histogram_of(found.num_stats) for side, found in columns.items()}
    drawn = {side: found for side, found in histograms.items() if found}
    if drawn:
        yield draw_densities(name, PROPERTIES[distance.column], drawn)
