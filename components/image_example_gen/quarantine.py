"""Why a manifest row gives no example, as far as its own cells and other rows tell."""

import hashlib
import posixpath
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.sorted_lines import SortedLines
from models.features import SPLITS
from pipeline.reasons import Reason


def row_reason(row: ManifestRow, classes: Collection[str], needs_patient: bool) -> Reason | None:
    """Return what is wrong with a row's own cells, None when nothing is."""
    if ";" in row.label:
        return Reason.SEVERAL_LABELS
    if row.label not in classes:
        return Reason.UNKNOWN_LABEL
    if needs_patient and not row.patient_id:
        return Reason.NO_PATIENT
    if row.split and row.split not in SPLITS:
        return Reason.UNKNOWN_SPLIT
    return None


class Repeats:
    """Finds the rows that may not stand because several name one file (or one frame of it).

    Rows that disagree all fall; of rows that agree the first stands. './a.png' and 'a.png' are one file; links are not
    followed: the same pixels under two names are DataGate's matter. Memory grows with the repeats, not with the rows; what is
    sorted on disk names neither file nor patient.
    """

    def __init__(self, folder: Path) -> None:
        """Sort in a folder."""
        self._lines = SortedLines(folder)
        self._key = secrets.token_bytes(hashlib.blake2b.MAX_KEY_SIZE)  # never stored: names can't be tried out

    def add(self, row: ManifestRow) -> None:
        """Take a row, in any order."""
        file = self._digest(f"{posixpath.normpath(row.path)}\0{row.frame}")
        belongs = self._digest(f"{row.patient_id}\0{row.split}")
        self._lines.add(f"{file} {row.row:020d} {self._digest(row.label)} {belongs}")

    def reasons(self) -> dict[int, Reason]:
        """Return the rows that fall, by number."""
        groups = (list(group) for _, group in groupby(map(str.split, self._lines), key=itemgetter(0)))
        return {row: reason for group in groups if len(group) > 1 for row, reason in _judge_repeats(group)}

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).hexdigest()


def repeat_reasons(rows: Iterable[ManifestRow]) -> dict[int, Reason]:
    """Return the rows, by number, that may not stand beside others of the same manifest."""
    with TemporaryDirectory() as folder:
        repeats = Repeats(Path(folder))
        for row in rows:
            repeats.add(row)
        return repeats.reasons()


def _judge_repeats(group: Sequence[Sequence[str]]) -> Iterator[tuple[int, Reason]]:
    """Yield what becomes of rows of one file, in the order of their numbers; their texts are as in `Repeats.add`."""
    rows = [int(row) for _, row, _, _ in group]
    if len({label for _, _, label, _ in group}) > 1:
        return ((row, Reason.CONFLICTING_LABELS) for row in rows)
    if len({belongs for _, _, _, belongs in group}) > 1:
        return ((row, Reason.CONFLICTING_PATIENTS) for row in rows)
    return ((row, Reason.REPEATED_PATH) for row in rows[1:])
