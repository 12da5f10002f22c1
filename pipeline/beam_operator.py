"""How TFX starts a Beam node here: with the arguments of this machine, which are no part of the graph.

TFX hashes what the graph says of an executor, Beam's arguments among it, into the cache's key. Another runner gives equal
results, so its arguments come when a node is launched.
"""

import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from google.protobuf.message import Message
from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration import executable_spec_pb2, execution_result_pb2, placeholder_pb2

from pipeline.beam_job import EndedWithNode
from pipeline.beam_memo import remembered
from pipeline.errors import MedtfxError

ENDPOINT = "--job_endpoint="
CONNECT_SECONDS = 10.0

Operators = dict[type[Message], Callable[..., BaseExecutorOperator]]


class ConfiguredBeam(BeamExecutorOperator):
    """Runs an executor with given Beam arguments."""

    def __init__(self, arguments: Sequence[str], *, executor_spec: Message, platform_config: Message | None = None) -> None:
        """Take the arguments, and what TFX passes to every operator."""
        super().__init__(executor_spec, platform_config)
        self._arguments = arguments

    def run_executor(
        self, execution_info: ExecutionInfo, make_beam_pipeline_fn: Callable[[], Any] | None = None
    ) -> execution_result_pb2.ExecutorOutput:
        """Run the executor.

        Raises:
            MedtfxError: when nothing listens where a job server should.
        """
        check_job_server(self._arguments)
        self.beam_pipeline_args = [literal(argument) for argument in self._arguments]
        make = make_beam_pipeline_fn or partial(EndedWithNode, self._arguments)
        with remembered():
            return super().run_executor(execution_info, make)


def literal(argument: str) -> placeholder_pb2.PlaceholderExpression:
    """Return an argument as TFX's operator holds it: an expression, here one in which nothing is to be filled in."""
    expression = placeholder_pb2.PlaceholderExpression()
    expression.value.string_value = argument
    return expression


def operators(arguments: Sequence[str]) -> Operators:
    """Return what TFX's launcher is given to run Beam nodes with these arguments."""
    return {executable_spec_pb2.BeamExecutableSpec: partial(ConfiguredBeam, list(arguments))}


def check_job_server(arguments: Sequence[str]) -> None:
    """Refuse to begin where no job server listens: Beam would try for minutes and then not say so.

    Raises:
        MedtfxError: naming the key.
    """
    for argument in arguments:
        if argument.startswith(ENDPOINT):
            host, _, port = argument.removeprefix(ENDPOINT).rpartition(":")
            try:
                socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
            except OSError as error:
                reason = error.strerror or str(error)
                raise MedtfxError(f"beam.job_endpoint: {host}:{port}: {reason}; start the job server, then run again") from error
