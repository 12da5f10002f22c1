"""JSON as TF Serving reads and writes it: what Python's json module does differently.

Source: tensorflow/serving, util/json_tensor.cc: rapidjson, NaN and infinities allowed, a byte order mark and what follows the
document ignored.
"""

import json
import math
import struct
from typing import Any

from serving.serving_error import invalid

SPACE = " \t\r\n"
LONGEST_WHOLE = 20  # characters of a number of 64 bits
# What rapidjson (error/en.h) says where Python's decoder says this.
RAPIDJSON_TEXTS = {
    "Expecting value": "Invalid value.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid control character at": "Invalid encoding in string.",
}


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request's body.

    Raises:
        ServingError: INVALID_ARGUMENT when there is none.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        text = body.decode("utf-8-sig")
        value, _ = DECODER.raw_decode(text, len(text) - len(text.lstrip(SPACE)))
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {RAPIDJSON_TEXTS.get(error.msg, error.msg)} at offset: {error.pos}") from error
    except UnicodeDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid encoding in string. at offset: {error.start}") from error
    except RecursionError as error:
        raise invalid("JSON Parse error: nested too deeply") from error
    if not isinstance(value, dict):
        raise invalid(f"JSON Value: {shown(value)} Is not object")
    return value


def floating(text: str) -> float:
    """Read a number with a fraction or an exponent.

    Raises:
        ServingError: INVALID_ARGUMENT when it is larger than any double; Python would make an infinity of it.
    """
    value = float(text)
    if math.isinf(value):
        raise invalid("JSON Parse error: Number too big to be stored in double.")
    return value


def whole(text: str) -> int | float:
    """Read a whole number; one of more than 64 bits is a double, as rapidjson has it."""
    if len(text) > LONGEST_WHOLE or not -(2**63) <= int(text) < 2**64:
        return floating(text)
    return int(text)


DECODER = json.JSONDecoder(parse_float=floating, parse_int=whole)


def shown(value: Any) -> str:
    """Describe a value in an error by its kind and size: what a request holds is not repeated."""
    sized = f" of {len(value)}" if isinstance(value, list | dict | str) else ""
    return f"<{json_type(value)}{sized}>"


def json_type(value: Any) -> str:
    """Return what JSON calls a value's type."""
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    names: dict[type, str] = {dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")


def decimal(value: float, *, is_single: bool) -> str:
    """Return a floating-point number in the shortest form that reads back as the same number.

    Six digits where they suffice, all of them where not, and always recognisable as no whole number: 0.2, 2.0, 9e+06, NaN.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "-Infinity" if value < 0 else "Infinity"
    text = f"{value:g}"
    if _single(float(text)) != value if is_single else float(text) != value:
        text = f"{value:.{9 if is_single else 17}g}"
    return text if "." in text or "e" in text else f"{text}.0"


def _single(value: float) -> float:
    """Round to float32; what is too large for it is infinite."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def error_body(text: str) -> str:
    """Return the body of a response that is an error."""
    return json.dumps({"error": text}, ensure_ascii=False, indent=4)
