"""Tables of measures."""

from collections.abc import Callable
from dataclasses import replace

from components.run_report.performance import class_lines, overall_lines, slice_lines
from components.run_report.report_data import ReportData
from components.run_report.scores import Scores

Show = Callable[[str, ReportData], str]


def test_slices_of_a_column_share_out_all_images(data: ReportData) -> None:
    assert data.test is not None
    lines = list(slice_lines(data, data.test, "site"))
    assert [line["value"] for line in lines] == ["north", "south"]
    assert sum(line["measured"].images for line in lines) == len(data.test.labels)
    assert all(len(line["rates"]) == len(data.config.gate.rules) for line in lines)


def test_baseline_stands_beside_the_candidate(data: ReportData) -> None:
    assert [(model, split) for model, split, _ in overall_lines(data)] == [
        ("candidate", "test"),
        ("baseline", "test"),
        ("candidate", "val"),
    ]


def test_patients_of_classes_are_counted_once_each(data: ReportData) -> None:
    assert data.test is not None
    assert sum(line["patients"] for line in class_lines(data, data.test)) == data.test.patient_count


def test_a_slice_without_a_class_has_no_area(data: ReportData) -> None:
    assert data.test is not None
    part = data.test.where((data.test.labels != 1) | (data.test.texts("site") == "south"))
    north = next(line for line in slice_lines(data, part, "site") if line["value"] == "north")
    assert north["measured"].auc is None


def test_without_tfma_the_line_of_tfma_is_left_out(data: ReportData, show: Show) -> None:
    assert "the same by TFMA" in show("performance", data)
    assert "the same by TFMA" not in show("performance", replace(data, evaluation=None))


def test_an_empty_test_split_counts_as_no_predictions(data: ReportData, show: Show) -> None:
    assert data.test is not None
    empty = Scores(data.test.table.slice(0, 0), data.test.classes)
    assert "There are no predictions on the test split." in show(
        "performance", replace(data, scores={("candidate", "test"): empty})
    )
