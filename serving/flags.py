"""The flags of `medtfx serve`: TF Serving's names, so that one command line does for both.

A flag of TF Serving that is not here is refused by name, never ignored: it was given for a reason.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from models.precision import BFLOAT16
from pipeline.errors import ConfigError

Group = argparse._ArgumentGroup  # argparse gives the type no public name
MEGABYTE = 2**20
MAX_PORT = 65535
LOOPBACK = "127.0.0.1"
# Flags of TF Serving (model_servers/main.cc) that this server does not have.
ABSENT = frozenset(
    {
        "enable_per_model_batching_parameters",
        "enable_profiler",
        "enable_signature_method_name_check",
        "flush_filesystem_caches",
        "grpc_channel_arguments",
        "grpc_max_threads",
        "grpc_socket_path",
        "num_load_threads",
        "num_tflite_interpreters_per_pool",
        "num_tflite_pools",
        "num_unload_threads",
        "per_process_gpu_memory_fraction",
        "platform_config_file",
        "prefer_tflite_model",
        "remove_unused_fields_from_bundle_metagraph",
        "rest_api_num_threads",
        "skip_initialize_tpu",
        "tensorflow_session_config_file",
        "thread_pool_factory_config_file",
        "use_alts_credentials",
        "version",
        "xla_cpu_compilation_enabled",
        "xla_gpu_compilation_enabled",
    }
)


@dataclass(frozen=True)
class Flags:
    """What the command line says; every name is that of its flag."""

    host: str
    port: int
    rest_api_port: int
    rest_api_timeout_in_ms: int
    rest_api_enable_cors_support: bool
    enable_grpc_healthcheck_service: bool
    no_page: bool
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
    tensorflow_intra_op_parallelism: int
    tensorflow_inter_op_parallelism: int
    mixed_precision: str
    enable_model_warmup: bool
    num_request_iterations_for_warmup: int
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
        if self.ssl_config_file and self.rest_api_port and not self.is_local:
            raise ConfigError("--rest_api_port has no TLS: with --ssl_config_file it is for a --host of loopback only")
        if self.tensorflow_session_parallelism and (self.tensorflow_intra_op_parallelism or self.tensorflow_inter_op_parallelism):
            raise ConfigError(
                "--tensorflow_session_parallelism is both of --tensorflow_intra_op_parallelism and "
                "--tensorflow_inter_op_parallelism; expected the one or the others"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in (LOOPBACK, "localhost", "::1")

    @property
    def threads(self) -> tuple[int, int]:
        """Threads within an operation, and operations at once."""
        both = self.tensorflow_session_parallelism
        return both or self.tensorflow_intra_op_parallelism, both or self.tensorflow_inter_op_parallelism

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
    parser = _parser()
    flags, unknown = parser.parse_known_args(list(arguments))
    names = [word.removeprefix("--").partition("=")[0] for word in unknown if word.startswith("--")]
    if absent := [f"--{name}" for name in names if name in ABSENT]:
        parser.error(f"{', '.join(absent)}: TF Serving has it, this server does not; leave it out")
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return Flags(**vars(flags))


def _parser() -> Parser:
    parser = Parser(
        prog="medtfx serve",
        usage="medtfx serve --model_name=NAME --model_base_path=DIR [flags]",
        description="Serve pushed models over TF Serving's gRPC and REST API, from this machine. Flags are TF Serving's.",
        epilog="Example: medtfx serve --model_name=demo --model_base_path=$PWD/runs/demo/serving/demo --rest_api_port=8501",
        formatter_class=partial(argparse.HelpFormatter, max_help_position=40),
        allow_abbrev=False,
    )
    _add_ways_in(parser.add_argument_group("ways in"))
    _add_models(parser.add_argument_group("models"))
    _add_running(parser.add_argument_group("running"))
    _add_limits(parser.add_argument_group("limits (not flags of TF Serving)"))
    return parser


def _add_ways_in(group: Group) -> None:
    group.add_argument("--host", default=LOOPBACK, help="address to bind; default: this machine only (not a flag of TF Serving)")
    _add_number(group, "--port", 8500, "gRPC", bounds=(1, MAX_PORT))
    _add_number(group, "--rest_api_port", 0, "REST and metrics, 0: none", bounds=(0, MAX_PORT))
    _add_number(group, "--rest_api_timeout_in_ms", 30_000, "limit of a REST request, 0: none", bounds=(0, 3_600_000))
    _add_switch(group, "--rest_api_enable_cors_support", "pages of other sites may read what REST answers")
    _add_switch(group, "--enable_grpc_healthcheck_service", "grpc.health.v1 (default of TF Serving: false)", default=True)
    _add_switch(group, "--no_page", "no page for people at / of the REST port (not a flag of TF Serving)")
    _add_file(group, "--ssl_config_file", "SSLConfig: TLS for gRPC, mutual with client_verify")
    _add_file(group, "--monitoring_config_file", "MonitoringConfig: metrics off, or at another path")


def _add_models(group: Group) -> None:
    group.add_argument("--model_name", metavar="NAME", default="default", help="what clients call it; default: default")
    group.add_argument("--model_base_path", metavar="DIR", default="", help="absolute folder that holds the version folders")
    _add_file(group, "--model_config_file", "ModelServerConfig: several models, policies, labels")
    _add_number(group, "--model_config_file_poll_wait_seconds", 0, "read the file again every so often, 0: never")
    _add_number(group, "--file_system_poll_wait_seconds", 1, "look for versions every so often, 0: once")
    _add_number(group, "--max_num_load_retries", 5, "tries after a failed load")
    _add_number(group, "--load_retry_interval_micros", 60_000_000, "between two tries", bounds=(-1, 10**12))
    _add_switch(group, "--allow_version_labels_for_unavailable_models", "a new label may come before its version")
    group.add_argument("--saved_model_tags", metavar="TAGS", default="serve", help="separated by commas; default: serve")
    _add_switch(group, "--enable_model_warmup", "answer a version's warm-up requests before anything else", default=True)
    _add_number(group, "--num_request_iterations_for_warmup", 0, "how often each of them, 0: once", bounds=(0, 1000))


def _add_running(group: Group) -> None:
    _add_switch(group, "--enable_batching", "run requests that wait together as one batch")
    _add_file(group, "--batching_parameters_file", "BatchingParameters")
    _add_number(group, "--tensorflow_session_parallelism", 0, "threads of TensorFlow, 0: as many as cores")
    _add_number(group, "--tensorflow_intra_op_parallelism", 0, "threads within an operation, 0: as many as cores")
    _add_number(group, "--tensorflow_inter_op_parallelism", 0, "operations at once, 0: as many as cores")
    group.add_argument(
        "--mixed_precision",
        choices=[BFLOAT16],
        default="",
        help="compute in it where that costs little accuracy; quicker where the CPU multiplies it in hardware",
    )
    _add_switch(group, "--enable_serialization_as_tensor_content", "answer with raw bytes instead of typed fields")


def _add_limits(group: Group) -> None:
    _add_number(group, "--max_in_flight", 64, "requests in work at once", bounds=(1, 10_000))
    _add_number(group, "--max_batch_items", 1024, "rows of one request", bounds=(1, 10**9))
    _add_number(group, "--max_message_mb", 64, "size of one request", bounds=(1, 2047))
    _add_number(group, "--max_image_pixels", 50_000_000, "that the header of an image may claim", bounds=(1, 10**12))
    _add_number(group, "--shutdown_grace_seconds", 30, "for requests in work when the server is stopped")


def _add_file(group: Group, flag: str, text: str) -> None:
    group.add_argument(flag, type=Path, metavar="FILE", help=text)


def _add_number(group: Group, flag: str, default: int, text: str, *, bounds: tuple[int, int] = (0, 10**9)) -> None:
    group.add_argument(flag, type=partial(_number, *bounds), metavar="N", default=default, help=f"{text}; default: {default}")


def _number(least: int, most: int, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
    return int(text)


def _add_switch(group: Group, flag: str, text: str, *, default: bool = False) -> None:
    """Add a switch as TF Serving reads it: --flag, --flag=true, --flag=false."""
    shown = f"{text}; default: {str(default).lower()}"
    group.add_argument(flag, type=_switch, nargs="?", const=True, default=default, metavar="true|false", help=shown)


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1")
