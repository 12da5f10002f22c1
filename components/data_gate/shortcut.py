"""What metadata alone tell of the label, the finding on it, and the file that the report reads.

What slice columns and image size tell, a network may learn instead of the disease: a shortcut (Geirhos et al., 2020).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.blessing import Finding
from components.data_gate.resampled_auc import Area

SHORTCUT_FILE = "shortcut.json"
SIZE = "image size"
TOGETHER = "all together"
SUBJECT = "label by metadata alone, without pixels"


@dataclass(frozen=True)
class Shortcut:
    """The areas under the ROC curve that metadata reach on patients who were left out.

    Args:
        images: how many were looked at, all splits together.
        patients: whose they are.
        together: area of all columns together; None where nothing was judged.
        columns: area of each column alone, the greatest first.
        not_judged: why nothing was judged; empty where it was.
    """

    images: int
    patients: int
    together: Area | None = None
    columns: tuple[Area, ...] = ()
    not_judged: str = ""


def judge_shortcut(shortcut: Shortcut, *, warn_above: float, refuse_above: float | None) -> Finding:
    """Return the finding on what metadata tell; only a `refuse_above` makes it refuse.

    The lower end of the interval is compared: from few patients a high area comes by chance, and a refusal must rest on what is
    shown. So too few patients neither warn nor refuse, and the finding says that nothing was judged.
    """
    together = shortcut.together
    refuses = together is not None and refuse_above is not None and together.lower > refuse_above
    key, bound = ("refuse_above", refuse_above) if refuses else ("warn_above", warn_above)
    expected = f"AUC whose 95% interval begins at {bound:g} or below"
    if together is None:
        return Finding("data.shortcut", SUBJECT, expected, f"not judged: {shortcut.not_judged}", refuses=False)
    most = shortcut.columns[0]
    return Finding(
        rule=f"data.shortcut.{key}",
        subject=SUBJECT,
        expected=expected,
        found=f"{together.text}, {shortcut.images} images of {shortcut.patients} patients; most by {most.subject}: {most.text}",
        refuses=refuses,
        advice=_advice(most.subject, key) if refuses or together.lower > warn_above else "",
    )


def _advice(column: str, key: str) -> str:
    return (
        f"A model may learn {column} instead of the disease. Collect every class alike over {column}, or leave out images whose "
        f"{column} only one class has; where it is a risk factor that may count, raise data.shortcut.{key}."
    )


def write_shortcut(folder: Path, shortcut: Shortcut) -> None:
    """Write shortcut.json beside the findings."""
    (folder / SHORTCUT_FILE).write_text(json.dumps(asdict(shortcut), indent=2) + "\n", encoding="utf-8")


def read_shortcut(folder: Path) -> Shortcut:
    """Return what `write_shortcut` wrote."""
    content: Mapping[str, Any] = json.loads((folder / SHORTCUT_FILE).read_text(encoding="utf-8"))
    together = Area(**content["together"]) if content["together"] else None
    return Shortcut(**{**content, "together": together, "columns": tuple(Area(**area) for area in content["columns"])})
