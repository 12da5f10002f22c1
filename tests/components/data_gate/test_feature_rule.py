from collections.abc import Sequence
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_rule import Value, breaks, rows_breaking, rule_text
from models import records

SITE = schema_pb2.Feature(name="site", type=schema_pb2.BYTES, string_domain=schema_pb2.StringDomain(value=["north", "süd"]))
WIDTH = schema_pb2.Feature(name="width", type=schema_pb2.INT, int_domain=schema_pb2.IntDomain(min=8, max=100))
MEAN = schema_pb2.Feature(name="mean", type=schema_pb2.FLOAT, float_domain=schema_pb2.FloatDomain(min=0.25))
FREE = schema_pb2.Feature(name="free", type=schema_pb2.BYTES)
NONE = schema_pb2.Schema()


@pytest.mark.parametrize(
    ("feature", "values", "broken"),
    [
        (SITE, [b"north"], False),
        (SITE, ["süd".encode()], False),
        (SITE, [b"east"], True),
        (SITE, [], True),
        (WIDTH, [8], False),
        (WIDTH, [7], True),
        (WIDTH, [101], True),
        (MEAN, [0.25], False),
        (MEAN, [0.2], True),
        (MEAN, [float("nan")], True),
        (FREE, [b"anything"], False),
        (FREE, [], True),
    ],
)
def test_value_breaks_its_rule(feature: schema_pb2.Feature, values: Sequence[Value], broken: bool) -> None:
    assert breaks(values, feature, tuple(feature.string_domain.value)) == broken


@pytest.mark.parametrize(
    ("feature", "text"),
    [(SITE, "one of north, süd"), (WIDTH, "8 to 100"), (MEAN, "0.25 to inf"), (FREE, "one value in every example")],
)
def test_rule_is_said_in_words(feature: schema_pb2.Feature, text: str) -> None:
    assert rule_text(feature, NONE) == text


def test_domain_may_stand_in_the_schema() -> None:
    schema = schema_pb2.Schema(string_domain=[schema_pb2.StringDomain(name="sites", value=["north"])])
    assert rule_text(schema_pb2.Feature(name="site", domain="sites"), schema) == "one of north"


@pytest.fixture
def examples(tmp_path: Path) -> records.Records:
    """Return three examples, rows 3, 2 and 1, with widths 7, 10 and none."""
    with tf.io.TFRecordWriter(str(tmp_path / "examples")) as writer:
        for row, widths in ((3, [7]), (2, [10]), (1, [])):
            example = tf.train.Example()
            example.features.feature["row"].int64_list.value.append(row)
            example.features.feature["width"].int64_list.value.extend(widths)
            writer.write(example.SerializeToString())
    return records.index(tmp_path)


def test_rows_that_break_the_rule_are_found_and_sorted(examples: records.Records) -> None:
    assert rows_breaking(examples, WIDTH, NONE) == (1, 3)


def test_values_of_another_type_name_no_rows(examples: records.Records) -> None:
    assert rows_breaking(examples, schema_pb2.Feature(name="width", type=schema_pb2.FLOAT), NONE) == ()


def test_feature_without_type_names_no_rows(examples: records.Records) -> None:
    assert rows_breaking(examples, schema_pb2.Feature(name="width"), NONE) == ()
