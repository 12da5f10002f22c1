"""The flags of `medtfx serve`: TF Serving's names, so that one command line does for both.

A flag of TF Serving that is not here is refused by name, never ignored: it was given for a reason.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pipeline.errors import ConfigError

MEGABYTE = 2**20
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Flags:
    """What the command line says; every name is that of its flag."""

    host: str
    port: int
    rest_api_port: int
    rest_api_timeout_in_ms: int
    model_name: str
    model_base_path: str
    model_config_file: Path | None
    model_config_file_poll_wait_seconds: int
    file_system_poll_wait_seconds: int
    max_num_load_retries: int
    load_retry_interval_micros: int
    allow_version_labels_for_unavailable_models: bool
    enable_batching: bool
    batching_parameters_file: Path | None
    ssl_config_file: Path | None
    monitoring_config_file: Path | None
    saved_model_tags: str
    tensorflow_session_parallelism: int
    enable_model_warmup: bool
    enable_serialization_as_tensor_content: bool
    max_in_flight: int
    max_batch_items: int
    max_message_mb: int
    max_image_pixels: int
    shutdown_grace_seconds: int

    def __post_init__(self) -> None:
        """Check what one flag means for another.

        Raises:
            ConfigError: naming the flag, its value and what is allowed.
        """
        if not self.model_base_path and self.model_config_file is None:
            raise ConfigError("serve: name the model with --model_base_path DIR, or several with --model_config_file FILE")
        if self.model_config_file is None and not Path(self.model_base_path).is_absolute():
            raise ConfigError(f"--model_base_path: {self.model_base_path!r} is relative; expected an absolute folder")
        if self.batching_parameters_file is not None and not self.enable_batching:
            raise ConfigError("--batching_parameters_file needs --enable_batching")
        if self.rest_api_port and self.rest_api_port == self.port:
            raise ConfigError(f"--rest_api_port: {self.port} is --port as well; expected another port")
        if self.ssl_config_file and self.rest_api_port and self.host not in (LOOPBACK, "localhost", "::1"):
            raise ConfigError("--rest_api_port has no TLS: with --ssl_config_file it is for a --host of loopback only")

    @property
    def message_bytes(self) -> int:
        """Largest request message."""
        return self.max_message_mb * MEGABYTE


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of ours."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing usage."""
        raise ConfigError(f"serve: {message}. `medtfx serve --help` lists what there is")


def parse(arguments: Sequence[str]) -> Flags:
    """Read the command line.

    Raises:
        ConfigError: for an unknown flag or a value that is not allowed.
        SystemExit: after --help.
    """
    return Flags(**vars(_parser().parse_args(list(arguments))))


def _parser() -> Parser:
    parser = Parser(
        prog="medtfx serve",
        description="Serve pushed models over TF Serving's gRPC and REST API, from this machine. Flags are TF Serving's.",
        epilog="Example: medtfx serve --model_name=demo --model_base_path=$PWD/runs/demo/serving/demo --rest_api_port=8501",
        allow_abbrev=False,
    )
    _add_ways_in(parser.add_argument_group("ways in"))
    _add_models(parser.add_argument_group("models"))
    _add_running(parser.add_argument_group("running"))
    _add_limits(parser.add_argument_group("limits (not flags of TF Serving)"))
    return parser


def _add_ways_in(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default=LOOPBACK, help="address to bind; default: this machine only (not a flag of TF Serving)")
    group.add_argument("--port", type=_within(1, 65535), default=8500, help="gRPC; default 8500")
    group.add_argument("--rest_api_port", type=_within(0, 65535), default=0, help="REST and metrics; default 0: none")
    group.add_argument("--rest_api_timeout_in_ms", type=_within(1, 3_600_000), default=30_000, help="default 30000")
    group.add_argument("--ssl_config_file", type=Path, help="SSLConfig: TLS for gRPC, mutual with client_verify")
    group.add_argument("--monitoring_config_file", type=Path, help="MonitoringConfig: metrics off, or at another path")


def _add_models(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--model_name", default="default", help="what clients call it; default: default")
    group.add_argument("--model_base_path", default="", help="absolute folder that holds the version folders")
    group.add_argument("--model_config_file", type=Path, help="ModelServerConfig: several models, policies, labels")
    _add_number(group, "--model_config_file_poll_wait_seconds", 0, "read the file again every so often; default 0: never")
    _add_number(group, "--file_system_poll_wait_seconds", 1, "look for versions every so often; default 1, 0: once")
    _add_number(group, "--max_num_load_retries", 5, "default 5")
    group.add_argument("--load_retry_interval_micros", type=int, default=60_000_000, help="default one minute")
    _add_switch(group, "--allow_version_labels_for_unavailable_models", default=False)
    group.add_argument("--saved_model_tags", default="serve", help="separated by commas; default serve")


def _add_running(group: argparse._ArgumentGroup) -> None:
    _add_switch(group, "--enable_batching", default=False)
    group.add_argument("--batching_parameters_file", type=Path, help="BatchingParameters")
    _add_number(group, "--tensorflow_session_parallelism", 0, "threads of TensorFlow; default 0: as many as cores")
    _add_switch(group, "--enable_model_warmup", default=True)
    _add_switch(group, "--enable_serialization_as_tensor_content", default=False)


def _add_limits(group: argparse._ArgumentGroup) -> None:
    _add_number(group, "--max_in_flight", 64, "requests in work at once; default 64", least=1)
    _add_number(group, "--max_batch_items", 1024, "rows of one request; default 1024", least=1)
    group.add_argument("--max_message_mb", type=_within(1, 2047), default=64, help="size of one request; default 64")
    _add_number(group, "--max_image_pixels", 50_000_000, "that an image header may claim; default 50 million", least=1)
    _add_number(group, "--shutdown_grace_seconds", 30, "for requests in work when the server is stopped; default 30")


def _add_number(group: argparse._ArgumentGroup, flag: str, default: int, text: str, *, least: int = 0) -> None:
    group.add_argument(flag, type=_within(least, 10**12), default=default, help=text)


def _add_switch(group: argparse._ArgumentGroup, flag: str, *, default: bool) -> None:
    """Add a switch as TF Serving reads it: --flag, --flag=true, --flag=false."""
    text = f"default {str(default).lower()}"
    group.add_argument(flag, type=_switch, nargs="?", const=True, default=default, metavar="true|false", help=text)


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1")


class _Range:
    """A whole number within bounds."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        number = int(text) if text.lstrip("-").isdigit() else None
        if number is None or not self._least <= number <= self._most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {self._least} to {self._most}")
        return number


_within = _Range
