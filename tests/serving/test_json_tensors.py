import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving.json_tensors import decoded, dense_shape, fill, nested, shape_text, texts_of
from serving.serving_error import ServingError
from serving.tensors import to_proto

DTYPES = st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint64, np.bool_])


@settings(deadline=None)
@given(arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, min_side=1)))
def test_an_array_is_the_same_after_its_way_through_json(array):
    text = nested(texts_of("y", to_proto(array)), list(array.shape))
    np.testing.assert_array_equal(np.array(json.loads(text), array.dtype), array)


@settings(deadline=None)
@given(arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, min_side=1), elements={"allow_nan": False, "allow_infinity": False}))
def test_lists_fill_a_tensor_in_row_major_order(array):
    given_ = array.tolist()
    tensor = to_proto(array)
    for field in ("float_val", "double_val", "int_val", "int64_val", "uint64_val", "bool_val"):
        tensor.ClearField(field)
    fill(given_, dense_shape(given_), tensor)
    assert tensor == to_proto(array)


def test_the_shape_is_read_off_the_first_elements():
    assert dense_shape([[[1], [2]], "ragged"]) == [2, 2, 1]
    assert dense_shape(1) == []
    assert dense_shape([]) == [0]
    assert shape_text([2, 3]) == "[2,3]"


@pytest.mark.parametrize("text", ["YWI=", "YWI", "YW\r\nI=\n", " Y W I "])
def test_base64_may_lack_its_padding_and_come_in_lines(text):
    assert decoded({"b64": text}) == b"ab"


@pytest.mark.parametrize("text", ["YWI==", "Y", "YWI=YWI=", "YW-_", "YWI\u00e9", "="])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(ServingError, match="Unable to base64 decode"):
        decoded({"b64": text})


def test_more_levels_than_a_tensor_has_dimensions_are_refused():
    value: list[object] = []
    for _ in range(253):
        value = [value]
    assert len(dense_shape(value)) == 254
    with pytest.raises(ServingError, match="nested deeper than 254 lists"):
        dense_shape([value])
