import csv
import io
import json

import numpy as np
import pytest

from pipeline.prediction_formats import FORMATS, shown
from serving.client import ClientError, Failure, Prediction


def prediction(source="a.png", classes=("normal", "nodule"), version=3):
    return Prediction(source, classes, np.array([0.3, 0.7], np.float32), classes[1], "demo", version)


FAILED = Failure("b.dcm", "truncated", "the file ends early")


def written(layout, *outcomes):
    stream = io.StringIO()
    made = FORMATS[layout](stream)
    for outcome in outcomes:
        made.add(outcome)
    made.end()
    return stream.getvalue()


def test_json_line_holds_float32_with_its_own_digits():
    first, second = map(json.loads, written("jsonl", prediction(), FAILED).splitlines())
    assert first == {
        "image": "a.png",
        "decision": "nodule",
        "probability": 0.7,
        "model": "demo",
        "version": 3,
        "probabilities": {"normal": 0.3, "nodule": 0.7},
    }
    assert second == {"image": "b.dcm", "reason": "truncated", "message": "the file ends early"}


def test_csv_has_a_column_per_class_and_keeps_the_order_of_failures():
    rows = list(csv.DictReader(io.StringIO(written("csv", FAILED, prediction(), FAILED))))
    assert [row["image"] for row in rows] == ["b.dcm", "a.png", "b.dcm"]
    assert (rows[1]["p(normal)"], rows[1]["p(nodule)"], rows[1]["reason"]) == ("0.3", "0.7", "")
    assert (rows[0]["p(normal)"], rows[0]["reason"]) == ("", "truncated")


def test_csv_of_failures_alone_has_its_header():
    assert written("csv", FAILED).splitlines() == [
        "image,decision,probability,model,version,reason,message",
        "b.dcm,,,,,truncated,the file ends early",
    ]


def test_csv_refuses_a_version_with_other_classes():
    with pytest.raises(ClientError, match="version 4 has other classes than the one before; name one with --version"):
        written("csv", prediction(), prediction(classes=("a", "b"), version=4))


def test_table_is_aligned_and_shows_predictions_alone():
    assert written("table", prediction("long name.png"), FAILED, prediction("a")).splitlines() == [
        "image          decision  probability  version",
        "long name.png  nodule    0.7000       3",
        "a              nodule    0.7000       3",
    ]
    assert written("table", FAILED) == ""


@pytest.mark.parametrize(
    ("name", "expected"), [("ä b.png", "ä b.png"), ("a\x1b[2J\n.png", "a\\x1b[2J\\n.png"), ("a\udcff.png", "a\\xff.png")]
)
def test_name_can_be_printed_anywhere_and_moves_no_cursor(name, expected):
    assert shown(name) == expected
