"""How the model learned."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from components.run_report.figures import Line, Panel, draw
from components.run_report.report_data import ReportData
from components.run_report.section import Section, absent

CURVES = (("Loss", "loss", "val_loss"), ("Accuracy", "accuracy", "val_accuracy"))


def section(data: ReportData) -> Section:
    """Return the curves and what was chosen."""
    history = data.history
    if history is None:
        return absent(data, "training", "Training", lacks="There is no training history.")
    epochs = history["epochs"]
    values = {
        "history": history,
        "figures": figures(history) if epochs else [],
        "steps": max((epoch["steps"] for epoch in epochs), default=0),
        "seconds": sum(epoch["seconds"] for epoch in epochs),
        "best": next((epoch for epoch in epochs if epoch["epoch"] == history["best_epoch"]), None),
        "training": data.config.training,
    }
    return Section("training", "Training", "training.html.j2", values)


def figures(history: Mapping[str, Any]) -> list[Markup]:
    """Draw loss and accuracy by epoch, the kept epoch marked."""
    epochs = history["epochs"]
    numbers = [epoch["epoch"] for epoch in epochs]
    drawn = []
    for title, train, val in CURVES:
        lines = (
            Line("train", numbers, [epoch[train] for epoch in epochs], 0),
            Line("val", numbers, [epoch[val] for epoch in epochs], 1),
        )
        drawn.append(draw(f"training-{train}", Panel(title, "epoch", "", lines, marked=history["best_epoch"])))
    return drawn
