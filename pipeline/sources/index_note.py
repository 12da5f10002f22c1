"""What `index` notes beside a manifest: the settings, the files' stamp, and what became of every file or row that it saw."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import MedtfxError
from pipeline.sources.entry import Listing

SIDECAR_SUFFIX = ".index.json"


def note_path(manifest: Path) -> Path:
    """Return the file beside a manifest."""
    return manifest.with_name(manifest.name + SIDECAR_SUFFIX)


def read_note(manifest: Path) -> dict[str, Any]:
    """Return what was noted; an empty dict where nothing was, or a kill cut it short."""
    try:
        noted = json.loads(note_path(manifest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def counted(listing: Listing) -> dict[str, Any]:
    """Return what became of every file or row of a source: {files, used, rows, skipped: {reason: count}}.

    Raises:
        MedtfxError: when the sums don't add up: then no manifest may stand on them.
    """
    skipped = dict(sorted((+Counter(listing.skipped)).items()))
    used = len(listing.entries) if listing.used is None else listing.used
    accounted = used + sum(skipped.values())
    files = accounted if listing.seen is None else listing.seen
    if files != accounted:
        raise MedtfxError(f"index: saw {files:,} files, but {used:,} used and {accounted - used:,} skipped make {accounted:,}")
    return {"files": files, "used": used, "rows": len(listing.entries), "skipped": skipped}


def indexed_accounts(manifests: Sequence[tuple[Path, str]]) -> Mapping[str, Any] | None:
    """Return what `counted` found of all manifests together; None where people wrote or changed one of them.

    Args:
        manifests: path and SHA-256 of each.
    """
    found = [indexed_account(path, sha256) for path, sha256 in manifests]
    known = [account for account in found if account is not None]
    if len(known) < len(found):
        return None
    sums = {name: sum(account[name] for account in known) for name in ("files", "used", "rows")}
    skipped = sum((Counter(account["skipped"]) for account in known), Counter[str]())
    return {**sums, "skipped": dict(sorted(skipped.items()))}


def indexed_account(manifest: Path, manifest_sha256: str) -> Mapping[str, Any] | None:
    """Return what `counted` found when this very manifest was written; None for one that people wrote or changed."""
    noted = read_note(manifest)
    own = noted.get("manifest_sha256") == manifest_sha256
    return noted.get("indexed") if own else None
