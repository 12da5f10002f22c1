from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from models import features
from pipeline import curated_schema, root


def test_schema_holds_classes_slices_and_properties() -> None:
    schema = curated_schema.schema_for(["normal", "ill"], ["site"])
    by_name = {feature.name: feature for feature in schema.feature}
    assert list(by_name["label"].string_domain.value) == ["normal", "ill"]
    assert by_name["site"].presence.min_fraction == 1.0
    assert set(features.PROPERTIES) <= set(by_name)


def test_schema_never_names_pixels_or_keys() -> None:
    names = {feature.name for feature in curated_schema.schema_for(["normal", "ill"], []).feature}
    assert not names & {features.IMAGE, features.IMAGE_KEY, features.PATIENT_KEY, features.ROW}


def test_file_is_named_by_its_content(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "state")
    first, again, other = (
        curated_schema.write_schema(state, curated_schema.schema_for(names, [])) for names in ("ab", "ab", "ac")
    )
    assert first == again != other
    assert text_format.Parse(first.read_text(), schema_pb2.Schema()).feature
