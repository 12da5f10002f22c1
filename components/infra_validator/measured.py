"""What serving took, and whether that is within its budget: pure functions from figures to findings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from components.blessing import Finding

if TYPE_CHECKING:  # commands that read figures need no configuration
    from pipeline.config import Budget

MEASURED_FILE = "serving.json"
LATENCY_ADVICE = "Run again, if the machine was busy: the model is measured anew. Else take a smaller model or raise the budget."
MEMORY_ADVICE = "Take a smaller model or image.size, or raise the budget."


@dataclass(frozen=True)
class Measured:
    """What a served model took on the machine that validated it.

    Args:
        p50_ms: median latency of a request for one image, over gRPC, after warm-up.
        p95_ms: its 95th percentile.
        memory_mb: the most memory of the server process, in MiB.
    """

    p50_ms: float
    p95_ms: float
    memory_mb: float


def measured(milliseconds: Sequence[float], memory_mb: float) -> Measured:
    """Sum up the milliseconds of single requests, two at least."""
    p95 = quantiles(milliseconds, n=20, method="inclusive")[-1]
    return Measured(round(median(milliseconds), 3), round(p95, 3), round(memory_mb, 1))


def judge(found: Measured, budget: "Budget") -> list[Finding]:
    """Return a finding per figure; those over their bound refuse, and one without a bound is told and not judged."""
    latency = "latency of a request for one image"
    return [
        _held("p50_ms", f"median {latency}", f"{found.p50_ms:.3g} ms", _bound(found.p50_ms, budget.p50_ms, "ms")),
        _held("p95_ms", f"95th percentile of the {latency}", f"{found.p95_ms:.3g} ms", _bound(found.p95_ms, budget.p95_ms, "ms")),
        _held(
            "memory_mb",
            "peak memory of the server",
            f"{found.memory_mb:.0f} MiB",
            _bound(found.memory_mb, budget.memory_mb, "MiB"),
        ),
    ]


def _bound(value: float, most: float | None, unit: str) -> tuple[str, bool]:
    """Return what is expected and whether the value is over it; written so that a NaN is."""
    return ("no bound is set", False) if most is None else (f"at most {most:g} {unit}", not value <= most)


def _held(key: str, subject: str, found: str, bound: tuple[str, bool]) -> Finding:
    expected, over = bound
    advice = MEMORY_ADVICE if key == "memory_mb" else LATENCY_ADVICE
    return Finding(f"serving.budget.{key}", subject, expected, found, refuses=over, advice=advice if over else "")


def write_measured(found: Measured, folder: Path) -> None:
    """Write the figures beside a blessing's findings."""
    (folder / MEASURED_FILE).write_text(json.dumps(asdict(found)))


def serving_in_words(figures: Mapping[str, float]) -> str:
    """Return the content of serving.json as a phrase."""
    latency = f"{figures['p50_ms']:.3g} ms, 95th percentile {figures['p95_ms']:.3g} ms"
    return f"median {latency} for one image; server's peak memory {figures['memory_mb']:.0f} MiB"
