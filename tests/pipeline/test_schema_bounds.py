from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds
from pipeline.schema_bounds import rounded_outward, set_bounds

WHOLE = schema_pb2.Feature(name="width", type=schema_pb2.INT)
REAL = schema_pb2.Feature(name="mean", type=schema_pb2.FLOAT)
NUMBERS = st.floats(-1e4, 1e4, width=32)


@given(st.tuples(NUMBERS, NUMBERS).map(sorted))
def test_written_bounds_allow_what_was_measured(values: list[float]) -> None:
    for kind in (WHOLE, REAL):
        feature = schema_pb2.Feature()
        feature.CopyFrom(kind)
        set_bounds(feature, rounded_outward(Bounds(*values), feature))
        domain = feature.int_domain if kind is WHOLE else feature.float_domain
        assert domain.min <= values[0] <= values[1] <= domain.max
