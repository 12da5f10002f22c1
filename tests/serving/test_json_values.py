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
        (b"{", "JSON Parse error: .* at offset: 1"),
        (b"[1]", r"JSON Value: <Array of 1> Is not object"),
        (b'{"a": "\xff"}', "JSON Parse error: Invalid encoding in string. at offset: 7"),
        (b'{"a": ' + b"[" * 100_000, "JSON Parse error: nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON Parse error: .* too many digits"),
    ],
)
def test_what_is_no_object_is_refused(body, text):
    with pytest.raises(ServingError, match=text):
        parse_object(body)


def test_nan_is_read_and_what_follows_the_document_is_not():
    assert math.isnan(parse_object(b' {"a": NaN} and more')["a"])


def test_values_are_described_and_not_repeated():
    assert [shown(value) for value in (None, True, "Doe", {"id": 7}, [1, 2], 3.5)] == [
        *("<Null>", "<True>", "<String of 3>", "<Object of 1>", "<Array of 2>", "<Number>")
    ]


def test_errors_are_json():
    assert error_body('a "quoted" text') == '{\n    "error": "a \\"quoted\\" text"\n}'
