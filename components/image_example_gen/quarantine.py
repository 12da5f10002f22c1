"""Why a manifest row gives no example, as far as its own cells and other rows tell."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Sequence

from components.image_example_gen.manifest import ManifestRow
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


def repeat_reasons(rows: Sequence[ManifestRow]) -> dict[int, Reason]:
    """Return the rows, by number, that may not stand because several name one file (or one frame of it).

    Rows that disagree all fall; of rows that agree the first stands. './a.png' and 'a.png' are one file; links are not
    followed: the same pixels under two names are DataGate's matter.
    """
    groups: defaultdict[tuple[str, int | None], list[ManifestRow]] = defaultdict(list)
    for row in rows:
        groups[posixpath.normpath(row.path), row.frame].append(row)
    return {row: reason for group in groups.values() if len(group) > 1 for row, reason in _judge_repeats(group).items()}


def _judge_repeats(group: Sequence[ManifestRow]) -> dict[int, Reason]:
    if len({row.label for row in group}) > 1:
        return {row.row: Reason.CONFLICTING_LABELS for row in group}
    if len({(row.patient_id, row.split) for row in group}) > 1:
        return {row.row: Reason.CONFLICTING_PATIENTS for row in group}
    return {row.row: Reason.REPEATED_PATH for row in group[1:]}
