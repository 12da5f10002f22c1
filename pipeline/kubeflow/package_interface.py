"""What a compiled package asks of its caller: the pipeline's name, its parameters, and the digest that names its version."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline import config_file
from pipeline.errors import ConfigError

CONFIG = "config"  # the parameter that carries the configuration's text
VERSION_DIGITS = 12
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a pipeline.

    Args:
        kind: KFP's type, such as NUMBER_INTEGER.
        required: whether a run must give it.
    """

    kind: str
    required: bool


@dataclass(frozen=True)
class PackageInterface:
    """A package as the client sees it.

    Args:
        version: the version's name, the beginning of the file's SHA-256: equal packages are one version.
        parameters: by name.
    """

    path: Path
    name: str
    version: str
    parameters: Mapping[str, Parameter]


def read_interface(path: Path) -> PackageInterface:
    """Return the interface of a package; KFP is not needed for it.

    Raises:
        ConfigError: when the file is missing or is no package of KFP v2.
    """
    compile_it = "expected a package that `medtfx kubeflow compile CONFIG -o package.yaml` wrote"
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; {compile_it}")
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{path}: the name ends in '{path.suffix}'; Kubeflow Pipelines expects .yaml")
    content = path.read_bytes()
    try:
        spec: Any = next(iter(yaml.safe_load_all(content)), None)
        name = spec["pipelineInfo"]["name"]
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        parameters = {key: _parameter(told) for key, told in inputs.items()}
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: not a package of Kubeflow Pipelines v2; {compile_it}") from error
    return PackageInterface(path, name, hashlib.sha256(content).hexdigest()[:VERSION_DIGITS], parameters)


def _parameter(told: Mapping[str, Any]) -> Parameter:
    return Parameter(told["parameterType"], not (told.get("isOptional") or "defaultValue" in told))


def config_option(path: Path | None) -> dict[str, str]:
    """Return the parameter that the option --config gives, as the file has it.

    Raises:
        ConfigError: for a bad configuration: a mistake is told here, not by the first container.
    """
    if path is None:
        return {}
    config_file.load(path)
    return {CONFIG: path.read_text(encoding="utf-8")}


def run_parameters(package: PackageInterface, words: Sequence[str], options: Mapping[str, str]) -> dict[str, Any]:
    """Return a run's parameters as KFP takes them.

    Args:
        package: whose parameters they are.
        words: 'name=value' of --parameter.
        options: texts of parameters that have an option of their own, such as --config.

    Raises:
        ConfigError: for an unknown, repeated or missing parameter, or a value of another type.
    """
    texts = dict(named_value(word, "--parameter") for word in words)
    for name in options.keys() & texts:
        raise ConfigError(f"--{name} and --parameter {name}=... say the same thing twice; give one of them")
    texts |= options
    unknown = [name for name in texts if name not in package.parameters]
    if unknown:
        known = ", ".join(sorted(package.parameters)) or "none"
        raise ConfigError(f"{package.path}: the package has no parameter {', '.join(unknown)}; it has: {known}")
    missing = [name for name, parameter in package.parameters.items() if parameter.required and name not in texts]
    if missing:
        how = "--config FILE" if missing == [CONFIG] else f"--parameter {missing[0]}=VALUE"
        raise ConfigError(f"{package.path}: a run needs {', '.join(missing)}; give it with {how}")
    return {name: _value(name, text, package.parameters[name].kind) for name, text in texts.items()}


def named_value(word: str, option: str) -> tuple[str, str]:
    """Return both sides of an option's 'name=value'.

    Raises:
        ConfigError: for a word without name or '='.
    """
    name, equals, text = word.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"{option} {word}: expected name=value")
    return name.strip(), text


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _tree(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise TypeError(text)
        return value

    return read


READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "STRING": (str, "text"),
    "NUMBER_INTEGER": (int, "a whole number"),
    "NUMBER_DOUBLE": (float, "a number"),
    "BOOLEAN": (_truth, "true or false"),
    "LIST": (_tree(list), "a JSON list"),
    "STRUCT": (_tree(dict), "a JSON object"),
}


def _value(name: str, text: str, kind: str) -> Any:
    """Return the value of a parameter's text."""
    if kind not in READERS:
        raise ConfigError(f"--parameter {name}: its type is {kind}, which can't be given on a command line")
    read, expected = READERS[kind]
    try:
        return read(text)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"--parameter {name}={text}: expected {expected}") from error
