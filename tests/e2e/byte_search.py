"""Looks for words in every byte below a folder, however they are wrapped: what the privacy tests believe in."""

import base64
import binascii
import hashlib
import io
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet

DEEPEST = 4  # wrappings inside each other that are opened
GZIP, ZLIB = re.compile(rb"\x1f\x8b\x08"), re.compile(rb"\x78[\x01\x5e\x9c\xda]")
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
SQLITE = b"SQLite format 3\x00"


def found_in_folder(folder: Path, words: Sequence[str]) -> set[tuple[str, str]]:
    """Return (file, word) for every word that a file's name or bytes hold in any of the known forms."""
    hits = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hits |= {(name, word) for word in found(name.encode(), words)}
        if path.is_file():
            hits |= {(name, word) for word in found(path.read_bytes(), words) | found_in_table(path, words)}
    return hits


def found(content: bytes, words: Sequence[str], depth: int = DEEPEST) -> set[str]:
    """Return the words that the bytes hold, plainly or wrapped."""
    hits = {word for word in words if any(form in content for form in forms(word))}
    if depth:
        for inner in unwrapped(content):
            hits |= found(inner, words, depth - 1)
    return hits


def forms(word: str) -> Iterator[bytes]:
    """Yield how a word may stand in bytes: encodings, base64 at its three alignments, hex, unkeyed digests."""
    plain = word.encode()
    yield from (plain, word.encode("utf-16-le"), word.encode("utf-16-be"), quote(word).encode(), plain.hex().encode())
    for shift in range(3):
        encoded = base64.b64encode(b"\x00" * shift + plain)
        yield encoded[(0, 2, 3)[shift] : -4]  # without what neighbours decide
    yield from (hashlib.new(name, plain).hexdigest().encode() for name in ("sha256", "sha1", "md5"))


def unwrapped(content: bytes) -> Iterator[bytes]:
    """Yield what is wrapped inside bytes: gzip and zlib streams (PNG's zTXt), base64 runs, the members of a ZIP file."""
    for match in GZIP.finditer(content):
        yield _inflated(content[match.start() :], 31)
    for match in ZLIB.finditer(content):
        yield _inflated(content[match.start() :], 15)
    for match in BASE64_RUN.finditer(content):
        run = match.group()
        try:
            yield base64.b64decode(run[: len(run) // 4 * 4])
        except binascii.Error:
            continue
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _inflated(content: bytes, window: int) -> bytes:
    """Return what a deflate stream gives before it ends or breaks, at most 64 MB."""
    try:
        return zlib.decompressobj(window).decompress(content, 2**26)
    except zlib.error:
        return b""


def found_in_table(path: Path, words: Sequence[str]) -> set[str]:
    """Return the words in the cells of a SQLite or Parquet file, whose pages may cut or pack them."""
    with path.open("rb") as file:
        start = file.read(16)
    cells: Iterator[object] = iter(())
    if start == SQLITE:
        cells = _sqlite_cells(path)
    elif start.startswith(b"PAR1"):
        cells = (cell for row in pyarrow.parquet.read_table(path).to_pylist() for cell in row.values())
    text = "\n".join(cell.decode("latin-1") if isinstance(cell, bytes) else str(cell) for cell in cells)
    return {word for word in words if any(form in text.encode() for form in forms(word))}


def _sqlite_cells(path: Path) -> Iterator[object]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from row
