"""Example mistakes."""

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from components.run_report.mistakes import PER_KIND, SHOWN, SIDE, choose, find_images, section, thumbnail
from components.run_report.report_data import ReportData


def encoded(side: int) -> bytes:
    written = io.BytesIO()
    Image.fromarray(np.arange(side * side, dtype=np.uint16).reshape(side, side).astype(np.uint8)).save(written, "PNG")
    return written.getvalue()


def test_only_wrong_images_each_of_another_patient_surest_first(data: ReportData) -> None:
    test = data.test
    assert test is not None
    chosen = choose(test)
    assert 0 < len(chosen) <= SHOWN
    assert (test.decisions[chosen] != test.labels[chosen]).all()
    assert len({*test.patients[chosen]}) == len(chosen)
    assert (np.diff(test.probabilities[chosen].max(axis=1)) <= 0).all()
    kinds = test.labels[chosen] * 3 + test.decisions[chosen]
    assert np.bincount(kinds).max() <= PER_KIND


def test_every_mistake_shows_the_image_of_its_key(data: ReportData) -> None:
    mistakes = section(data).values["mistakes"]
    assert all(mistake.source.startswith("data:image/png;base64,") for mistake in mistakes)  # type: ignore[attr-defined]


def test_an_image_that_is_not_there_leaves_a_blank(data: ReportData) -> None:
    assert find_images(data.examples, ["0" * 32]) == {}
    mistakes = section(replace(data, examples=None)).values["mistakes"]
    assert {mistake.source for mistake in mistakes} == {""}  # type: ignore[attr-defined]


def test_a_small_image_stands_as_it_is() -> None:
    assert base64.b64decode(thumbnail(encoded(SIDE)).partition(",")[2]) == encoded(SIDE)


def test_a_large_image_is_made_smaller() -> None:
    small = thumbnail(encoded(2 * SIDE))
    assert small.startswith("data:image/jpeg;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(small.partition(",")[2]))).size == (SIDE, SIDE)
