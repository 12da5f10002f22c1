"""A schema as a file for people: comments that say where it comes from, then TensorFlow Metadata's text form."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from models.features import LABEL
from pipeline.errors import ConfigError
from pipeline.judged_data import JudgedData
from pipeline.root import write_atomically


def write_schema_file(path: Path, schema: schema_pb2.Schema, comments: Sequence[str]) -> None:
    """Write a schema below its comments, whole or not at all; without the label's values, which the configuration has.

    Raises:
        ConfigError: when the file can't be written.
    """
    own = schema_pb2.Schema()
    own.CopyFrom(schema)
    for feature in own.feature:
        if feature.name == LABEL:
            feature.ClearField("string_domain")
    text = "".join(f"# {line}\n" for line in comments) + text_format.MessageToString(own)
    try:
        write_atomically(path, text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; the schema could not be written") from error


def comments_of(path: Path) -> list[str]:
    """Return the comment lines that a schema file begins with."""
    lines = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    return [line.removeprefix("#").strip() for line in lines]


def has_inner_comments(path: Path) -> bool:
    """Tell whether there are comments below the first ones; they get lost when the file is written anew."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return any("#" in line for line in lines[len(comments_of(path)) :])


def origin(verb: str, data: JudgedData) -> str:
    """Return the comment that says from which data a schema comes: their digest, and nothing of what is in them."""
    return f"{verb} from {data.examples:,} examples of the manifest with SHA-256 {data.manifest_sha256}."
