"""What a gate publishes: blessed or not, the verdict and its findings. A gate never raises.

The `blessed` property (0 or 1) is the one that TFX's own components read; findings.json beside it says why.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import NotBlessedError

if TYPE_CHECKING:  # TFX takes seconds to load, and commands that read a verdict need none of it
    from tfx.types import Artifact

FINDINGS_FILE = "findings.json"
BLESSED = "blessed"


@dataclass(frozen=True)
class Finding:
    """One rule applied to one subject.

    Args:
        rule: the configuration key or check, such as 'data.max_quarantined'.
        subject: what was looked at, such as 'feature label' or 'sensitivity of pneumonia, overall'.
        expected: what the rule asks for, as text with its figure.
        found: what was found, as text with its figure.
        refuses: whether this finding stops the run.
        rows: manifest rows that it rests on, at most 20.
        advice: what to do about it.
    """

    rule: str
    subject: str
    expected: str
    found: str
    refuses: bool = True
    rows: tuple[int, ...] = ()
    advice: str = ""


def publish(blessing: "Artifact", verdict: str, findings: Sequence[Finding]) -> None:
    """Write the verdict ('accepted' blesses, anything else refuses) and the findings into a blessing artifact."""
    text = json.dumps({"verdict": verdict, "findings": [asdict(finding) for finding in findings]}, indent=2)
    (Path(blessing.uri) / FINDINGS_FILE).write_text(text)
    blessing.set_int_custom_property(BLESSED, int(verdict == "accepted"))


def read(blessing_uri: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the verdict and the findings that a gate published."""
    content = json.loads((Path(blessing_uri) / FINDINGS_FILE).read_text())
    findings = (Finding(**{**found, "rows": tuple(found["rows"])}) for found in content["findings"])
    return content["verdict"], tuple(findings)


def is_blessed(blessing: "Artifact") -> bool:
    """Tell whether a gate accepted."""
    return blessing.get_int_custom_property(BLESSED) == 1


def require(blessings: Sequence["Artifact"], gate: str) -> None:
    """Raise NotBlessedError unless the gate published exactly one blessing and accepted."""
    if len(blessings) != 1 or not is_blessed(blessings[0]):
        raise NotBlessedError(f"{gate} has not blessed this input; nothing was done.")
