import csv
import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.config import DemoSource
from pipeline.sources import index
from pipeline.sources.index_note import note_path, read_note
from pipeline.sources.manifest_digests import refresh_digests

NEW = "f" * 64


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest as `index` writes it."""
    path = tmp_path_factory.mktemp("indexed") / "manifest.csv"
    index(DemoSource(kind="demo", patients=30), path)
    return path


@pytest.fixture
def manifest(indexed: Path, tmp_path: Path) -> Path:
    """A copy of it, and of its note, to change."""
    for path in (note_path(indexed), indexed):
        shutil.copy(path, tmp_path)
    return tmp_path / indexed.name


def rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="") as file:
        return list(csv.DictReader(file))


def test_only_the_digests_of_the_named_rows_change(manifest: Path) -> None:
    before = rows(manifest)
    assert refresh_digests(manifest, {2: NEW})
    before[1]["sha256"] = NEW
    assert rows(manifest) == before


def test_nothing_to_renew_leaves_every_byte(manifest: Path) -> None:
    before = manifest.read_bytes()
    assert refresh_digests(manifest, {})
    assert manifest.read_bytes() == before


def test_note_knows_the_manifest_before_and_after(manifest: Path) -> None:
    """A kill between the two writes leaves a note that fits either manifest."""
    old = hashlib.sha256(manifest.read_bytes()).hexdigest()
    refresh_digests(manifest, {1: NEW})
    note = read_note(manifest)
    assert note["previous_sha256"] == old
    assert note["manifest_sha256"] == hashlib.sha256(manifest.read_bytes()).hexdigest()


def test_manifest_that_people_changed_is_left_alone(manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + "\n")
    before = manifest.read_bytes()
    assert not refresh_digests(manifest, {1: NEW})
    assert manifest.read_bytes() == before
