from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.curated_schema import CURATED, schema_for
from pipeline.errors import ConfigError
from pipeline.own_schema import read_own_schema

SITE = 'feature { name: "site" type: BYTES presence { min_fraction: 1 } }'
Change = Callable[[str], str]


def written(folder: Path, change: Change) -> Path:
    """Write the curated schema with a slice column, changed."""
    path = folder / "own.pbtxt"
    path.write_text(change(CURATED.read_text() + SITE))
    return path


def test_own_schema_keeps_its_bounds_and_takes_the_runs_classes(tmp_path: Path) -> None:
    path = written(tmp_path, lambda text: text.replace("min: 8 max: 100000", "min: 500 max: 600", 1))
    schema = read_own_schema(path, ["well", "ill"], ["site"])
    by_name = {feature.name: feature for feature in schema.feature}
    assert (by_name["width"].int_domain.min, by_name["width"].int_domain.max) == (500, 600)
    assert list(by_name["label"].string_domain.value) == ["well", "ill"]


def test_curated_schema_is_a_schema_of_ones_own(tmp_path: Path) -> None:
    curated = schema_for(["a", "b"], ["site"])
    path = tmp_path / "own.pbtxt"
    path.write_text(text_format.MessageToString(curated))
    assert read_own_schema(path, ["a", "b"], ["site"]) == curated


def replaced(old: str, new: str) -> Change:
    return lambda text: text.replace(old, new, 1)


def added(feature: str) -> Change:
    return lambda text: text + feature


FAULTS = {
    "no schema": (lambda _: "feature {", r"own.pbtxt: no schema in text form: 1:"),
    "unknown": (added('feature { name: "glare" type: FLOAT }'), "names glare; expected label, width, .*, site"),
    "pixels": (added('feature { name: "image" type: BYTES }'), "names image, which statistics never read"),
    "keys": (added('feature { name: "patient_key" type: BYTES }'), "names patient_key, which statistics never read"),
    "twice": (added(SITE), "names site 2 times"),
    "lacking": (replaced('"site"', '"ward"'), "(?s)names ward.*lacks site"),
    "type": (replaced("type: INT", "type: FLOAT"), "feature width: type FLOAT; expected INT"),
    "presence": (replaced("min_fraction: 1", "min_fraction: 0.5"), "feature label: may be absent"),
    "unchecked": (replaced("type: BYTES", "type: BYTES lifecycle_stage: DEBUG_ONLY"), "feature label: may be absent or is not"),
    "empty bound": (replaced("min: 8 max: 100000", "min: 9 max: 8"), "feature width: min 9 is above max 8"),
    "label": (
        replaced("type: BYTES", 'type: BYTES string_domain { value: "a" }'),
        r"feature label: domain \['a'\]; expected none, or data.classes \['well', 'ill'\]",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_schema_that_does_not_fit_is_refused_with_the_reason(fault: str, tmp_path: Path) -> None:
    change, told = FAULTS[fault]
    with pytest.raises(ConfigError, match=told) as caught:
        read_own_schema(written(tmp_path, change), ["well", "ill"], ["site"])
    assert str(caught.value).startswith("data.schema_file: ")


def test_absent_file_is_named_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.pbtxt: no such file; `medtfx schema infer`"):
        read_own_schema(tmp_path / "absent.pbtxt", ["a", "b"], [])


def test_closed_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a file that this user may read"):
        read_own_schema(tmp_path, ["a", "b"], [])


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, lambda text: text.replace("type: INT", "type: FLOAT"))
    with pytest.raises(ConfigError) as caught:
        read_own_schema(path, ["well", "ill"], ["site"])
    assert len(str(caught.value).splitlines()) == 3
    assert schema_pb2.FeatureType.Name(schema_pb2.INT) in str(caught.value)
