"""All models of a server: watches their folders, knows their labels, hands out loaded versions."""

import gc
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Event, Lock, Thread
from typing import Any

import grpc

from serving.model_config import ModelConfig
from serving.model_versions import Lease, Load, ModelVersions, Retry, Version, not_found
from serving.serving_error import ServingError, invalid
from serving.version_policy import State, versions_in, wanted

logger = logging.getLogger(__name__)
TICK = 1.0  # seconds between two looks at what is due
STOP_SECONDS = 10.0  # for a load under way: its warm-up requests may take for ever
NO_VERSIONS = "model %s: no version under its base path. Is there a folder with a number for a name, such as 1?"


class ModelManager:
    """Keeps what is loaded in step with what lies in the base paths."""

    def __init__(self, load: Load, retry: Retry, *, labels_before_load: bool = False) -> None:
        """Make a manager without models.

        Args:
            load: makes a servable of (model name, version number, version folder).
            retry: what follows a failed load.
            labels_before_load: a new label may name a version that is not available yet.
        """
        self._load, self._retry, self._labels_before_load = load, retry, labels_before_load
        self._changed = Condition()
        self._working = Lock()  # one poll or reload at a time
        self._configs: list[ModelConfig] = []
        self._models: dict[str, ModelVersions] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._warned: set[str] = set()
        self._freed = 0  # versions
        self._stop = Event()
        self._thread: Thread | None = None

    @property
    def names(self) -> list[str]:
        """The configured models."""
        return [config.name for config in self._configs]

    def configure(self, configs: Sequence[ModelConfig]) -> list[str]:
        """Serve these models from now on; return the names of the new ones.

        Raises:
            ServingError: FAILED_PRECONDITION when a label names a version that is not available; nothing is changed then.
        """
        with self._working:
            labels = {config.name: self._checked_labels(config) for config in configs}
            new = [config.name for config in configs if config.name not in self.names]
            for gone in set(self.names) - {config.name for config in configs}:
                self._models[gone].want({})
                self._models[gone].advance()
            for name in new:
                self._models[name] = ModelVersions(name, self._load, self._retry, self._changed)
            self._configs, self._labels = list(configs), labels
        return new

    def poll(self) -> None:
        """Look into every base path once, then load and unload; a base path that vanished changes nothing."""
        with self._working:
            for config in self._configs:
                found = versions_in(config.base_path)
                self._warn(config.name, has_versions=bool(found))
                if found is not None:
                    self._models[config.name].want(wanted(found, config.policy))
                self._models[config.name].advance()
            self._free()

    def watch(self, seconds: float) -> None:
        """Poll every so many seconds, 0: never again, and try failed loads again, in a thread of its own."""
        self._thread = Thread(target=self._work_until_stopped, args=(seconds,), name="version-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End watching and unload everything."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        for model in self._models.values():
            model.close()

    def wait_until_available(self, names: Iterable[str], seconds: float | None = None) -> None:
        """Wait until every model answers.

        Raises:
            ServingError: UNKNOWN when a model's newest version ended without; DEADLINE_EXCEEDED when the time is over.
        """
        end = None if seconds is None else time.monotonic() + seconds
        awaited = list(names)
        with self._changed:
            while not all(self._is_settled(name) for name in awaited):
                if not self._changed.wait(None if end is None else max(end - time.monotonic(), 0)):
                    raise ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "the models were not available in time")
            failed = [newest for name in awaited if (newest := self._newest(name)) and newest[1].state is State.END]
        if failed:
            reasons = "".join(f"{{{{name: {name} version: {one.number}}}{_reason(one)}}}, " for name, one in failed)
            raise ServingError(grpc.StatusCode.UNKNOWN, f"{len(failed)} model(s) did not become available: {{{reasons}}}")

    @contextmanager
    def use(self, spec: Any) -> Iterator[Lease]:
        """Hold the version that a ModelSpec names while a request uses it.

        Raises:
            ServingError: INVALID_ARGUMENT without a name or for an unknown label, NOT_FOUND when it is not available.
        """
        number = self.number_of(spec)
        if spec.name not in self._models:
            raise not_found(spec.name, number)
        with self._models[spec.name].use(number) as lease:
            yield lease

    def number_of(self, spec: Any) -> int | None:
        """Return the version number that a ModelSpec names, by itself or through a label; None: the newest.

        Raises:
            ServingError: INVALID_ARGUMENT without a name or for an unknown label.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            return None
        if choice == "version":
            return int(spec.version.value)
        number = self._labels.get(spec.name, {}).get(spec.version_label)
        if number is None:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        return number

    def versions(self, name: str) -> list[Version]:
        """Return every version of a model that was ever wanted, highest first; empty for an unknown model."""
        with self._changed:
            model = self._models.get(name)
            return sorted(model.versions.values(), key=lambda one: -one.number) if model else []

    def _work_until_stopped(self, seconds: float) -> None:
        next_poll = time.monotonic() + seconds
        while not self._stop.wait(min(seconds or TICK, TICK)):
            if seconds and time.monotonic() >= next_poll:
                self.poll()
                next_poll = time.monotonic() + seconds
            else:
                self._try_again()

    def _try_again(self) -> None:
        """Load what failed before and is due, without looking for new versions."""
        with self._working:
            for config in self._configs:
                self._models[config.name].advance()
            self._free()

    def _free(self) -> None:
        """Free what unloaded versions held: a graph is full of cycles, and left to itself the collector lets many pile up."""
        closed = sum(model.closed for model in self._models.values())
        if closed != self._freed:
            self._freed = closed
            gc.collect()

    def _checked_labels(self, config: ModelConfig) -> dict[str, int]:
        available = {version.number for version in self.versions(config.name) if version.state is State.AVAILABLE}
        for label, number in config.labels.items():
            moves = self._labels.get(config.name, {}).get(label, number) != number
            if number not in available and (moves or not self._labels_before_load):
                raise ServingError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"Request to assign label to version {number} of model {config.name}, "
                    "which is not currently available for inference",
                )
        return dict(config.labels)

    def _is_settled(self, name: str) -> bool:
        newest = self._newest(name)
        return newest is not None and newest[1].state in (State.AVAILABLE, State.END)

    def _newest(self, name: str) -> tuple[str, Version] | None:
        wanted_ones = [version for version in self.versions(name) if version.is_wanted]
        return (name, wanted_ones[0]) if wanted_ones else None

    def _warn(self, name: str, *, has_versions: bool) -> None:
        """Say once, not every second, that a model has no versions."""
        if has_versions:
            self._warned.discard(name)
        elif name not in self._warned:
            self._warned.add(name)
            logger.warning(NO_VERSIONS, name)


def _reason(version: Version) -> str:
    return f" due to error: {version.error.code.name}: {version.error}" if version.error else ""
