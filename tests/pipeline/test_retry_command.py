import hashlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from components.image_example_gen.account import RowAccount, write_account
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader
from components.image_example_gen.manifest import read_manifest
from components.image_example_gen.part import iterate_part
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.settings import IngestSettings
from pipeline import root, sources
from pipeline.config import ClassFolderSource
from pipeline.errors import ConfigError
from pipeline.quarantine_ledger import after_run, read_ledger, write_ledger
from pipeline.retry_command import retry_command
from pipeline.root import Root
from pipeline.run_parts import parts_at

KEY = bytes(range(32))
SETTINGS = IngestSettings(classes=("ill", "well"), key_id=Pseudonymizer(KEY).key_id, patient="unknown", size=16, channels=1)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Four images, of which one is cut short when it is indexed."""
    for number, name in enumerate(("ill/a.png", "ill/b.png", "well/c.png", "well/d.png")):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((20, 20), 20 + number).save(path)
    shutil.copyfile(tmp_path / "scans/ill/a.png", tmp_path / "whole.png")
    (tmp_path / "scans/ill/a.png").write_bytes((tmp_path / "whole.png").read_bytes()[:150])
    sources.index(ClassFolderSource(kind="class_folders", path=tmp_path / "scans"), tmp_path / "manifest.csv")
    return tmp_path / "manifest.csv"


def run(state: Root, manifest: Path, run_id: str) -> list[RowAccount]:
    """Do what a run does with rows, account and ledger; the manifest may be the pattern of spans."""
    with GuardedRenderer(SETTINGS.rendering, SETTINGS.limits) as renderer:
        reader = ImageReader(SETTINGS.canonical, SETTINGS.limits, renderer)
        rows = []
        for part in parts_at(manifest):
            ingest = RowIngest(SETTINGS, part.manifest.parent, Pseudonymizer(KEY), reader)
            rows += [ingest.ingest(row)[0] for row in iterate_part(part, patient="unknown")]
    folder = state.artifacts / "ImageExampleGen" / "account" / run_id
    folder.mkdir(parents=True)
    write_account(folder, rows, settings=SETTINGS, manifest_sha256="")
    write_ledger(state, after_run(read_ledger(state), rows, run_id))
    return rows


@pytest.fixture
def state(tmp_path: Path, manifest: Path) -> Root:
    """A root whose run has set the damaged image aside."""
    made = root.prepare(tmp_path / "root")
    run(made, manifest, "1")
    return made


def test_retry_looks_into_every_span_and_renews_the_digest_there(
    tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for span in (1, 2):  # equal paths in both spans, the first image damaged in both
        shutil.copytree(tmp_path / "scans", tmp_path / "in" / str(span) / "scans")
        source = ClassFolderSource(kind="class_folders", path=tmp_path / "in" / str(span) / "scans")
        sources.index(source, tmp_path / "in" / str(span) / "manifest.csv")
    pattern = tmp_path / "in" / "{SPAN}" / "manifest.csv"
    state = root.prepare(tmp_path / "root")
    run(state, pattern, "1")
    shutil.copyfile(tmp_path / "whole.png", tmp_path / "in/2/scans/ill/a.png")
    retry_command(pattern, state.path, KEY)
    printed = capsys.readouterr().out
    assert "span 1, row 1, file " in printed
    assert "span 2, row 1, file " in printed
    assert "1 of 2 files can be read now" in printed
    assert [(entry.span, entry.row, entry.state) for entry in read_ledger(state)] == [(1, 1, "open"), (2, 1, "readable")]
    whole = hashlib.sha256((tmp_path / "whole.png").read_bytes()).hexdigest()
    assert read_manifest(tmp_path / "in/2/manifest.csv", patient="unknown")[0].sha256 == whole


def test_replaced_file_is_readable_and_the_next_run_takes_it(
    state: Root, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [(entry.row, entry.reason, entry.state) for entry in read_ledger(state)] == [(1, "truncated", "open")]
    shutil.copyfile(manifest.parent / "whole.png", manifest.parent / "scans/ill/a.png")
    retry_command(manifest, state.path, KEY)
    printed = capsys.readouterr().out
    assert "row 1, file " in printed
    assert "readable; the manifest has its new sha256" in printed
    assert "1 of 1 files can be read now. The next run takes them." in printed
    assert "a.png" not in printed
    assert read_ledger(state)[0].state == "readable"
    assert all(row.status == "example" for row in run(state, manifest, "2"))
    assert read_ledger(state)[0].state == "readmitted"


def test_renewed_manifest_is_still_the_indexs_own(state: Root, manifest: Path) -> None:
    shutil.copyfile(manifest.parent / "whole.png", manifest.parent / "scans/ill/a.png")
    before = manifest.read_text().splitlines()
    retry_command(manifest, state.path, KEY)
    assert [old == new for old, new in zip(before, manifest.read_text().splitlines(), strict=True)] == [
        True,
        False,
        True,
        True,
        True,
    ]
    source = ClassFolderSource(kind="class_folders", path=manifest.parent / "scans")
    kept = manifest.read_bytes()
    sources.index(source, manifest)
    assert manifest.read_bytes() == kept


def test_file_that_is_still_damaged_stays_open_with_its_reason(
    state: Root, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = manifest.read_bytes()
    retry_command(manifest, state.path, KEY)
    printed = capsys.readouterr().out
    assert "not readable: truncated (the file ends early)" in printed
    assert "0 of 1 files can be read now" in printed
    assert read_ledger(state)[0].state == "open"
    assert manifest.read_bytes() == before


def test_manifest_that_people_wrote_is_left_alone_and_told(
    state: Root, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(manifest.parent / "whole.png", manifest.parent / "scans/ill/a.png")
    manifest.with_name("manifest.csv.index.json").unlink()
    before = manifest.read_bytes()
    retry_command(manifest, state.path, KEY)
    assert "people wrote this manifest: put the file's new sha256 there" in capsys.readouterr().out
    assert manifest.read_bytes() == before
    assert read_ledger(state)[0].state == "open"


def test_file_of_another_manifest_is_counted(state: Root, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(lines[:1] + lines[2:]))
    retry_command(manifest, state.path, KEY)
    assert "0 of 1 files can be read now; 1 are not in this manifest" in capsys.readouterr().out


def test_other_key_and_empty_root_are_told(state: Root, manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the root's last run used .*--key-file"):
        retry_command(manifest, state.path, bytes(32))
    with pytest.raises(ConfigError, match="no run has read images here yet"):
        retry_command(manifest, root.prepare(tmp_path / "fresh").path, KEY)
