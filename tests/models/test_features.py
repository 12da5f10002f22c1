import subprocess
import sys

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from models import features
from pipeline.curated_schema import CURATED

NAMES = [value for name, value in vars(features).items() if name.isupper() and isinstance(value, str)]


def test_no_two_features_have_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES) > 0


def test_every_feature_is_reserved_once() -> None:
    assert sorted(features.RESERVED) == sorted(NAMES)


def test_curated_schema_names_only_features() -> None:
    schema = text_format.Parse(CURATED.read_text(encoding="utf-8"), schema_pb2.Schema())
    assert {feature.name for feature in schema.feature} <= set(features.RESERVED)


def test_names_are_read_without_tensorflow() -> None:
    code = "import sys, models.features; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
