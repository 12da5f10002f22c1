"""Finds what holds a patient below a root, and says what is to become of it."""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

from components.image_example_gen.account import ROWS_FILE
from models.features import PATIENT_KEY
from pipeline.forgetting.lineage import MARKED, PENDING, Stored
from pipeline.forgetting.rewriting import rewriter_of
from pipeline.forgetting.traces import Traces
from pipeline.root import Root

# And what lies directly below the root; serving/ holds no example, locks/ only names of nodes.
SEARCHED = ("artifacts", "reports", "logs", "schema", "work", "runs")
LEFT_ALONE = ("format", "lock", "metadata.sqlite", "metadata.json", "forgotten.jsonl")
RECORDS = "data_tfrecord-"  # of examples, where each has its patient_key


@dataclass(frozen=True)
class Holdings:
    """What holds a patient.

    Args:
        artifacts: to be deleted as a whole: without the patient they would not be what their digests say.
        rewritten: files whose other content is still needed.
        accounts: accounts to be rewritten, last of all: by them a patient's images are known.
        deleted: other files.
    """

    artifacts: tuple[Stored, ...] = ()
    rewritten: tuple[Path, ...] = ()
    accounts: tuple[Path, ...] = ()
    deleted: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.artifacts or self.rewritten or self.accounts or self.deleted)

    def deleted_places(self, root: Root) -> tuple[str, ...]:
        """Return what goes as a whole, as places below the root."""
        files = (str(path.relative_to(root.path)) for path in self.deleted)
        return (*(f"{root.artifacts.name}/{artifact.place}" for artifact in self.artifacts), *files)

    def rewritten_places(self, root: Root) -> tuple[str, ...]:
        """Return what is written anew, as places below the root."""
        return tuple(str(path.relative_to(root.path)) for path in (*self.rewritten, *self.accounts))


def search(root: Root, stored: Sequence[Stored], traces: Traces) -> Holdings:
    """Return what holds one of the patients, what a killed act has marked, and what a killed run left half done.

    Args:
        root: held by this process.
        stored: its artifacts.
        traces: what to look for.
    """
    places = {artifact.place: artifact for artifact in stored}
    artifacts = {item.place: item for item in stored if item.state in (MARKED, PENDING)}  # unread: nobody uses them any more
    rewritten, accounts, deleted = [], [], []
    for path in searched_files(root):
        artifact = _artifact_of(path, root, places)
        if (artifact is not None and artifact.place in artifacts) or not holds(path, traces):
            continue
        if path.name == ROWS_FILE:
            accounts.append(path)
        elif rewriter_of(path) is not None:
            rewritten.append(path)
        elif artifact is not None:
            artifacts[artifact.place] = artifact
        else:
            deleted.append(path)
    whole = sorted(artifacts.values(), key=lambda item: (item.type_name == "Examples", item.id))  # examples after all else
    return Holdings(tuple(whole), tuple(rewritten), tuple(accounts), tuple(deleted))


def searched_files(root: Root) -> Iterator[Path]:
    """Yield every file that may hold a patient."""
    yield from sorted(path for path in root.path.iterdir() if path.is_file() and path.name not in LEFT_ALONE)
    for name in SEARCHED:
        for path in sorted((root.path / name).rglob("*")):
            if path.is_file():
                yield path


def _artifact_of(path: Path, root: Root, places: Mapping[str, Stored]) -> Stored | None:
    if not path.is_relative_to(root.artifacts):
        return None
    return places.get("/".join(path.relative_to(root.artifacts).parts[:3]))


def holds(path: Path, traces: Traces) -> bool:
    """Tell whether a file names one of the patients; a table that can't be read is taken to do so."""
    if path.suffix == ".parquet":
        try:
            return in_table(path, traces.patients)
        except (pyarrow.ArrowException, OSError):
            return True
    names = traces.patients if path.name.startswith(RECORDS) else traces.beginnings
    return any_in_file(path, names)


def in_table(path: Path, patients: frozenset[str]) -> bool:
    """Tell whether a line of a table is of one of these patient keys.

    Raises:
        pyarrow.ArrowException: when it is no whole table.
    """
    with pyarrow.parquet.ParquetFile(path) as table:
        if PATIENT_KEY not in table.schema_arrow.names:
            return False
        return not patients.isdisjoint(table.read([PATIENT_KEY]).column(PATIENT_KEY).to_pylist())


def any_in_file(path: Path, words: frozenset[str]) -> bool:
    """Tell whether the bytes of a file hold one of some words."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(word.encode()) >= 0 for word in words)
