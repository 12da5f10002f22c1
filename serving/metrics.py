"""Counters and latency distributions under TF Serving's names, in Prometheus' text form.

Written by hand: prometheus-client appends _total to a counter's name, and dashboards made for TF Serving would miss it.
Buckets and form follow tensorflow/serving, servables/tensorflow/util.cc and util/prometheus_exporter.cc. Model names come from
the configuration, never from a request, and no path is a label.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

BOUNDS = tuple(10 * 1.8**power for power in range(33))  # microseconds, up to about 20 minutes
MICROSECONDS = 1e6
Labels = tuple[str, ...]


@dataclass
class Counter:
    """How often something happened, by labels."""

    name: str
    labels: Sequence[str]
    _counts: dict[Labels, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, *values: str) -> None:
        """Count one more for the values of the labels."""
        with self._lock:
            self._counts[values] = self._counts.get(values, 0) + 1

    def lines(self) -> Iterator[str]:
        """Yield the exposition lines."""
        with self._lock:
            counts = sorted(self._counts.items())
        yield f"# TYPE {self.name} counter"
        for values, count in counts:
            yield f"{self.name}{{{pairs(self.labels, values)}}} {count}"


@dataclass
class Histogram:
    """How long something took, by labels."""

    name: str
    labels: Sequence[str]
    _buckets: dict[Labels, list[int]] = field(default_factory=dict)
    _sums: dict[Labels, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def observe(self, seconds: float, *values: str) -> None:
        """Add one duration for the values of the labels."""
        microseconds = seconds * MICROSECONDS
        with self._lock:
            buckets = self._buckets.setdefault(values, [0] * (len(BOUNDS) + 1))
            buckets[bisect_left(BOUNDS, microseconds)] += 1
            self._sums[values] = self._sums.get(values, 0.0) + microseconds

    def lines(self) -> Iterator[str]:
        """Yield the exposition lines; buckets are cumulative."""
        with self._lock:
            series = [(values, list(counts), self._sums[values]) for values, counts in sorted(self._buckets.items())]
        yield f"# TYPE {self.name} histogram"
        for values, counts, total in series:
            labels, below = pairs(self.labels, values), 0
            for bound, count in zip((*(f"{bound:g}" for bound in BOUNDS), "+Inf"), counts, strict=True):
                below += count
                yield f'{self.name}_bucket{{{labels},le="{bound}"}} {below}'
            yield f"{self.name}_sum{{{labels}}} {total:g}"
            yield f"{self.name}_count{{{labels}}} {below}"


def pairs(names: Sequence[str], values: Labels) -> str:
    """Return label pairs, values escaped."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in values)
    return ",".join(f'{name}="{value}"' for name, value in zip(names, escaped, strict=True))


@dataclass(frozen=True)
class ServerMetrics:
    """What a server counts."""

    requests: Counter = field(default_factory=lambda: Counter(":tensorflow:serving:request_count", ("model_name", "status")))
    request_latency: Histogram = field(
        default_factory=lambda: Histogram(":tensorflow:serving:request_latency", ("model_name", "API", "entrypoint"))
    )
    runtime_latency: Histogram = field(
        default_factory=lambda: Histogram(":tensorflow:serving:runtime_latency", ("model_name", "API", "runtime"))
    )
    warmup_latency: Histogram = field(
        default_factory=lambda: Histogram(":tensorflow:serving:model_warmup_latency", ("model_path", "status"))
    )

    def page(self) -> str:
        """Return the page that Prometheus reads."""
        instruments = (self.requests, self.request_latency, self.runtime_latency, self.warmup_latency)
        return "".join(f"{line}\n" for instrument in instruments for line in instrument.lines())
