"""Dynamic batching: requests that wait at the same time run as one batch.

Parameters are TF Serving's (batching/README.md of tensorflow/serving). One thing is better here: when a batch fails, its requests
run one by one, so that a broken image costs nobody else an answer.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import grpc
import numpy as np

from pipeline.errors import ConfigError
from serving import text_config
from serving.inference import Call, run_directly
from serving.saved_model import Array, SavedModel
from serving.serving_error import ServingError, invalid, unforeseen

logger = logging.getLogger(__name__)
FLAG = "--batching_parameters_file"
Key = tuple[object, ...]


@dataclass(frozen=True)
class BatchingParameters:
    """How batches are made; the defaults are TF Serving's.

    Args:
        batch: most rows in one batch.
        wait: seconds that the first request of a batch waits for others.
        queued: most batches waiting.
        threads: batches running at once.
        sizes: rows of a batch are filled up to one of these by repeating its last row; empty: never.
    """

    batch: int = 1000
    wait: float = 0.0
    queued: int = 10
    threads: int = os.cpu_count() or 1
    sizes: tuple[int, ...] = ()


def read_parameters(file: Path) -> BatchingParameters:
    """Read a BatchingParameters file.

    Raises:
        ConfigError: for a value that is not allowed, or a field that this server does not know what to do with.
    """
    given = text_config.read("BatchingParameters", FLAG, file)
    for name in ("pad_variable_length_inputs", "enable_large_batch_splitting", "max_execution_batch_size"):
        if getattr(given, name) and getattr(getattr(given, name), "value", True):
            raise ConfigError(f"{FLAG}: {name} is not supported; leave it out")
    default, sizes = BatchingParameters(), tuple(given.allowed_batch_sizes)
    batch = _number(given, "max_batch_size", default.batch)
    if sizes and (list(sizes) != sorted(set(sizes)) or sizes[0] < 1 or sizes[-1] != batch):
        raise ConfigError(f"{FLAG}: allowed_batch_sizes: expected increasing numbers that end with max_batch_size ({batch})")
    return BatchingParameters(
        batch,
        _number(given, "batch_timeout_micros", 0, least=0) / 1e6,
        _number(given, "max_enqueued_batches", default.queued),
        _number(given, "num_batch_threads", default.threads),
        sizes,
    )


def _number(given: Any, name: str, default: int, *, least: int = 1) -> int:
    if not given.HasField(name):
        return default
    value = int(getattr(given, name).value)
    if value < least:
        raise ConfigError(f"{FLAG}: {name}: {value} is not allowed; expected at least {least}")
    return value


@dataclass
class Task:
    """One request in the queue."""

    model: SavedModel
    call: Call
    rows: int
    key: Key
    queued_at: float = field(default_factory=time.monotonic)
    done: Event = field(default_factory=Event)
    values: list[Array] | None = None
    error: ServingError | None = None
    is_given_up: bool = False

    @property
    def seconds_left(self) -> float | None:
        """How long its client still waits; None: without end."""
        return None if self.call.seconds is None else max(self.queued_at + self.call.seconds - time.monotonic(), 0.0)

    def finish(self, values: list[Array] | None, error: ServingError | None) -> None:
        """Hand over the result."""
        self.values, self.error = values, error
        self.done.set()


class Batcher:
    """Runs calls in batches; its `run` takes the place of `run_directly`."""

    def __init__(self, parameters: BatchingParameters) -> None:
        """Start the threads that run batches."""
        self._parameters = parameters
        self._tasks: deque[Task] = deque()
        self._changed = Condition()
        for number in range(parameters.threads):
            Thread(target=self._work, name=f"batch-{number}", daemon=True).start()

    def run(self, model: SavedModel, call: Call) -> list[Array]:
        """Run a call in a batch with others of its kind.

        Raises:
            ServingError: what the call itself raised, INVALID_ARGUMENT when it can't be part of a batch, UNAVAILABLE when the
                queue is full, DEADLINE_EXCEEDED when its time is over.
        """
        task = Task(model, call, self._rows(call), _key(model, call))
        self._enqueue(task)
        if not task.done.wait(call.seconds):
            task.is_given_up = True
            raise ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        if task.error is not None:
            raise task.error
        return task.values or []

    @property
    def waiting(self) -> int:
        """Rows in the queue."""
        with self._changed:
            return sum(task.rows for task in self._tasks)

    def _rows(self, call: Call) -> int:
        if any(value.ndim == 0 for value in call.inputs.values()):
            raise invalid("Batching Run() input tensors must have at least one dimension")
        sizes = {len(value) for value in call.inputs.values()}
        if len(sizes) != 1:
            raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
        (rows,) = sizes
        if rows > self._parameters.batch:
            raise invalid(f"Task size {rows} is larger than maximum input batch size {self._parameters.batch}")
        return rows

    def _enqueue(self, task: Task) -> None:
        with self._changed:
            if self.waiting + task.rows > self._parameters.queued * self._parameters.batch:
                text = "The batch scheduling queue to which this task was submitted is full"
                raise ServingError(grpc.StatusCode.UNAVAILABLE, text)
            self._tasks.append(task)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            run_batch(self._next_batch(), self._parameters.sizes)

    def _next_batch(self) -> list[Task]:
        """Wait for a first task, then for what joins it until the batch is full or its time is over."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: bool(self._tasks))
                first = self._tasks[0]
                left = first.queued_at + self._parameters.wait - time.monotonic()
                batch, is_full = self._joined(first)
                if is_full or left <= 0:
                    for task in batch:
                        self._tasks.remove(task)
                    return batch
                self._changed.wait(left)

    def _joined(self, first: Task) -> tuple[list[Task], bool]:
        """Return the tasks that fit into a batch with the first one, and whether another one did not."""
        batch: list[Task] = []
        rows = 0
        for task in self._tasks:
            if task.key == first.key:
                if rows + task.rows > self._parameters.batch:
                    return batch, True
                batch.append(task)
                rows += task.rows
        return batch, rows == self._parameters.batch


def _key(model: SavedModel, call: Call) -> Key:
    """Return what two calls must share to run together."""
    shapes = tuple((name, value.shape[1:], value.dtype.str) for name, value in sorted(call.inputs.items()))
    return (id(model), call.signature, tuple(call.outputs), shapes)


def run_batch(tasks: Sequence[Task], sizes: Sequence[int] = ()) -> None:
    """Run tasks as one batch and hand every one its rows; if that fails, run them one by one."""
    alive = [task for task in tasks if not task.is_given_up]
    if not alive:
        return
    if len(alive) > 1 or sizes:
        try:
            _run_together(alive, sizes)
        except Exception as error:
            logger.info("a batch of %d requests failed by %s; running them one by one", len(alive), type(error).__name__)
        else:
            return
    for task in alive:
        if not task.is_given_up:
            _run_alone(task)


def _run_together(tasks: Sequence[Task], sizes: Sequence[int]) -> None:
    model, call = tasks[0].model, tasks[0].call
    rows = sum(task.rows for task in tasks)
    size = next((size for size in sizes if size >= rows), rows)
    inputs = {name: _filled(np.concatenate([task.call.inputs[name] for task in tasks]), size) for name in call.inputs}
    left = [task.seconds_left for task in tasks]
    seconds = None if None in left else max(one for one in left if one is not None)  # afterwards nobody waits for it
    values = run_directly(model, Call(call.signature, inputs, call.outputs, seconds))
    if any(value.ndim == 0 or len(value) != size for value in values):
        raise invalid(
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors"
        )
    start = 0
    for task in tasks:
        task.finish([value[start : start + task.rows] for value in values], None)
        start += task.rows


def _filled(rows: Array, size: int) -> Array:
    return rows if len(rows) == size else np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)])


def _run_alone(task: Task) -> None:
    try:
        task.finish(run_directly(task.model, replace(task.call, seconds=task.seconds_left)), None)
    except ServingError as error:
        task.finish(None, error)
    except Exception as error:  # the thread has to live on for the others
        task.finish(None, unforeseen(error))
