"""The curated schema (schema/image_example.pbtxt) with a run's classes and slice columns."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from models import features
from pipeline.root import Root, write_atomically

CURATED = Path(__file__).resolve().parent.parent / "schema" / "image_example.pbtxt"


def schema_for(classes: Sequence[str], slices: Sequence[str]) -> schema_pb2.Schema:
    """Return the curated schema with the label's domain and a required text feature per slice column."""
    schema = text_format.Parse(CURATED.read_text(encoding="utf-8"), schema_pb2.Schema())
    label = next(feature for feature in schema.feature if feature.name == features.LABEL)
    label.string_domain.name = features.LABEL
    label.string_domain.value.extend(classes)
    for name in slices:
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
        feature.shape.dim.add(size=1)
    return schema


def write_schema(root: Root, schema: schema_pb2.Schema) -> Path:
    """Write a run's schema under the root, named by its digest, and return its path."""
    text = text_format.MessageToString(schema)
    path = root.schema / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.pbtxt"
    if not path.exists():
        write_atomically(path, text)
    return path
