import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.schema_difference import differences


def schema(*features: str) -> schema_pb2.Schema:
    return text_format.Parse(" ".join(f"feature {{ {feature} }}" for feature in features), schema_pb2.Schema())


def width(low: int, high: int) -> str:
    return f'name: "width" type: INT int_domain {{ min: {low} max: {high} }}'


def site(*values: str) -> str:
    listed = " ".join(f'value: "{value}"' for value in values)
    return f'name: "site" type: BYTES string_domain {{ {listed} }}'


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (width(8, 90), width(10, 90), "width: 8 to 90 -> 10 to 90 (narrower)"),
        (width(8, 90), width(8, 95), "width: 8 to 90 -> 8 to 95 (wider)"),
        (width(8, 90), width(10, 95), "width: 8 to 90 -> 10 to 95 (moved)"),
        (site("a"), site("b"), "site: a -> b (new: b; gone: a)"),
        (site("a"), 'name: "site" type: BYTES', "site: a -> any text (any value is allowed now)"),
        ('name: "site" type: BYTES', site("a"), "site: any text -> a (values are listed now)"),
    ],
)
def test_change_of_a_rule_is_said_in_words(before: str, after: str, told: str) -> None:
    assert [str(change) for change in differences(schema(before), schema(after))] == [told]


def test_feature_of_one_schema_alone_is_told() -> None:
    told = [str(change) for change in differences(schema(width(8, 9)), schema(site("a")))]
    assert told == ["width: 8 to 9 -> not named (left out)", "site: not named -> a (new)"]


def test_equal_schemas_and_other_classes_are_no_difference() -> None:
    label = 'name: "label" type: BYTES string_domain {{ value: "{}" }}'
    assert list(differences(schema(width(8, 9), label.format("a")), schema(width(8, 9), label.format("b")))) == []
