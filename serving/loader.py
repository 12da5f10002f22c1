"""From a version folder to a servable: loaded, and warmed up by the requests that lie in it."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from models import records
from models.model_facts import read_facts
from models.precision import BFLOAT16, no_gain, read_cpu_flags
from serving.inference import Inference
from serving.metrics import Histogram
from serving.model_versions import Lease
from serving.saved_model import ALL_CORES, SavedModel, Threads
from serving.serving_error import ServingError

logger = logging.getLogger(__name__)
WARMUP_FOLDER = "assets.extra"
WARMUP_FILE = "tf_serving_warmup_requests"
MAX_WARMUP_REQUESTS = 1000  # saved_model_warmup.h
UNANSWERED = ("regress_log", "multi_inference_log")  # of calls that this server does not implement


@dataclass(frozen=True)
class Loader:
    """Loads versions.

    Args:
        inference: answers the warm-up requests.
        warmup_latency: told how long they took.
        tags: which graph of a SavedModel.
        threads: of TensorFlow.
        warmup_rounds: how often warm-up requests run, 0: not at all.
        bfloat16: have TensorFlow compute float32 models in it.
        cpu_flags: what the CPU has.
    """

    inference: Inference
    warmup_latency: Histogram
    tags: tuple[str, ...] = ("serve",)
    threads: Threads = ALL_CORES
    warmup_rounds: int = 1
    bfloat16: bool = False
    cpu_flags: frozenset[str] = field(default_factory=read_cpu_flags)

    def __call__(self, name: str, number: int, folder: Path) -> SavedModel:
        """Load a version; one that can't answer its own warm-up requests does not load.

        Raises:
            ServingError: when loading or a warm-up request fails.
        """
        model = SavedModel(folder, tags=self.tags, threads=self.threads, bfloat16=self.bfloat16)
        if self.warmup_rounds and (folder / WARMUP_FOLDER / WARMUP_FILE).exists():
            try:
                self._warm_up(Lease(name, number, model), folder / WARMUP_FOLDER / WARMUP_FILE)
            except ServingError:
                model.close()
                raise
        if note := no_gain(BFLOAT16 if self.bfloat16 else precision_of(folder), self.cpu_flags):
            logger.warning("model %s, version %d: %s", name, number, note)
        return model

    def _warm_up(self, lease: Lease, file: Path) -> None:
        start, status = time.perf_counter(), grpc.StatusCode.OK
        try:
            logs = warmup_logs(file)
            answered = sum(self._replay(lease, log) for log in logs)
            left_out = f", left out {len(logs) - answered} of other calls" if answered < len(logs) else ""
            logger.info("model %s, version %d: answered %d warm-up requests%s", lease.name, lease.version, answered, left_out)
        except ServingError as error:
            status = error.code
            # The model's own words may quote the example, and this text reaches the log.
            raise ServingError(error.code, f"a warm-up request failed ({error.code.name})") from error
        finally:
            self.warmup_latency.observe(time.perf_counter() - start, f"{lease.name}/{lease.version}", status.name)

    def _replay(self, lease: Lease, log: prediction_log_pb2.PredictionLog) -> bool:
        """Answer a warm-up request; tell whether it is of a call that this server has."""
        kind = log.WhichOneof("log_type")
        if kind is None or kind in UNANSWERED:
            return False
        for _ in range(self.warmup_rounds):
            if kind == "predict_log":
                self.inference.predict(lease, log.predict_log.request)
            elif kind == "classify_log":
                self.inference.classify(lease, log.classify_log.request)
            else:
                raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
        return True


def precision_of(folder: Path) -> str:
    """Return what the network of an export of ours computes in; '' for any other model."""
    try:
        return read_facts(folder).precision
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def warmup_logs(file: Path) -> list[prediction_log_pb2.PredictionLog]:
    """Read the requests of a warm-up file.

    Raises:
        ServingError: DATA_LOSS for a cut file or one of something else, INVALID_ARGUMENT for more than 1,000 requests.
    """
    try:
        found = records.of_files([file])
        if len(found) > MAX_WARMUP_REQUESTS:
            raise ServingError(
                grpc.StatusCode.INVALID_ARGUMENT, f"Number of warmup records exceeds the maximum ({MAX_WARMUP_REQUESTS})"
            )
        return [prediction_log_pb2.PredictionLog.FromString(record) for record in found.read(range(len(found)))]
    except (ValueError, OSError, DecodeError) as error:
        raise ServingError(grpc.StatusCode.DATA_LOSS, "the warm-up file can't be read as PredictionLog records") from error
