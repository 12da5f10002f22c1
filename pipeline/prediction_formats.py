"""What `medtfx predict` prints: a table for people, JSON lines, CSV."""

import csv
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TextIO

import numpy as np

from serving.client import ClientError, Failure, Outcome, Prediction

COLUMNS = ("image", "decision", "probability", "model", "version", "reason", "message")


class Format(Protocol):
    """Takes outcomes one by one."""

    def add(self, outcome: Outcome) -> None:
        """Take an outcome."""

    def end(self) -> None:
        """Write what is left."""


class JsonLines:
    """An object a line, written at once."""

    def __init__(self, stream: TextIO) -> None:
        """Write to an open text stream."""
        self._stream = stream

    def add(self, outcome: Outcome) -> None:
        """Write an outcome."""
        print(json.dumps(json_fields(outcome)), file=self._stream, flush=True)

    def end(self) -> None:
        """Nothing is left."""


class Csv:
    """A line per image with a column per class, 'p(class)'; the columns follow from the first prediction."""

    def __init__(self, stream: TextIO) -> None:
        """Write to an open text stream."""
        self._stream = stream
        self._writer: csv.DictWriter[str] | None = None
        self._classes: tuple[str, ...] = ()
        self._waiting: list[Failure] = []

    def add(self, outcome: Outcome) -> None:
        """Write an outcome, or keep it until the columns are known.

        Raises:
            ClientError: when a version with other classes has taken over.
        """
        if isinstance(outcome, Failure):
            self._waiting.append(outcome)
        elif self._writer is None:
            self._begin(outcome.classes)
        elif outcome.classes != self._classes:
            raise ClientError(f"version {outcome.version} has other classes than the one before; name one with --version")
        if self._writer is not None:
            self._write_waiting()
        if isinstance(outcome, Prediction):
            self._write(outcome)

    def end(self) -> None:
        """Write what is left when nothing was predicted."""
        if self._writer is None:
            self._begin(())
        self._write_waiting()

    def _begin(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        columns = [*COLUMNS[:3], *map(class_column, classes), *COLUMNS[3:]]
        self._writer = csv.DictWriter(self._stream, columns, restval="", lineterminator="\n")
        self._writer.writeheader()

    def _write_waiting(self) -> None:
        for failure in self._waiting:
            self._write(failure)
        self._waiting.clear()

    def _write(self, outcome: Outcome) -> None:
        values = probabilities(outcome) if isinstance(outcome, Prediction) else {}
        if self._writer is not None:
            self._writer.writerow(fields(outcome) | {class_column(name): value for name, value in values.items()})
            self._stream.flush()


class Table:
    """Aligned columns, written at the end, of what was predicted."""

    def __init__(self, stream: TextIO) -> None:
        """Write to an open text stream."""
        self._stream = stream
        self._rows = [("image", "decision", "probability", "version")]

    def add(self, outcome: Outcome) -> None:
        """Keep a prediction."""
        if isinstance(outcome, Prediction):
            row = (shown(outcome.source), shown(outcome.decision), f"{outcome.probability:.4f}", str(outcome.version))
            self._rows.append(row)

    def end(self) -> None:
        """Write the table; none without a row."""
        widths = [max(map(len, column)) for column in zip(*self._rows, strict=True)]
        for row in self._rows if len(self._rows) > 1 else ():
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print(line.rstrip(), file=self._stream)
        self._stream.flush()


FORMATS: Mapping[str, Callable[[TextIO], Format]] = {"table": Table, "jsonl": JsonLines, "csv": Csv}


def fields(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values by column, without the probabilities of all classes."""
    if isinstance(outcome, Failure):
        return {"image": shown(outcome.source), "reason": outcome.reason, "message": outcome.message}
    return {
        "image": shown(outcome.source),
        "decision": outcome.decision,
        "probability": probabilities(outcome)[outcome.decision],
        "model": outcome.model,
        "version": outcome.version,
    }


def json_fields(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a JSON object."""
    more = {"probabilities": probabilities(outcome)} if isinstance(outcome, Prediction) else {}
    return fields(outcome) | more


def from_json_fields(content: Mapping[str, Any]) -> Outcome:
    """Return the outcome that `json_fields` made an object of."""
    if "reason" in content:
        return Failure(content["image"], content["reason"], content["message"])
    shares: dict[str, float] = content["probabilities"]
    values = np.array(list(shares.values()), np.float32)
    return Prediction(content["image"], tuple(shares), values, content["decision"], content["model"], content["version"])


def probabilities(prediction: Prediction) -> dict[str, float]:
    """Return probabilities by class, with as many digits as float32 has: 0.3, where float64 would say 0.30000001192092896."""
    return {name: float(str(value)) for name, value in zip(prediction.classes, prediction.probabilities, strict=True)}


def class_column(name: str) -> str:
    """Return the CSV column of a class."""
    return f"p({name})"


def shown(name: str) -> str:
    """Return a name that any stream takes: bytes of a file name that are no UTF-8, and what would move the cursor, escaped."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
