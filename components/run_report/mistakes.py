"""Test images that the model is most wrong about."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from components.run_report.report_data import ReportData
from components.run_report.scores import Scores
from components.run_report.section import Section, absent
from models import records
from models.features import IMAGE, IMAGE_KEY, SPLITS

SHOWN = 12
PER_KIND = 4  # of one labelled and one decided class
READ_AT_ONCE = 64  # examples
SIDE = 192  # pixels of a thumbnail


@dataclass(frozen=True)
class Mistake:
    """An image with a wrong decision."""

    row: int
    image_key: str
    label: str
    decision: str
    decided: float  # probability of the decision
    labelled: float  # probability of the label
    source: str = ""  # data URI; empty when the image was not found


def section(data: ReportData) -> Section:
    """Return the most confident mistakes with their images."""
    if data.test is None:
        return absent(data, "mistakes", "Mistakes", lacks="There are no predictions on the test split.")
    wrong = int((data.test.decisions != data.test.labels).sum())
    chosen = choose(data.test)
    pictures = find_images(data.examples, [str(data.test.image_keys[index]) for index in chosen])
    shown = [mistake(data.test, index, data.config.data.classes, pictures) for index in chosen]
    values = {"mistakes": shown, "wrong": wrong, "images": len(data.test.labels), "side": SIDE}
    return Section("mistakes", "Mistakes", "mistakes.html.j2", values)


def choose(scores: Scores) -> list[int]:
    """Return positions of wrong images, most confident first: a patient once and a kind of mistake PER_KIND times at most."""
    confidence = scores.probabilities.max(axis=1)
    order = np.lexsort((scores.rows, -confidence))
    kinds: dict[tuple[int, int], int] = {}
    patients: set[str] = set()
    chosen: list[int] = []
    for index in order[(scores.decisions != scores.labels)[order]].tolist():
        kind = (int(scores.labels[index]), int(scores.decisions[index]))
        if scores.patients[index] not in patients and kinds.get(kind, 0) < PER_KIND and len(chosen) < SHOWN:
            chosen.append(index)
            patients.add(scores.patients[index])
            kinds[kind] = kinds.get(kind, 0) + 1
    return chosen


def mistake(scores: Scores, index: int, classes: Sequence[str], pictures: dict[str, str]) -> Mistake:
    """Return one wrong image in words."""
    label, decision = int(scores.labels[index]), int(scores.decisions[index])
    own = scores.probabilities[index]
    key = str(scores.image_keys[index])
    return Mistake(
        int(scores.rows[index]),
        key,
        classes[label],
        classes[decision],
        float(own[decision]),
        float(own[label]),
        pictures.get(key, ""),
    )


def find_images(examples: str | None, keys: Sequence[str], split: str = SPLITS[2]) -> dict[str, str]:
    """Return image key -> thumbnail, a data URI, for those keys that the split holds."""
    if not examples or not keys:
        return {}
    from tensorflow.train import Example  # noqa: PLC0415 - seconds to load, and most reports of refusals need none

    wanted, found = {key.encode(): key for key in keys}, {}
    stored = records.index(Path(examples) / f"Split-{split}")
    for record in chain.from_iterable(stored.batches(READ_AT_ONCE)):
        # A search for the key costs far less than parsing every example.
        for key in [key for key in wanted if key in record]:
            feature = Example.FromString(record).features.feature
            if feature[IMAGE_KEY].bytes_list.value[0] == key:
                found[wanted.pop(key)] = thumbnail(feature[IMAGE].bytes_list.value[0])
        if not wanted:
            break
    return found


def thumbnail(encoded: bytes) -> str:
    """Return a canonical PNG as a data URI, as it is when it is small, else a JPEG with SIDE pixels as its longer side."""
    picture = Image.open(io.BytesIO(encoded))
    if max(picture.size) <= SIDE:
        return f"data:image/png;base64,{base64.b64encode(encoded).decode()}"
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    smaller = io.BytesIO()
    picture.save(smaller, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(smaller.getvalue()).decode()}"
