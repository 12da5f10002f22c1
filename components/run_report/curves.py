"""ROC and precision-recall curves of each class against the rest."""

import numpy as np
from markupsafe import Markup
from sklearn.metrics import precision_recall_curve, roc_curve

from components.run_report.figures import SERIES, Line, Panel, draw
from components.run_report.measures import class_auc, has_curve
from components.run_report.report_data import ReportData
from components.run_report.scores import Scores
from components.run_report.section import Section, absent

POINTS = 200  # a line of 760 pixels shows no more
UNDEFINED = "No class has a curve: that needs test images of the class and of others, and probabilities that are finite numbers."


def section(data: ReportData) -> Section:
    """Return the curves of the test split."""
    if data.test is None:
        return absent(data, "curves", "Curves", lacks="There are no predictions on the test split.")
    shown = shown_classes(data.test)
    if not shown:
        return Section("curves", "Curves", "absent.html.j2", absent=UNDEFINED)
    values = {
        "figures": figures(data.test, data.config.data.classes, shown),
        "left_out": [name for index, name in enumerate(data.config.data.classes) if index not in shown],
    }
    return Section("curves", "Curves", "curves.html.j2", values)


def shown_classes(test: Scores) -> list[int]:
    """Return the classes whose curve is defined, the most frequent first to fit the palette, in their own order."""
    counts = np.bincount(test.labels, minlength=test.probabilities.shape[1])
    defined = [index for index in range(len(counts)) if has_curve(test, index)]
    return sorted(sorted(defined, key=lambda index: -counts[index])[:SERIES])


def figures(test: Scores, classes: tuple[str, ...], shown: list[int]) -> list[Markup]:
    """Draw both families of curves."""
    roc = [Line(f"{classes[index]} {class_auc(test, index):.3f}", *roc_points(test, index), index) for index in shown]
    recall = [Line(classes[index], *recall_points(test, index), index) for index in shown]
    titles = ("ROC, with the area under the curve", "Precision and recall")
    return [
        draw("curves-roc", Panel(titles[0], "1 - specificity, images", "sensitivity, images", roc, unit=True, diagonal=True)),
        draw("curves-recall", Panel(titles[1], "recall, images", "precision, images", recall, unit=True)),
    ]


def roc_points(test: Scores, label: int) -> tuple[list[float], list[float]]:
    """Return x and y of a ROC curve."""
    x, y, _ = roc_curve(test.labels == label, test.probabilities[:, label])
    return thinned(x), thinned(y)


def recall_points(test: Scores, label: int) -> tuple[list[float], list[float]]:
    """Return recall and precision, from the highest recall to 0."""
    precision, recall, _ = precision_recall_curve(test.labels == label, test.probabilities[:, label])
    return thinned(recall), thinned(precision)


def thinned(values: np.ndarray) -> list[float]:
    """Return at most POINTS values at equal steps, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(values) - 1, min(POINTS, len(values))).round().astype(int))
    return [round(float(value), 4) for value in values[kept]]
