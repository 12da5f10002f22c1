"""A Beam job that does not outlive the node that started it: on a cluster nobody would end it after a Ctrl-C."""

import logging
from collections.abc import Sequence
from types import TracebackType

import apache_beam as beam
from apache_beam.runners.runner import PipelineState

from pipeline.beam_memo import RememberedOptions


class EndedWithNode(beam.Pipeline):
    """A pipeline whose job is cancelled when waiting for it ends before it does."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Take Beam's arguments."""
        super().__init__(options=RememberedOptions(list(argv)))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Run the pipeline and wait for its job, as Beam does."""
        try:
            super().__exit__(kind, error, trace)
        finally:  # whatever ended the wait: a library may make an error of its own of an interrupt
            self.cancel()

    def cancel(self) -> None:
        """Cancel the job, if it was started and goes on; where that can't be done the log says so."""
        try:
            if self.result is not None and not PipelineState.is_terminal(self.result.state):
                self.result.cancel()
        except Exception:  # what ended the wait is what a user must be told
            logging.exception("the Beam job could not be cancelled and may go on: look at the cluster")
