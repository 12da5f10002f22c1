"""What ML Metadata knows: which artifact lies where, which models saw which examples, and which versions they became."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ml_metadata.proto import metadata_store_pb2

from components.image_example_gen.account import RUN_ID
from components.pusher.versions import State, versions
from models.features import SPLITS
from pipeline.errors import ConfigError
from pipeline.metadata_store import opened, remembered_connection
from pipeline.root import Root

LIVE = metadata_store_pb2.Artifact.LIVE
PENDING = metadata_store_pb2.Artifact.PENDING  # of an execution that was killed
MARKED = metadata_store_pb2.Artifact.MARKED_FOR_DELETION
DELETED = metadata_store_pb2.Artifact.DELETED
INPUT, OUTPUT = metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.OUTPUT

# Which splits a node shows to a model: the Trainer stops early by val; a baseline sees what Evaluator and Predictions ask it.
SHOWN = {"Trainer": {"train", "val"}, "Evaluator": {"test"}, "Predictions": {"val", "test"}}
INGEST = "ImageExampleGen"
PLACE_PARTS = 3  # node, output and execution: where an artifact lies below artifacts/

ModelState = State | Literal["not pushed"]


@dataclass(frozen=True)
class Stored:
    """An artifact.

    Args:
        id: in ML Metadata.
        type_name: such as 'Examples'.
        place: below artifacts/, such as 'ImageExampleGen/examples/1'.
        state: of ML Metadata.
    """

    id: int
    type_name: str
    place: str
    state: int


@dataclass(frozen=True)
class ModelUse:
    """A model that saw a patient, once for each version that it became.

    Args:
        model: id in ML Metadata.
        run_id: of the run that trained it.
        splits: that it saw the patient in: learned from (train), stopped by (val), judged on (val, test).
        version: None when it was never pushed.
        state: of that version in its serving folder.
        folder: of the version, below the root; '' when it was never pushed.
    """

    model: int
    run_id: str
    splits: tuple[str, ...]
    version: str | None
    state: ModelState
    folder: str = ""


class Lineage:
    """Reads and marks the artifacts of one root."""

    def __init__(self, root: Root) -> None:
        """Open a root's ML Metadata.

        Raises:
            ConfigError: when no run has begun there, the file is damaged, or the server can't be used.
        """
        connection = remembered_connection(root)
        if connection is None:
            raise ConfigError(f"{root.path}: no run has begun here; `data.exclude` is enough to leave a patient out of the first")
        self._root = root
        self._store = opened(connection)

    def artifacts(self) -> list[Stored]:
        """Return every artifact, the oldest first."""
        names = {kind.id: kind.name for kind in self._store.get_artifact_types()}
        found = sorted(self._store.get_artifacts(), key=lambda artifact: artifact.id)
        return [Stored(item.id, names[item.type_id], _place(item.uri), item.state) for item in found]

    def mark(self, artifact: Stored, state: int) -> None:
        """Set the state of an artifact. TFX's cache hands out, and its resolvers find, only what is LIVE."""
        (found,) = self._store.get_artifacts_by_id([artifact.id])
        found.state = state
        self._store.put_artifacts([found])

    def run_of(self, ingest: str) -> str:
        """Return the run of an execution of the ingest, the execution itself where ML Metadata does not know it."""
        place = f"{INGEST}/account/{ingest}"
        found = (item for item in self._store.get_artifacts_by_type("IngestAccount") if _place(item.uri) == place)
        return next((item.custom_properties[RUN_ID].string_value for item in found), "") or f"ingest {ingest}"

    def models(self, seen: Mapping[str, frozenset[str]]) -> list[ModelUse]:
        """Return the models that saw a patient, the oldest first.

        Args:
            seen: execution of an ingest -> splits of its examples in which the patient is.
        """
        places = {f"{INGEST}/examples/{execution}": splits for execution, splits in seen.items()}
        examples = {item.id: places[item.place] for item in self.artifacts() if item.place in places}
        shown: defaultdict[int, set[str]] = defaultdict(set)
        for node, inputs, models in self._executions():
            for example in inputs & examples.keys():
                for model in models:
                    shown[model] |= SHOWN[node] & examples[example]
        return [use for model in sorted(shown) if shown[model] for use in self._uses(model, shown[model])]

    def _executions(self) -> Iterator[tuple[str, set[int], set[int]]]:
        """Yield node, ids of what it read, and ids of the models that it made or asked."""
        kinds = {kind.id: kind.name.rsplit(".", 1)[-1] for kind in self._store.get_execution_types()}
        executions = {item.id: kinds[item.type_id] for item in self._store.get_executions() if kinds[item.type_id] in SHOWN}
        events = defaultdict(list)
        for event in self._store.get_events_by_execution_ids(list(executions)) if executions else ():
            events[event.execution_id].append(event)
        models = {item.id for item in self.artifacts() if item.type_name == "Model" and item.state == LIVE}
        for execution, node in executions.items():
            inputs = {event.artifact_id for event in events[execution] if event.type == INPUT}
            yield node, inputs, models & {event.artifact_id for event in events[execution]}

    def _uses(self, model: int, splits: set[str]) -> Iterator[ModelUse]:
        """Yield a model once for each version, or once as not pushed."""
        run_id, ordered = self._trained_by(model), tuple(split for split in SPLITS if split in splits)
        folders = list(self._pushed_to(model))
        if not folders:
            yield ModelUse(model, run_id, ordered, None, "not pushed")
        for folder in folders:
            yield ModelUse(model, run_id, ordered, Path(folder).name, self.state_of(folder), folder)

    def _trained_by(self, model: int) -> str:
        made = [event.execution_id for event in self._store.get_events_by_artifact_ids([model]) if event.type == OUTPUT]
        contexts = self._store.get_contexts_by_execution(min(made)) if made else []  # later ones took it from the cache
        return next((context.name for context in contexts if context.type == "pipeline_run"), "")

    def _pushed_to(self, model: int) -> Sequence[str]:
        """Return the folders below the root that a model was pushed to, each once."""
        pushes = [item.custom_properties for item in self._store.get_artifacts_by_type("PushedModel")]
        ours = (push for push in pushes if push["current_model_id"].int_value == model and push["pushed"].int_value)
        return list(dict.fromkeys(push["pushed_destination"].string_value for push in ours))

    def state_of(self, folder: str) -> ModelState:
        """Return what has become of a model that was pushed to a folder below the root; '' for one that never was."""
        if not folder:
            return "not pushed"
        path = self._root.path / folder
        found = (version.state for version in versions(path.parent) if version.number == int(path.name))
        return next(found, State.REMOVED)


def _place(uri: str) -> str:
    """Return where an artifact lies below artifacts/, whatever the root's own path was when it was made."""
    return "/".join(Path(uri).parts[-PLACE_PARTS:])
