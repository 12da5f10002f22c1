"""Arithmetic of the header benchmark."""

from bench.dicom_index import AGAIN, MEDTFX, PLAIN, judged


def test_promise_is_judged_by_the_median() -> None:
    results = judged({PLAIN: [500.0], MEDTFX: [250.0, 400.0, 900.0], AGAIN: [9000.0]}, files=160)
    assert results["files_per_core_second"] == {PLAIN: 500.0, MEDTFX: 400.0, AGAIN: 9000.0}
    assert results["medtfx / plain"] == 0.8
    assert results["at least 300"] is True
    assert judged({PLAIN: [500.0], MEDTFX: [200.0], AGAIN: [1.0]}, files=1)["at least 300"] is False
