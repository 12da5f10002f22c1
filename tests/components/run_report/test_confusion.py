"""The confusion matrix."""

from sklearn.metrics import confusion_matrix

from components.run_report.confusion import matrix
from components.run_report.report_data import ReportData


def test_matrix_equals_scikit_learn(data: ReportData) -> None:
    assert data.test is not None
    assert (matrix(data.test) == confusion_matrix(data.test.labels, data.test.decisions, labels=[0, 1, 2])).all()
