"""What lies beside a pushed version as <version>.json: its files with their digests, and what it stands on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from components.pusher.durable import write_durably

FORMAT = 1


@dataclass(frozen=True)
class Provenance:
    """What a version stands on.

    Args:
        run_id: the pipeline run that pushes.
        model_id: the model's id in ML Metadata.
        blessings: gate -> verdict.
        data_digest: SHA-256 of the manifest of the data.
        metrics: name -> value on the test split, as the gates judged them.
        repeats: the version whose files are pushed again, None for a first push.
    """

    run_id: str
    model_id: int
    blessings: Mapping[str, str]
    data_digest: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    repeats: int | None = None


@dataclass(frozen=True)
class FileDigest:
    """Content of one file.

    Args:
        sha256: hex digest.
        size: bytes.
    """

    sha256: str
    size: int


def manifest_path(serving_dir: Path, version: int) -> Path:
    """Return where a version's manifest lies."""
    return serving_dir / f"{version}.json"


def model_digest(files: Mapping[str, FileDigest]) -> str:
    """Return one SHA-256 for all files: of the lines '<sha256>  <path>' in the order of the paths, as sha256sum prints them."""
    lines = "".join(f"{files[path].sha256}  {path}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def manifest_content(name: str, version: int, *, files: Mapping[str, FileDigest], provenance: Provenance) -> bytes:
    """Return the manifest of a version of the served model `name`, as JSON."""
    content = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": provenance.run_id,
        "model_id": provenance.model_id,
        "model_digest": model_digest(files),
        "blessings": dict(provenance.blessings),
        "data_digest": provenance.data_digest,
        "metrics": {name: value for name, value in provenance.metrics.items() if isfinite(value)},
        "repeats": provenance.repeats,
        "files": {path: {"sha256": files[path].sha256, "bytes": files[path].size} for path in sorted(files)},
    }
    return json.dumps(content, indent=2).encode()


def write_manifest(serving_dir: Path, version: int, *, files: Mapping[str, FileDigest], provenance: Provenance) -> Path:
    """Write a version's manifest, whole or not at all, and return its path."""
    path = manifest_path(serving_dir, version)
    write_durably(path, manifest_content(serving_dir.name, version, files=files, provenance=provenance))
    return path
