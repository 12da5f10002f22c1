"""The rules that a schema sets on one feature's values, where single rows can break them."""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import bounds_of, domain_of
from models.features import ROW
from models.records import Records

Value = bytes | int | float

_TYPES = {schema_pb2.BYTES: tf.string, schema_pb2.INT: tf.int64, schema_pb2.FLOAT: tf.float32}
_BATCH = 256  # examples


def rule_text(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> str:
    """Return what the schema asks of a feature's values, as text."""
    bounds = bounds_of(feature)
    if bounds is not None:
        return str(bounds)
    values = domain_of(feature, schema)
    return f"one of {', '.join(values)}" if values else "one value in every example"


def breaks(values: Sequence[Value], feature: schema_pb2.Feature, domain: Sequence[str]) -> bool:
    """Tell whether one example's values of a feature break its rule: absent, out of the limits, or out of the domain."""
    if not values:
        return True
    bounds = bounds_of(feature)
    if bounds is not None:
        return not all(value in bounds for value in values)
    texts = {value.decode(errors="replace") for value in values if isinstance(value, bytes)}
    return bool(domain) and not texts <= set(domain)


def rows_breaking(examples: Records, feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> tuple[int, ...]:
    """Return the manifest rows whose example breaks a feature's rule, sorted; empty if it can't be told."""
    kind = _TYPES.get(feature.type)
    if kind is None:
        return ()
    wanted = {feature.name: tf.io.RaggedFeature(kind), ROW: tf.io.FixedLenFeature([], tf.int64)}
    domain = domain_of(feature, schema)
    found: list[int] = []
    try:
        for serialized in examples.batches(_BATCH):
            batch = tf.io.parse_example(tf.constant(serialized), wanted)
            values = batch[feature.name].to_list()
            rows = batch[ROW].numpy().tolist()
            found.extend(row for row, its in zip(rows, values, strict=True) if breaks(its, feature, domain))
    except tf.errors.InvalidArgumentError:  # another type than the schema's: TFDV's text says so, for all rows
        return ()
    return tuple(sorted(found))
