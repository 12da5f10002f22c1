"""The offline bundle: a copy of this project with every wheel of its lock beside it. `make wheelhouse` writes it.

Its set-up asks no package index. What it holds is told by SHA256SUMS, which `sha256sum --check` reads too. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.setup_command import SetupError

CHECKSUMS = "SHA256SUMS"
WHEELS = "wheels"
C_LIBRARY = "glibc"
BUILT_FOR = "built-for.json"
SHOWN = 20  # damaged files that one message names


@dataclass(frozen=True)
class Target:
    """What the wheels of a bundle run on: Python's minor version and the platform in Python's words."""

    python: str
    platform: str

    @classmethod
    def here(cls) -> Target:
        """Return that of the running interpreter."""
        return cls(f"{sys.version_info[0]}.{sys.version_info[1]}", sysconfig.get_platform())

    def __str__(self) -> str:
        """Return it as a reader would say it."""
        return f"Python {self.python} on {self.platform}"


def is_bundle(project: Path) -> bool:
    """Tell whether a project is an offline bundle, whole or not."""
    return (project / CHECKSUMS).exists() or (project / WHEELS).exists()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_target(wheels: Path) -> None:
    """Record what the wheels of a folder run on: what this interpreter does."""
    (wheels / BUILT_FOR).write_text(json.dumps(asdict(Target.here())) + "\n")


def target_of(wheels: Path) -> Target | None:
    """Return what the wheels of a folder run on, None where that is not recorded."""
    record = wheels / BUILT_FOR
    return Target(**json.loads(record.read_text())) if record.exists() else None


def check_target(wheels: Path) -> None:
    """Raise SetupError where the wheels of a folder are for another Python or machine than this one."""
    built_for, here = target_of(wheels), Target.here()
    if built_for not in (None, here):
        raise SetupError(
            f"this bundle is for {built_for}; this is {here}. Start the set-up with that Python, or make a bundle for this one: "
            f"`make PYTHON=python{here.python} wheelhouse` on a connected machine."
        )


def write_checksums(folder: Path, files: list[Path]) -> str:
    """Record the SHA-256 of a bundle's files and return that of the record."""
    lines = sorted((path.relative_to(folder).as_posix(), sha256_of(path)) for path in files)
    (folder / CHECKSUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in lines))
    return sha256_of(folder / CHECKSUMS)


def recorded(folder: Path) -> list[tuple[str, str]]:
    """Return pairs of SHA-256 and name of what a bundle should hold.

    Raises:
        SetupError: where the record is missing.
    """
    if not (folder / CHECKSUMS).is_file():
        raise SetupError(f"{CHECKSUMS} is missing: this is no offline bundle, or a part of one. Copy the whole folder again.")
    lines = (folder / CHECKSUMS).read_text().splitlines()
    return [(digest, name) for digest, name in (line.split("  ", maxsplit=1) for line in lines)]


def faults(folder: Path, below: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each file below the given folders that is missing or damaged."""
    for digest, name in recorded(folder):
        if not name.startswith(below):
            continue
        path = folder / name
        if not path.is_file():
            yield f"missing: {name}"
        elif sha256_of(path) != digest:
            yield f"damaged: {name}"


def check(folder: Path, below: tuple[str, ...] = ("",)) -> int:
    """Hold a bundle against its record and return the number of files.

    Args:
        folder: the bundle.
        below: beginnings of the names that are looked at; all by default.

    Raises:
        SetupError: naming what is missing or damaged.
    """
    found = list(faults(folder, below))
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        listed = "\n  ".join([*found[:SHOWN], *more])
        raise SetupError(f"{len(found)} files of this bundle are not what was written. Copy them again:\n  {listed}")
    return sum(name.startswith(below) for _, name in recorded(folder))
