"""Arithmetic of the header benchmark."""

import math

import pytest

from bench.dicom_index import AGAIN, MEDTFX, PLAIN, break_even, judged, start_seconds


def test_promise_is_judged_by_the_median() -> None:
    results = judged({PLAIN: [500.0], MEDTFX: [250.0, 400.0, 900.0], AGAIN: [9000.0]}, files=160)
    assert results["files_per_core_second"] == {PLAIN: 500.0, MEDTFX: 400.0, AGAIN: 9000.0}
    assert results["medtfx / plain"] == 0.8
    assert results["at least 300"] is True
    assert judged({PLAIN: [500.0], MEDTFX: [200.0], AGAIN: [1.0]}, files=1)["at least 300"] is False


@pytest.mark.parametrize(("cores", "files"), [(1, math.inf), (2, 1000), (4, 2000 / 3)])
def test_start_pays_once_the_other_cores_save_its_seconds(cores: int, files: float) -> None:
    assert break_even(1000.0, 0.5, cores) == pytest.approx(files)


def test_start_takes_processor_time() -> None:
    assert 0.05 < start_seconds() < 60
