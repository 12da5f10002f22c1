import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.json_values import decimal, error_body, parse_object, shown
from serving.serving_error import ServingError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2, "0.2"),
        (2.0, "2.0"),
        (0.0, "0.0"),
        (9000000.0, "9e+06"),
        (0.00003, "3e-05"),
        (0.1234567, "0.123456702"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_single_numbers_are_written_as_tf_serving_does(value, text):
    (single,) = struct.unpack("f", struct.pack("f", value))
    assert decimal(single, is_single=True) == text


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False))
def test_a_written_single_number_reads_back_as_itself(value):
    (back,) = struct.unpack("f", struct.pack("f", float(decimal(value, is_single=True))))
    assert back == value


@settings(deadline=None)
@given(st.floats(allow_nan=False))
def test_a_written_double_number_reads_back_as_itself(value):
    assert float(decimal(value, is_single=False)) == value


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (b'  {"a": }', "JSON Parse error: Invalid value. at offset: 8"),
        (b'{"a": "', "JSON Parse error: Missing a closing quotation mark in string. at offset: 6"),
        (b'{"a": -1e400}', "JSON Parse error: Number too big to be stored in double"),
        (b"[1]", r"JSON Value: <Array of 1> Is not object"),
        (b'{"a": "\xff"}', "JSON Parse error: Invalid encoding in string. at offset: 7"),
        (b'{"a": ' + b"[" * 100_000, "JSON Parse error: nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON Parse error: Number too big to be stored in double"),
    ],
)
def test_what_is_no_object_is_refused(body, text):
    with pytest.raises(ServingError, match=text):
        parse_object(body)


def test_nan_is_read_and_what_follows_the_document_is_not():
    assert math.isnan(parse_object(b' {"a": NaN} and more')["a"])


def test_a_byte_order_mark_is_no_part_of_the_document():
    assert parse_object(b'\xef\xbb\xbf {"a": 1}') == {"a": 1}


def test_whole_numbers_of_more_than_64_bits_are_floating():
    body = f'{{"a": [{2**64 - 1}, {2**64}, {-(2**63)}, {-(2**63) - 1}]}}'.encode()
    assert [type(value) for value in parse_object(body)["a"]] == [int, float, int, float]
    assert parse_object(body)["a"] == [2**64 - 1, 2.0**64, -(2**63), -(2.0**63)]


def test_values_are_described_and_not_repeated():
    assert [shown(value) for value in (None, True, "Doe", {"id": 7}, [1, 2], 3.5)] == [
        *("<Null>", "<True>", "<String of 3>", "<Object of 1>", "<Array of 2>", "<Number>")
    ]


def test_errors_are_json():
    assert error_body('a "quoted" text') == '{\n    "error": "a \\"quoted\\" text"\n}'
