from pathlib import Path

import pytest

from pipeline.curated_schema import schema_for
from pipeline.errors import ConfigError
from pipeline.judged_data import JudgedData
from pipeline.own_schema import parse_schema
from pipeline.schema_file import comments_of, has_inner_comments, origin, write_schema_file

SCHEMA = schema_for(["ill", "well"], ["site"])


def test_file_begins_with_its_comments_and_leaves_classes_to_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "own.pbtxt"
    write_schema_file(path, SCHEMA, ["from here", "and there"])
    assert comments_of(path) == ["from here", "and there"]
    expected = schema_for(["ill", "well"], ["site"])
    expected.feature[0].ClearField("string_domain")
    assert parse_schema(path) == expected


@pytest.mark.parametrize(("text", "inner"), [("# first\nfeature {}\n", False), ("# first\nfeature {} # mine\n", True)])
def test_comments_below_the_first_are_noticed(text: str, inner: bool, tmp_path: Path) -> None:
    path = tmp_path / "own.pbtxt"
    path.write_text(text)
    assert has_inner_comments(path) == inner


def test_origin_names_the_data_by_digest_alone() -> None:
    assert origin("Learned", JudgedData("ab12", {})) == "Learned from 0 examples of the manifest with SHA-256 ab12."


def test_file_that_can_not_be_written_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the schema could not be written"):
        write_schema_file(tmp_path / "absent" / "own.pbtxt", SCHEMA, [])
