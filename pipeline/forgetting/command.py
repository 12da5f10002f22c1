"""`medtfx forget`: take patients out of everything below a root, and say which models have seen them."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from components.image_example_gen import pseudonym
from components.image_example_gen.part import iterate_part
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline import config_file
from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.forgetting.erasure import erase
from pipeline.forgetting.exclude_list import add_to_list, listed
from pipeline.forgetting.lineage import Lineage
from pipeline.forgetting.plan import Plan, Source, make_plan
from pipeline.forgetting.record import Act, add_to_record
from pipeline.root import Root, locked
from pipeline.run_history import existing_root
from pipeline.run_parts import parts_at
from pipeline.span_pattern import folder_of

FROM_STDIN = "-"
SHOWN_DIGITS = 12
SAW = {"train": "trained on", "val": "stopped by (val)", "test": "tested with"}


@dataclass(frozen=True)
class Options:
    """How the command was called.

    Args:
        root: folder of the runs; None: runs/<name>.
        overrides: of the configuration, as for `run`.
        key_files: earlier pseudonym keys.
        yes: ask nothing.
        dry_run: change nothing.
        as_json: print one JSON object.
    """

    root: Path | None = None
    overrides: Sequence[str] = ()
    key_files: Sequence[Path] = ()
    yes: bool = False
    dry_run: bool = False
    as_json: bool = False


def forget_command(path: Path, given: Sequence[str], options: Options) -> int:
    """Forget patients and return the exit code: 0, or 1 when the question was answered with no.

    Raises:
        ConfigError: for a bad configuration, no list of `data.exclude`, no root or an unknown patient; nothing is changed then.
        RootInUseError: when a run works on the root.
        NotForgottenError: when something still holds a patient.
    """
    check_answerable(given, options)
    config = config_file.load(path, options.overrides)
    root = existing_root(options.root or Path("runs") / config.name)
    exclude = exclude_file(config, path, root)
    patient_ids = ids_of(given)
    os.umask(0o077)
    with locked(root):
        lineage = Lineage(root)
        plan = make_plan(patient_ids, source_of(config, exclude, options.key_files), root, lineage)
        if not options.as_json:
            typer.echo("\n".join(told(plan, root)))
        done = not options.dry_run and (options.yes or confirmed(len(patient_ids)))
        if done:
            carry_out(plan, patient_ids, exclude, root=root, lineage=lineage)
    typer.echo(
        json.dumps(as_json(plan, done=done)) if options.as_json else outcome(done=done, dry_run=options.dry_run, path=path)
    )
    return 0 if done or options.dry_run else 1


def carry_out(plan: Plan, patient_ids: Sequence[str], exclude: Path, *, root: Root, lineage: Lineage) -> None:
    """Do it; killed at any moment, the same command completes it.

    The list comes first: whatever happens then, no later run reads the patients again.
    """
    add_to_list(exclude, patient_ids)
    add_to_record(root, plan.lines("begun"))
    erase(root, lineage, plan.holdings, plan.traces)
    add_to_record(root, plan.lines("done"))


def exclude_file(config: Config, path: Path, root: Root) -> Path:
    """Return the list that the next run of the configuration reads.

    Raises:
        ConfigError: when it names none, so that the next run would read the patients again, or one below the root.
    """
    if config.data.patient == "unknown":
        raise ConfigError(f"{path}: data.patient is unknown: these data name no patient. Take the images out of the manifest.")
    exclude = config.data.exclude
    if exclude is None:
        raise ConfigError(
            f"{path}: data.exclude is not set, so the next run would read the patient again. Add below `data:` the line\n"
            f"  exclude: {folder_of(config.data.manifest) / 'exclude.txt'}\n"
            "and run the same command again; it makes the file."
        )
    if exclude.resolve().is_relative_to(root.path.resolve()):
        raise ConfigError(
            f"data.exclude: {exclude}: lies below the root; expected a place beside the manifest: it names patients"
        )
    return exclude


def check_answerable(given: Sequence[str], options: Options) -> None:
    """Raise ConfigError when a question would be due that nobody could answer."""
    if options.yes or options.dry_run:
        return
    if options.as_json or FROM_STDIN in given:
        what = "--json" if options.as_json else "patients from stdin"
        raise ConfigError(f"forget: with {what} nobody can be asked; add --yes, or --dry-run to see what would go")


def ids_of(given: Sequence[str]) -> list[str]:
    """Return the patient ids of the command line, with those of stdin where one is '-'.

    Raises:
        ConfigError: when there is none, or one is no single line.
    """
    ids = list(given)
    if FROM_STDIN in ids:
        ids.remove(FROM_STDIN)
        ids += typer.get_text_stream("stdin").read().splitlines()
    ids = list(dict.fromkeys(patient_id.strip() for patient_id in ids if patient_id.strip()))
    if not ids or any(len(patient_id.splitlines()) > 1 for patient_id in ids):
        raise ConfigError(
            "forget: expected one or more patient ids as they stand in the manifest, on the command line or in stdin"
        )
    return ids


def source_of(config: Config, exclude: Path, key_files: Sequence[Path]) -> Source:
    """Return what the manifests, the list and the keys tell; of all spans, for earlier runs had other windows.

    Raises:
        ConfigError: when one of them can't be read.
    """
    key_file = config.data.pseudonym_key_file or folder_of(config.data.manifest) / "pseudonym.key"
    keys = [pseudonym.load_key(key_file), *(pseudonym.load_key(other, environment={}) for other in key_files)]
    rows = [row for part in parts_at(config.data.manifest) for row in iterate_part(part, patient=config.data.patient)]
    return Source(rows, listed(exclude), tuple(map(Pseudonymizer, keys)))


def confirmed(patients: int) -> bool:
    """Ask, and return whether the answer was yes; the end of stdin is a no."""
    try:
        return typer.confirm(f"Forget {patients} patient{'s' * (patients > 1)}? It can't be undone.")
    except typer.Abort:
        return False


def told(plan: Plan, root: Root) -> Iterator[str]:
    """Yield the plan for people."""
    yield f"medtfx: forget, root {root.path}"
    for number, act in enumerate(plan.acts, start=1):
        yield f"patient {number}, in the record {act.patient[:SHOWN_DIGITS]}: {'seen by' if act.models else 'seen by no model'}"
        yield from _models(act)
    first = plan.acts[0]
    yield from (f"  delete   {place}" for place in first.deleted)
    yield from (f"  rewrite  {place}" for place in first.rewritten)
    if first.unsearched_runs:
        runs = ", ".join(first.unsearched_runs)
        yield f"not searched, because their pseudonym key is another: runs {runs}. Name that key with --key-file."


def _models(act: Act) -> Iterator[str]:
    for use in act.models:
        name = f"version {use['version']}" if use["version"] else f"model {use['model']}"
        saw = ", ".join(SAW[split] for split in use["splits"])
        yield f"  {name} of run {use['run_id']}: {saw}; {use['state']}"


def outcome(*, done: bool, dry_run: bool, path: Path) -> str:
    """Return the last line for people."""
    if done:
        run = shlex.join(["medtfx", "run", str(path)])
        return (
            f"forgotten; the record is forgotten.jsonl below the root. The next `{run}` learns without them. "
            "Models that saw them stay as they are, and so do the source images and every backup."
        )
    return "dry run: nothing was changed" if dry_run else "nothing was changed"


def as_json(plan: Plan, *, done: bool) -> dict[str, object]:
    """Return plan and outcome as plain values."""
    return {"forgotten": done, "patients": [asdict(act) for act in (plan.lines("done") if done else plan.acts)]}
