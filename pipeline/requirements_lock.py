"""Read and write requirements.lock: a block a distribution, its pin and the SHA-256 of its files. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def blocks(lock: str) -> list[str]:
    """Return the blocks of a requirements lock: the line `name==version [; marker]` and its hashes."""
    return re.findall(r"^[A-Za-z0-9_.-]+==.*(?:\n[ ]{4}\S.*)*", lock, flags=re.MULTILINE)


def locked(lock: str, names: Sequence[str]) -> str:
    """Return the blocks of a requirements lock that belong to the given distributions."""
    return "\n".join(block for block in blocks(lock) if block.split("==")[0] in names) + "\n"


def requirement(block: str) -> str:
    """Return `name==version [; marker]` of a block."""
    return block.splitlines()[0].rstrip("\\ ")


def hashes(block: str) -> frozenset[str]:
    """Return the SHA-256 of the files that a block allows."""
    return frozenset(re.findall(r"--hash=sha256:(\w+)", block))


def written(pins: Iterable[tuple[str, str]]) -> str:
    """Return a lock of pairs `name==version`, SHA-256: one file a distribution."""
    return "".join(f"{pin} \\\n    --hash=sha256:{digest}\n" for pin, digest in pins)
