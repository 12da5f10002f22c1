"""The table of predictions as arrays."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from components.run_report.report_data import ReportData
from components.run_report.scores import Scores, read_scores


def test_models_and_splits_are_told_apart(data: ReportData) -> None:
    assert data.scores is not None
    assert sorted(data.scores) == [(model, split) for model in ("baseline", "candidate") for split in ("test", "val")]
    assert len({len(data.scores[model, "test"].labels) for model in ("baseline", "candidate")}) == 1


def test_images_stand_by_row(data: ReportData) -> None:
    assert data.test is not None
    assert (np.diff(data.test.rows) > 0).all()


def test_probabilities_of_an_image_sum_to_one(data: ReportData) -> None:
    assert data.test is not None
    assert data.test.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("row", [(float("nan"), 0.5), (float("inf"), 0.5), (float("inf"), float("-inf")), (0.0, 0.0)])
def test_a_row_that_is_no_probabilities_is_nan_and_others_stay(row: tuple[float, float]) -> None:
    table = pa.table({"p_0": pa.array([row[0], 0.25], pa.float32()), "p_1": pa.array([row[1], 0.75], pa.float32())})
    found = Scores(table, ("a", "b")).probabilities
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.25, 0.75]


def test_a_part_keeps_the_lines_of_its_images_together(data: ReportData) -> None:
    assert data.test is not None
    part = data.test.where(data.test.labels == 1)
    assert set(part.labels.tolist()) == {1}
    assert part.image_keys.tolist() == data.test.image_keys[data.test.labels == 1].tolist()


def test_a_folder_without_a_table_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_scores(tmp_path, ("a", "b"))
