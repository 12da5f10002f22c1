"""The versions of one model: found, loaded, tried again, answering, unloaded."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

import grpc

from serving.saved_model import SavedModel
from serving.serving_error import ServingError, unforeseen
from serving.version_policy import Snapshot, State, Step, next_step

logger = logging.getLogger(__name__)
Load = Callable[[str, int, Path], SavedModel]


@dataclass(frozen=True)
class Retry:
    """How often a failed load is tried again, and after how many seconds; TF Serving's defaults."""

    times: int = 5
    seconds: float = 60.0


@dataclass
class Version:
    """One version; `error` says why it ended, `users` how many requests hold it."""

    number: int
    folder: Path
    state: State = State.START
    is_wanted: bool = True
    error: ServingError | None = None
    model: SavedModel | None = None
    tries: int = 0
    next_try: float = 0.0
    users: int = 0


@dataclass(frozen=True)
class Lease:
    """A version that stays loaded while a request uses it."""

    name: str
    version: int
    model: SavedModel


@dataclass
class ModelVersions:
    """All versions of one model that were ever wanted.

    Args:
        name: the model's.
        load: makes a servable of a version folder.
        retry: what follows a failed load.
        changed: told after every change of state; its lock guards the versions.
        closed: how many were unloaded so far.
    """

    name: str
    load: Load
    retry: Retry
    changed: Condition
    versions: dict[int, Version] = field(default_factory=dict)
    closed: int = 0

    def want(self, folders: Mapping[int, Path]) -> None:
        """Say which versions are wanted from now on; one that failed is tried anew only after it was unwanted in between."""
        with self.changed:
            for version in self.versions.values():
                version.is_wanted = version.number in folders and (version.is_wanted or version.state is not State.END)
                if not version.is_wanted and version.state in (State.START, State.LOADING):
                    self._ended(version, ServingError(grpc.StatusCode.CANCELLED, "Loading of servable cancelled"))
            for number, folder in folders.items():
                known = self.versions.get(number)
                if known is None or not known.is_wanted:
                    self.versions[number] = Version(number, folder)

    def advance(self) -> None:
        """Load and unload until nothing is left to do now; a failed load waits for its next try."""
        for version in self._due():
            self._load(version)
        while step := self._next_step():
            version = self.versions[step.number]
            if step.loads:
                self._load(version)
            else:
                self._unload(version)

    @contextmanager
    def use(self, number: int | None) -> Iterator[Lease]:
        """Hold a version, the newest available one for None.

        Raises:
            ServingError: NOT_FOUND when it is not available, also while it loads (core/basic_manager.cc).
        """
        version, lease = self._take(number)
        try:
            yield lease
        finally:
            with self.changed:
                version.users -= 1
                self._close_if_unused(version)

    def close(self) -> None:
        """Unload everything."""
        self.want({})
        self.advance()

    def _take(self, number: int | None) -> tuple[Version, Lease]:
        with self.changed:
            for version in sorted(self.versions.values(), key=lambda one: -one.number):
                if version.state is State.AVAILABLE and version.model is not None and number in (None, version.number):
                    version.users += 1
                    return version, Lease(self.name, version.number, version.model)
        raise not_found(self.name, number)

    def _due(self) -> list[Version]:
        """Return the versions whose next try is due, highest first."""
        with self.changed:
            now = time.monotonic()
            due = [version for version in self.versions.values() if version.state is State.LOADING and version.next_try <= now]
            return sorted(due, key=lambda one: -one.number)

    def _next_step(self) -> Step | None:
        with self.changed:
            return next_step(Snapshot(one.number, one.state, one.is_wanted) for one in self.versions.values())

    def _load(self, version: Version) -> None:
        self._move(version, State.LOADING)
        try:
            model = self.load(self.name, version.number, version.folder)
        except ServingError as error:
            self._failed(version, error)
            return
        except Exception as error:  # one strange version must not end the watch over all others
            self._failed(version, unforeseen(error))
            return
        with self.changed:
            version.model = model
            self._move(version, State.AVAILABLE)

    def _failed(self, version: Version, error: ServingError) -> None:
        version.tries += 1
        if version.tries > self.retry.times:
            self._ended(version, error)
            return
        version.next_try = time.monotonic() + self.retry.seconds
        logger.warning(
            "model %s, version %d: try %d failed, the next one in %g s: %s",
            *(self.name, version.number, version.tries, self.retry.seconds, error),
        )

    def _unload(self, version: Version) -> None:
        with self.changed:
            self._move(version, State.UNLOADING)
            self._close_if_unused(version)

    def _close_if_unused(self, version: Version) -> None:
        if version.state is State.UNLOADING and not version.users and version.model is not None:
            version.model.close()
            self.closed += 1
            self._ended(version, None)
            version.is_wanted = False  # if it was wanted again meanwhile, the next poll finds it anew

    def _ended(self, version: Version, error: ServingError | None) -> None:
        version.error, version.model = error, None
        self._move(version, State.END)

    def _move(self, version: Version, state: State) -> None:
        with self.changed:
            if version.state is not state:
                reason = f": {version.error}" if state is State.END and version.error else ""
                logger.info("model %s, version %d: %s%s", self.name, version.number, state.name, reason)
            version.state = state
            self.changed.notify_all()


def not_found(name: str, number: int | None) -> ServingError:
    """Return the error for a model or version that is not available."""
    asked = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return ServingError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")
