"""`medtfx index --retry`: try again, with today's code, to read the files that runs have set aside."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from components.image_example_gen import pseudonym
from components.image_example_gen.account import ACCOUNT_FILE, EXAMPLE
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader
from components.image_example_gen.part import Part, iterate_part
from components.image_example_gen.quarantine import repeat_reasons
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.row_number import row_name, span_and_row
from components.image_example_gen.settings import IngestSettings
from pipeline.errors import ConfigError
from pipeline.quarantine_ledger import after_retry, read_ledger, write_ledger
from pipeline.reasons import MEANING, Reason
from pipeline.root import Root, locked
from pipeline.run_history import existing_root
from pipeline.run_parts import parts_at
from pipeline.sources.manifest_digests import refresh_digests

ACCOUNTS = f"ImageExampleGen/account/*/{ACCOUNT_FILE}"  # below the artifacts
SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Retried:
    """What came of one row.

    Args:
        row: of the manifest.
        file: image_key.
        reason: why it can't be read; '' when it can.
        sha256: of a file that was replaced since the manifest was written, else ''.
        kept: whether the manifest has that digest now, or needs none.
    """

    row: int
    file: str
    reason: str = ""
    sha256: str = ""
    kept: bool = True


def retry_command(manifest_path: Path, root_path: Path, key: bytes) -> None:
    """Read the open files of a root's ledger again, mark what can be read, and print which and why not.

    Raises:
        ConfigError: when root, manifest or key are absent, or the key is not that of the root's runs.
    """
    root = existing_root(root_path)
    settings, pseudonymizer = last_settings(root), pseudonym.Pseudonymizer(key)
    if pseudonymizer.key_id != settings.key_id:
        ours, theirs = pseudonymizer.key_id, settings.key_id
        raise ConfigError(f"pseudonym key: id is {ours}; the root's last run used {theirs}. Name its file with --key-file.")
    with locked(root):
        entries = read_ledger(root)
        wanted = {entry.file for entry in entries if entry.is_open}
        with GuardedRenderer(settings.rendering, settings.limits) as renderer:
            reader = ImageReader(settings.canonical, settings.limits, renderer)
            ingest = RowIngest(settings, Path(), pseudonymizer, reader)
            tried = [item for part in parts_at(manifest_path) for item in retry_part(part, wanted, ingest)]
        write_ledger(root, after_retry(entries, _readable(tried)))
    tell(tried, len(wanted))


def retry_part(part: Part, wanted: set[str], ingest: RowIngest) -> list[Retried]:
    """Return what comes of the rows of one manifest; the digests of replaced files are renewed where `index` wrote it.

    Args:
        part: the manifest.
        wanted: image keys.
        ingest: reads a row as a run would, from whatever folder.
    """
    tried = list(retry(part, wanted, replace(ingest, folder=part.manifest.parent)))
    replaced = {span_and_row(item.row)[1]: item.sha256 for item in tried if item.sha256}
    if not replaced or refresh_digests(part.manifest, replaced):
        return tried
    return [replace(item, kept=not item.sha256) for item in tried]


def last_settings(root: Root) -> IngestSettings:
    """Return the settings of the last ingest below a root, without the place of its key.

    Raises:
        ConfigError: when no ingest has ended there.
    """
    found = sorted(root.artifacts.glob(ACCOUNTS), key=lambda path: int(path.parent.name))
    if not found:
        raise ConfigError(f"{root.path}: no run has read images here yet")
    return IngestSettings.from_json(json.dumps(json.loads(found[-1].read_text(encoding="utf-8"))["settings"]))


def retry(part: Part, wanted: set[str], ingest: RowIngest) -> Iterator[Retried]:
    """Yield what comes of the rows whose files are wanted; a file that was replaced is judged as it is now.

    Args:
        part: the manifest.
        wanted: image keys.
        ingest: reads a row as a run would.
    """
    patient, slices = ingest.settings.patient, ingest.settings.slices
    repeats = repeat_reasons(iterate_part(part, patient=patient, slices=slices))
    for row in iterate_part(part, patient=patient, slices=slices):
        file = ingest.pseudonymizer.image(row.image_name)
        if file not in wanted:
            continue
        account, _ = ingest.ingest(row, repeats.get(row.row))
        sha256 = ""
        if account.reason == Reason.CHANGED_FILE:
            account, _ = ingest.ingest(replace(row, sha256=""), repeats.get(row.row))
            sha256 = hashlib.sha256((ingest.folder / row.path).read_bytes()).hexdigest() if account.status == EXAMPLE else ""
        yield Retried(row.row, file, account.reason or "", sha256)


def _readable(tried: Sequence[Retried]) -> Mapping[str, bool]:
    """Return which files the next run can take with every row that names them."""
    unable = {item.file for item in tried if item.reason or not item.kept}
    return {item.file: item.file not in unable for item in tried}


def tell(tried: Sequence[Retried], wanted: int) -> None:
    """Print a line per row, then the counts."""
    for item in tried:
        if item.reason:
            told = f"not readable: {item.reason} ({MEANING.get(Reason(item.reason), item.reason)})"
        elif not item.kept:
            told = "readable, but it was replaced, and people wrote this manifest: put the file's new sha256 there"
        else:
            told = "readable; the manifest has its new sha256" if item.sha256 else "readable"
        typer.echo(f"{row_name(item.row)}, file {item.file[:SHOWN_DIGITS]}: {told}")
    able = sum(_readable(tried).values())
    gone = wanted - len({item.file for item in tried})
    elsewhere = f"; {gone:,} are not in this manifest" if gone else ""
    typer.echo(f"{able:,} of {wanted:,} files can be read now{elsewhere}. The next run takes them.")
