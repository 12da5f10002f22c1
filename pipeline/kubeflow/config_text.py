"""The configuration as it travels: one line of JSON, paths and variables as they were written, for the cluster to fill."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from pipeline.config import Config
from pipeline.config_file import set_key
from pipeline.errors import ConfigError

PATHS = ("manifest", "pseudonym_key_file", "exclude", "schema_file", "source.path", "source.images", "source.table")  # of data


def tree_of(path: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the keys of a valid configuration file, neither paths nor variables filled in."""
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for override in overrides:
        set_key(tree, override)
    return tree


def text_of(tree: dict[str, Any]) -> str:
    """Return a configuration as one line: KFP writes a parameter's default into a comment, which ends with the line.

    Raises:
        ConfigError: for values that JSON has no word for, or braces that KFP would take for a placeholder of its own.
    """
    try:
        text = json.dumps(tree)
    except TypeError as error:
        raise ConfigError(f"the configuration can't travel as a parameter: {error}. Put dates and the like in quotes.") from error
    if any("{{" in word for word in words_of(tree)):
        raise ConfigError("the configuration holds '{{', which KFP would fill as a placeholder. Write it another way.")
    return text


def words_of(value: Any) -> Iterator[str]:
    """Yield every text of a configuration tree, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from words_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from words_of(item)
    elif isinstance(value, str):
        yield value


def unshared_paths(tree: dict[str, Any], config: Config) -> list[str]:
    """Return a line per path of the data that no volume of the pods holds; one that begins with a variable is not judged."""
    volumes = [PurePosixPath(volume.path) for volume in config.kubeflow.volumes]
    lines = []
    for key in PATHS:
        value: Any = tree["data"]
        for step in key.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, str) or value.startswith("${"):
            continue
        if not any(PurePosixPath(value).is_relative_to(volume) for volume in volumes):
            lines.append(f"data.{key}: {value}: lies in no volume of kubeflow.volumes; pods find it only if the image holds it")
    return lines
