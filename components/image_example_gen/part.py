"""The manifests of a data set: one, or one for each span of the window. A part is one of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.image_example_gen.manifest import ManifestRow, PatientRule, digest, files_stamp, read_manifest
from components.image_example_gen.row_number import row_number
from pipeline.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """A manifest and what it is known by.

    Args:
        manifest: the CSV file; paths in it start from its folder.
        span: its number; None where data don't come in spans.
        sha256: of the manifest.
        files_stamp: `manifest.files_stamp` of its files.
    """

    manifest: Path = field(repr=False)
    span: int | None = None
    sha256: str = ""
    files_stamp: str = ""


Rows = tuple[ManifestRow, ...]


def planned(manifest: Path, span: int | None, *, patient: PatientRule, slices: Sequence[str]) -> tuple[Part, Rows]:
    """Return a part as it is now, and its rows.

    Raises:
        ConfigError: when the manifest can't be read or is not of the right form; names the span.
    """
    part = Part(manifest, span)
    rows = read_part(part, patient=patient, slices=slices)
    return replace(part, sha256=digest(manifest), files_stamp=files_stamp(rows, manifest.parent)), rows


def read_part(part: Part, *, patient: PatientRule = "column", slices: Sequence[str] = ()) -> Rows:
    """Return the rows of a part in file order, each with its span.

    Raises:
        ConfigError: when the manifest can't be read or is not of the right form; names the span.
    """
    try:
        rows = read_manifest(part.manifest, patient=patient, slices=slices)
    except ConfigError as error:
        raise error if part.span is None else ConfigError(f"span {part.span}: {error}") from error
    if part.span is None:
        return rows
    return tuple(replace(row, row=row_number(part.span, row.row), span=part.span) for row in rows)


def unchanged_rows(part: Part, *, patient: PatientRule, slices: Sequence[str]) -> Rows:
    """Return the rows of a part that a run was planned with.

    Raises:
        ConfigError: when the manifest has changed since, or its form is wrong.
    """
    if digest(part.manifest) != part.sha256:
        place = "" if part.span is None else f"span {part.span}: "
        expected = f"expected SHA-256 {part.sha256[:12]}..."
        raise ConfigError(f"{place}manifest {part.manifest}: changed after the run began; {expected} Run again.")
    return read_part(part, patient=patient, slices=slices)


def identity(parts: Sequence[Part]) -> str:
    """Return the digest that a data set is known by: of its manifest, or of its spans' numbers and manifests."""
    return _joined(parts, [part.sha256 for part in parts])


def joined_stamp(parts: Sequence[Part]) -> str:
    """Return the digest of what all files look like from outside."""
    return _joined(parts, [part.files_stamp for part in parts])


def _joined(parts: Sequence[Part], digests: Sequence[str]) -> str:
    if len(parts) == 1 and parts[0].span is None:
        return digests[0]
    lines = (f"span {part.span} {its}\n" for part, its in zip(parts, digests, strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def to_json(parts: Sequence[Part]) -> str:
    """Return the spans as JSON, '' for a data set that does not come in spans."""
    spans = [part for part in parts if part.span is not None]
    return json.dumps([{**vars(part), "manifest": str(part.manifest)} for part in spans]) if spans else ""


def from_json(text: str) -> tuple[Part, ...]:
    """Return the spans that `to_json` wrote."""
    return tuple(Part(**{**values, "manifest": Path(values["manifest"])}) for values in json.loads(text or "[]"))
