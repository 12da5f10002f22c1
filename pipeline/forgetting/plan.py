"""What forgetting some patients would do, found out before anything is changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.errors import ConfigError
from pipeline.forgetting.lineage import Lineage
from pipeline.forgetting.record import Act, last_act, now, read_record
from pipeline.forgetting.search import Holdings, search
from pipeline.forgetting.traces import Traces, account_folders, key_id_of, patient_of, recorded_rows, seen_in, traces_of
from pipeline.root import Root


@dataclass(frozen=True)
class Source:
    """What is known outside the root.

    Args:
        rows: of the manifest.
        listed: patients who are on the list of `data.exclude` already.
        pseudonymizers: with every key at hand, that of today's runs first.
    """

    rows: Sequence[ManifestRow]
    listed: frozenset[str]
    pseudonymizers: Sequence[Pseudonymizer]


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Args:
        acts: a line of the record for each patient, in the order of the command: what goes, and which models saw the patient.
        traces: what to look for.
        holdings: where it is.
    """

    acts: tuple[Act, ...]
    traces: Traces
    holdings: Holdings

    def lines(self, state: Literal["begun", "done"]) -> list[Act]:
        """Return the lines of the record with the time of now."""
        return [replace(act, state=state, when=now()) for act in self.acts]


def make_plan(patient_ids: Sequence[str], source: Source, root: Root, lineage: Lineage) -> Plan:
    """Find everything that is theirs.

    Raises:
        ConfigError: when one of them is known neither to the manifest, nor to the list, nor to any run of the root.
    """
    patients = [patient_of(patient_id, source.pseudonymizers) for patient_id in patient_ids]
    recorded, record = recorded_rows(root, patients), read_record(root)
    rows = [row for row in source.rows if row.patient_id in patient_ids]
    unsearched = _unsearched(root, lineage, source)
    known = source.listed | {row.patient_id for row in rows}
    named = {found.row.patient for found in recorded} | {act.patient for act in record}
    unknown = [
        number
        for number, (patient_id, patient) in enumerate(zip(patient_ids, patients, strict=True), start=1)
        if patient_id not in known and named.isdisjoint((*patient.keys, *patient.records))
    ]
    if unknown:
        raise ConfigError(unknown_patients(unknown, len(patients), unsearched))
    traces = traces_of(patients, recorded, rows, source.pseudonymizers)
    holdings = search(root, lineage.artifacts(), traces)
    found = Act(
        patient="",
        key_id=source.pseudonymizers[0].key_id,
        deleted=holdings.deleted_places(root),
        rewritten=holdings.rewritten_places(root),
        unsearched_runs=unsearched,
    )
    acts = []
    for patient in patients:
        models = tuple(asdict(use) for use in lineage.models(seen_in(recorded, patient)))
        act = replace(found, patient=patient.records[0], models=models)
        acts.append(continued(act, last_act(record, patient.records), lineage))
    return Plan(tuple(acts), traces, holdings)


def unknown_patients(unknown: Sequence[int], given: int, unsearched: Sequence[str]) -> str:
    """Return the message about patients whom nothing knows, by their place in the command: an id is not repeated."""
    which = ", ".join(map(str, unknown))
    elsewhere = f" {len(unsearched)} runs used another pseudonym key: name it with --key-file." if unsearched else ""
    return (
        f"patient {which} of {given}: unknown to the manifest, to the list of data.exclude and to every run of this root. "
        f"Look for a slip in the id; nothing was changed.{elsewhere}"
    )


def continued(act: Act, before: Act | None, lineage: Lineage) -> Act:
    """Return an act with what the one before recorded: which models saw the patient is known nowhere else by now.

    Of one that was killed, what it meant to delete and rewrite, and may have, is part of this one too.
    """
    if before is None:
        return act
    known = {(use["model"], use["version"]) for use in act.models}
    earlier = ({**use, "state": lineage.state_of(use["folder"])} for use in before.models)
    models = (*(use for use in earlier if (use["model"], use["version"]) not in known), *act.models)
    if before.state == "done":
        return replace(act, models=models)
    return replace(
        act,
        deleted=tuple(dict.fromkeys((*before.deleted, *act.deleted))),
        rewritten=tuple(dict.fromkeys((*before.rewritten, *act.rewritten))),
        models=models,
    )


def _unsearched(root: Root, lineage: Lineage, source: Source) -> tuple[str, ...]:
    """Return the runs whose hashes were made with a key that is not at hand."""
    known = {pseudonymizer.key_id for pseudonymizer in source.pseudonymizers}
    others = (account for account in account_folders(root) if key_id_of(account) not in known)
    return tuple(lineage.run_of(account.name) for account in others)
