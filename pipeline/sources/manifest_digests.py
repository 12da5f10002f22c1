"""Renews SHA-256 cells of a manifest that `index` wrote."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

from components.image_example_gen.manifest import SHA256
from pipeline.root import write_atomically
from pipeline.sources.index_note import note_path, read_note


def refresh_digests(manifest: Path, digests: Mapping[int, str]) -> bool:
    """Write new digests into a manifest and its note; return False, and write nothing, for one that people wrote or changed.

    Args:
        manifest: the CSV file.
        digests: row -> SHA-256 of its file as it is now.

    Raises:
        OSError: when it can't be read or written.
    """
    before, note = manifest.read_bytes(), read_note(manifest)
    old = hashlib.sha256(before).hexdigest()
    if note.get("manifest_sha256") != old:
        return False
    text = _with_digests(before.decode(), digests)
    note |= {"manifest_sha256": hashlib.sha256(text.encode()).hexdigest(), "previous_sha256": old}
    # The note first, as in index(): killed in between, it knows the manifest before and after.
    write_atomically(note_path(manifest), json.dumps(note, indent=2, sort_keys=True) + "\n")
    write_atomically(manifest, text)
    return True


def _with_digests(text: str, digests: Mapping[int, str]) -> str:
    """Return the table with some digests replaced; everything else stays byte for byte as `index` wrote it."""
    table = csv.DictReader(io.StringIO(text, newline=""))
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, table.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**cells, SHA256: digests.get(row, cells[SHA256])} for row, cells in enumerate(table, start=1))
    return written.getvalue()
