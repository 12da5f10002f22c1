"""A SavedModel in a TF1 session, as TF Serving runs it: what works here works there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from serving.constant_graph import with_constants
from serving.serving_error import CODES, ServingError

Array = npt.NDArray[Any]
LOAD_ERRORS = (OSError, ValueError, RuntimeError, KeyError, TypeError, DecodeError, tf.errors.OpError)


class Threads(NamedTuple):
    """Of TensorFlow, within an operation and between operations; 0: as many as cores."""

    intra: int = 0
    inter: int = 0


ALL_CORES = Threads()


class SavedModel:
    """A loaded SavedModel; its signatures may be run from many threads at once."""

    def __init__(
        self,
        folder: Path,
        *,
        tags: Sequence[str] = (tf.saved_model.SERVING,),
        threads: Threads = ALL_CORES,
        bfloat16: bool = False,
    ) -> None:
        """Load a version folder.

        Args:
            folder: a SavedModel.
            tags: which of its graphs.
            threads: to run it with.
            bfloat16: have TensorFlow compute in it where that costs little accuracy, its variables made constants.

        Raises:
            ServingError: when it does not load; the text does not name the folder.
        """
        config = session_config(threads, bfloat16=bfloat16)
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        try:
            loaded = tf.compat.v1.saved_model.loader.load(self._session, list(tags), str(folder))
            self.signatures: dict[str, Any] = dict(loaded.signature_def)
            if bfloat16:
                self._session = with_constants(self._session, self.signatures, config)
        except LOAD_ERRORS as error:
            self._session.close()
            raise _load_error(error, folder) from error

    def run(
        self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str], *, seconds: float | None = None
    ) -> list[Array]:
        """Run a signature on checked inputs.

        Args:
            signature: name of a signature.
            inputs: an array for every input of the signature.
            outputs: names of the outputs to return, in that order.
            seconds: time limit; None: none.

        Raises:
            ServingError: with the code that TensorFlow gave; DEADLINE_EXCEEDED when the time is over.
        """
        definition = self.signatures[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        fetches = [definition.outputs[name].name for name in outputs]
        options = None if seconds is None else tf.compat.v1.RunOptions(timeout_in_ms=max(int(seconds * 1000), 1))
        try:
            return [_array(value) for value in self._session.run(fetches, feeds, options=options)]
        except tf.errors.OpError as error:
            raise ServingError(CODES.get(error.error_code, grpc.StatusCode.UNKNOWN), raw_message(error)) from error
        except (ValueError, TypeError, RuntimeError) as error:  # what Python's session refuses to feed, or a closed session
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, first_line(str(error))) from error

    def close(self) -> None:
        """Free what the session holds."""
        self._session.close()


def session_config(threads: Threads, *, bfloat16: bool) -> tf.compat.v1.ConfigProto:
    """Return how a session runs: for bfloat16 as TF Serving sets it (servables/tensorflow/saved_model_bundle_factory.cc)."""
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads.intra, inter_op_parallelism_threads=threads.inter)
    if bfloat16:
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = RewriterConfig.ON
    return config


def _array(value: Any) -> Array:
    """Return a fetched value as an array; NumPy's own kind of bytes would drop zeros at the end of a scalar string."""
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)


def raw_message(error: tf.errors.OpError) -> str:
    """Return what TensorFlow's runtime said: Python's session wraps it in a traceback with source files of this machine."""
    cause = error.__context__
    return str(cause.message if isinstance(cause, tf.errors.OpError) else first_line(error.message))


def first_line(text: str) -> str:
    """Return the sentence that an error begins with; what follows it may name files of this machine."""
    return text.strip().splitlines()[0] if text.strip() else "no reason given"


def _load_error(error: Exception, folder: Path) -> ServingError:
    code = CODES.get(error.error_code, grpc.StatusCode.UNKNOWN) if isinstance(error, tf.errors.OpError) else _code_of(error)
    reason = first_line(str(error.message if isinstance(error, tf.errors.OpError) else error))
    return ServingError(code, f"the SavedModel does not load: {reason.replace(str(folder), '<version folder>')}")


def _code_of(error: Exception) -> grpc.StatusCode:
    return grpc.StatusCode.NOT_FOUND if isinstance(error, OSError) else grpc.StatusCode.FAILED_PRECONDITION
