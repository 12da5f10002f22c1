"""Read a run configuration: YAML, environment prefixes, `--set` overrides, and errors that name the key."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.config import Config
from pipeline.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE_DATA = "MEDTFX_DATA"
MODEL_SERVER = "TENSORFLOW_MODEL_SERVER"


def environment() -> dict[str, str]:
    """Return the variables that a configuration may name as ${NAME}."""
    return {EXAMPLE_DATA: str(PROJECT.parent / "shared" / "data"), **os.environ}


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Return the validated configuration of a YAML file.

    Args:
        path: the file; relative paths inside it start from its folder.
        overrides: 'training.steps=30' and the like; a relative path in them starts from the file's folder too.

    Raises:
        ConfigError: for a file that is missing or closed, bad YAML, an unknown key or a wrong value; all of them at once.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; expected a run configuration such as configs/demo.yaml")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a run configuration that this user may read") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    return parse(text, overrides, name=str(path), folder=path.resolve().parent)


def parse(text: str, overrides: Sequence[str] = (), *, name: str, folder: Path) -> Config:
    """Return the validated configuration of a YAML text.

    Args:
        text: YAML, or JSON, which is YAML.
        overrides: 'training.steps=30' and the like.
        name: of the text, for messages.
        folder: that relative paths in text and overrides start from.

    Raises:
        ConfigError: for bad YAML, an unknown key or a wrong value; all of them at once.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{name}: expected keys such as name, data, evaluation, gate; found {type(content).__name__}")
    tree = expand(content, environment())
    for override in overrides:
        set_key(tree, override)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{name}: {line}" for line in explain(error, tree))) from error
    return resolve_paths(config, folder)


def model_server(config: Config) -> str:
    """Return the tensorflow_model_server that validates models, '' for medtfx's own server.

    Raises:
        ConfigError: when it is no program that this user may run.
    """
    configured = config.serving.model_server
    named = str(configured or os.environ.get(MODEL_SERVER, ""))
    if not named:
        return ""
    found = shutil.which(named)
    if found is None:
        place = "serving.model_server" if configured else MODEL_SERVER
        raise ConfigError(f"{place}: {named}: no such program; expected a tensorflow_model_server, or nothing for medtfx serve")
    return found


def expand(value: Any, variables: Mapping[str, str]) -> Any:
    """Replace ${NAME} in every text of a configuration tree.

    Raises:
        ConfigError: for a variable that is not set.
    """
    if isinstance(value, dict):
        return {key: expand(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise ConfigError(f"${{{match[1]}}} is not set; set the environment variable {match[1]} or write the path itself")
        return variables[match[1]]

    return re.sub(r"\$\{(\w+)\}", replaced, value)


def set_key(tree: dict[str, Any], override: str) -> None:
    """Apply one 'key.sub=value' to a configuration tree; the value is read as YAML.

    Raises:
        ConfigError: when it is not of that form or runs through a value that has no keys.
    """
    key, equals, text = override.partition("=")
    *parents, last = key.strip().split(".")
    if not equals or not last:
        raise ConfigError(f"--set {override}: expected key=value, such as training.steps=30")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {override}: {parent} has no keys below it")
    try:
        tree[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not valid YAML") from error


def explain(error: ValidationError, tree: Any) -> list[str]:
    """Return a line per mistake: the key, the value that came, what is allowed."""
    return [explain_one(tuple(item["loc"]), item["type"], item["msg"], tree) for item in error.errors()]


def explain_one(location: tuple[int | str, ...], kind: str, message: str, tree: Any) -> str:
    """Return one mistake as 'key: what came; what is allowed'."""
    steps = without_tag(location)
    key = ".".join(str(step) for step in steps) or "the file"
    if kind == "extra_forbidden":
        known = ", ".join(sorted(known_keys(location[:-1])))
        return f"{key}: unknown key; known here: {known}" if known else f"{key}: unknown key"
    if kind == "missing":
        return f"{key}: missing"
    expected = message.removeprefix("Value error, ").removeprefix("Input should be ")
    if kind == "value_error":
        return f"{key}: {expected}" if steps else expected
    return f"{key}: {value_at(tree, steps)!r}; expected {expected}"


def without_tag(location: Sequence[int | str]) -> list[int | str]:
    """Return the keys as the file has them: pydantic adds the kind behind the sections that come in several."""
    return [step for before, step in zip(("", *location), location, strict=False) if before not in ("source", "metadata", "beam")]


def known_keys(location: tuple[int | str, ...]) -> set[str]:
    """Return the keys that a section of the configuration knows, empty where it depends on a kind."""
    model: Any = Config
    for step in location:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field else None
    is_section = isinstance(model, type) and issubclass(model, BaseModel)
    return set(model.model_fields) if is_section else set()


def value_at(tree: Any, steps: Sequence[int | str]) -> Any:
    """Return the value that the file has at a key, None where there is none."""
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def resolve_paths(section: Any, folder: Path) -> Any:
    """Return a section with every relative path made absolute, from the configuration's folder."""
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changed[name] = Path(os.path.normpath(folder / value.expanduser()))
        elif isinstance(value, BaseModel):
            changed[name] = resolve_paths(value, folder)
    return section.model_copy(update=changed)
