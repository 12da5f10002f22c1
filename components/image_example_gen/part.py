"""The manifests of a data set: one, or one for each span of the window. A part is one of them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.image_example_gen.manifest import ManifestRow, PatientRule, digest, files_stamp, iterate_manifest, rows_at
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


def planned(manifest: Path, span: int | None, *, patient: PatientRule, slices: Sequence[str]) -> Part:
    """Return a part as it is now.

    Raises:
        ConfigError: when the manifest can't be read or is not of the right form; names the span.
    """
    part = Part(manifest, span)
    stamp = files_stamp(iterate_part(part, patient=patient, slices=slices), manifest.parent)
    return replace(part, sha256=digest(manifest), files_stamp=stamp)


def iterate_part(part: Part, *, patient: PatientRule = "column", slices: Sequence[str] = ()) -> Iterator[ManifestRow]:
    """Yield the rows of a part in file order, each with its span; memory holds one of them.

    Raises:
        ConfigError: when the manifest can't be read or is not of the right form; names the span.
    """
    for row in _naming_span(part, iterate_manifest(part.manifest, patient=patient, slices=slices)):
        number = row_number(part.span, row.row)
        yield row if part.span is None else replace(row, row=number, span=part.span)


def rows_of_part(part: Part, places: Iterable[tuple[int, int]], *, patient: PatientRule = "column") -> Iterator[ManifestRow]:
    """Yield single rows of a part by `row` and `place`. Errors are those of `iterate_part`."""
    for row in _naming_span(part, rows_at(part.manifest, places, patient=patient)):
        yield row if part.span is None else replace(row, span=part.span)


def _naming_span(part: Part, rows: Iterator[ManifestRow]) -> Iterator[ManifestRow]:
    try:
        yield from rows
    except ConfigError as error:
        raise error if part.span is None else ConfigError(f"span {part.span}: {error}") from error


def unchanged_rows(part: Part, *, patient: PatientRule, slices: Sequence[str]) -> Iterator[ManifestRow]:
    """Return the rows of a part that a run was planned with.

    Raises:
        ConfigError: when the manifest has changed since, or its form is wrong.
    """
    if digest(part.manifest) != part.sha256:
        raise changed(part)
    return iterate_part(part, patient=patient, slices=slices)


def changed(part: Part) -> ConfigError:
    """Return the error that says that a manifest is not the one that a run was planned with."""
    place = "" if part.span is None else f"span {part.span}: "
    expected = f"expected SHA-256 {part.sha256[:12]}..."
    return ConfigError(f"{place}manifest {part.manifest}: changed after the run began; {expected} Run again.")


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
