import csv
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import sources
from pipeline.config import DicomSource
from pipeline.errors import ConfigError
from pipeline.sources import dicom_tree
from pipeline.sources.dicom_tree import list_dicom_tree, looks_like_dicom_tree
from pipeline.sources.index_note import counted, read_note

MadeSource = Callable[..., DicomSource]
CT, MR, US, CR = (
    "pydicom/CT_small.dcm",
    "pydicom/MR_small_expb.dcm",
    "pydicom/examples_ybr_color.dcm",
    "pydicom-data/RG1_J2KI.dcm",
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_an_entry_or_has_one_reason(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source()
    listing = list_dicom_tree(source, tmp_path / "manifest.csv")
    files = sum(path.is_file() for path in source.path.rglob("*"))
    used = len({entry.path for entry in listing.entries})
    assert listing.seen == files == used + sum(listing.skipped.values())
    assert used == listing.used == 36
    assert listing.skipped["structured_report"] == 6
    assert listing.skipped["segmentation"] == 17
    assert listing.skipped["secondary_capture"] == 45


def test_manifest_has_study_series_slices_and_digests(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, CR, slices=["sex", "age_decade", "view_position", "institution"])
    sources.index(source, tmp_path / "manifest.csv")
    (film,) = [row for row in rows_of(tmp_path / "manifest.csv") if row["path"] == "tree/RG1_J2KI.dcm"]
    assert (film["sex"], film["age_decade"], film["view_position"], film["patient_id"]) == ("F", "60-69", "PA", "9RG1")
    assert film["study_id"].startswith("1.")
    assert len(film["institution"]) == 32
    assert len(film["sha256"]) == 64
    assert (tmp_path / "pseudonym.key").stat().st_mode & 0o077 == 0


def test_no_header_value_but_the_chosen_ones_stands_in_the_manifest(dicom_source: MadeSource, tmp_path: Path) -> None:
    sources.index(dicom_source(CT, CR), tmp_path / "manifest.csv")
    assert list(rows_of(tmp_path / "manifest.csv")[0]) == ["path", "label", "patient_id", "series_id", "study_id", "sha256"]


def test_all_frames_become_rows_in_their_order(dicom_source: MadeSource, tmp_path: Path) -> None:
    result = sources.index(dicom_source(CT, US, frames="all"), tmp_path / "manifest.csv")
    frames = [row["frame"] for row in rows_of(tmp_path / "manifest.csv") if row["path"].endswith("ybr_color.dcm")]
    assert frames == [str(number) for number in range(1, 31)]
    assert (result.rows, result.files) == (31, 2)
    assert read_note(tmp_path / "manifest.csv")["indexed"]["used"] == 2


def test_equal_copies_of_an_instance_count_once(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, MR)
    shutil.copyfile(source.path / "CT_small.dcm", source.path / "again.dcm")
    listing = list_dicom_tree(source, tmp_path / "manifest.csv")
    assert sorted(entry.path.name for entry in listing.entries) == ["CT_small.dcm", "MR_small_expb.dcm"]
    assert +listing.skipped == Counter(duplicate_sop_instance=1)


def test_files_that_claim_one_instance_and_differ_are_all_out(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, MR)
    content = bytearray((source.path / "CT_small.dcm").read_bytes())
    content[-1] ^= 1
    (source.path / "other.dcm").write_bytes(content)
    listing = list_dicom_tree(source, tmp_path / "manifest.csv")
    assert [entry.path.name for entry in listing.entries] == ["MR_small_expb.dcm"]
    assert +listing.skipped == Counter(conflicting_sop_instance=2)


def test_secondary_captures_are_used_when_asked_for(dicom_source: MadeSource, tmp_path: Path) -> None:
    names = (CT, "pydicom-data/SC_rgb.dcm")
    assert list_dicom_tree(dicom_source(*names), tmp_path / "m.csv").skipped["secondary_capture"] == 1
    shutil.rmtree(tmp_path / "tree")
    assert list_dicom_tree(dicom_source(*names, include_secondary_capture=True), tmp_path / "m.csv").used == 2


def test_what_is_not_to_be_read_is_counted(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, MR)
    (source.path / ".cache").mkdir()
    (source.path / ".cache" / "x.dcm").touch()
    (source.path / ".DS_Store").touch()
    (source.path / "circle").symlink_to(source.path)
    (source.path / "broken.dcm").symlink_to(tmp_path / "nowhere")
    os.mkfifo(source.path / "pipe")
    os.close(os.open(os.fsencode(source.path) + b"/caf\xe9.dcm", os.O_CREAT))
    listing = list_dicom_tree(source, tmp_path / "manifest.csv")
    assert +listing.skipped == Counter(hidden=2, linked_folder=1, unreadable_file=1, not_a_regular_file=1, name_not_utf8=1)
    assert listing.seen == 8
    assert counted(listing)["files"] == 8


def test_images_without_a_label_are_counted_by_reason(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, MR, CR, US)
    table = rows_of(source.table)
    source.table.write_text(f"uid,finding\n{table[0]['uid']},ill\n{table[1]['uid']},\n")
    listing = list_dicom_tree(source, tmp_path / "manifest.csv")
    assert (listing.used, listing.skipped["no_label"], listing.skipped["not_in_table"]) == (1, 1, 2)


def test_tree_that_is_indexed_within_itself_stays_current(dicom_source: MadeSource) -> None:
    source = dicom_source(CT, MR, slices=["institution"])
    manifest = source.path / "manifest.csv"
    assert sources.index(source, manifest).files == 2
    assert sources.is_current(source, manifest)
    assert sources.index(source, manifest).files == 2


@pytest.mark.parametrize("change", ["file", "table", "touch"])
def test_indexed_tree_is_current_until_something_changes(
    dicom_source: MadeSource, dicom_files: Path, tmp_path: Path, change: str
) -> None:
    source, manifest = dicom_source(CT, MR), tmp_path / "manifest.csv"
    sources.index(source, manifest)
    assert sources.is_current(source, manifest)
    if change == "file":
        shutil.copyfile(dicom_files / CR, source.path / "new.dcm")
    elif change == "table":
        source.table.write_text(source.table.read_text() + "1.2.3,well\n")
    else:
        os.utime(source.path / "CT_small.dcm", (0, 0))
    assert not sources.is_current(source, manifest)


def test_tree_and_table_that_do_not_meet_tell_numbers_and_no_value(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source(CT, MR, join="patient_id")
    words = (
        "none of its 2 images gets a label from .*: the images have 2 different patient_id, the table 2 keys, 0 of them in common"
    )
    with pytest.raises(ConfigError, match=words) as error:
        list_dicom_tree(source, tmp_path / "manifest.csv")
    assert "1CT1" not in str(error.value)


def test_tree_without_files_or_images_is_told(dicom_source: MadeSource, tmp_path: Path) -> None:
    source = dicom_source("pydicom/test-SR.dcm")
    with pytest.raises(ConfigError, match="none of its 1 files is a DICOM image"):
        list_dicom_tree(source, tmp_path / "manifest.csv")
    (source.path / "test-SR.dcm").unlink()
    with pytest.raises(ConfigError, match="holds no file; expected a tree of DICOM files"):
        list_dicom_tree(source, tmp_path / "manifest.csv")
    source.path.rmdir()
    with pytest.raises(ConfigError, match="No such file or directory"):
        list_dicom_tree(source, tmp_path / "manifest.csv")


def test_folders_of_dicom_files_are_told_from_class_folders(dicom_source: MadeSource, shared_data: Path) -> None:
    assert looks_like_dicom_tree(dicom_source(CT).path)
    assert not looks_like_dicom_tree(shared_data / "xray")
    assert not looks_like_dicom_tree(shared_data / "medmnist")


CHILD = """
import sys
from pathlib import Path
from pipeline import sources
from pipeline.config import DicomSource
from pipeline.sources import header_scan

header_scan.BATCH = 4
print("ready", flush=True)
sources.index(DicomSource.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
"""


def test_killed_index_continues_to_the_same_manifest(
    dicom_source: MadeSource, start_program: Callable[..., Any], tmp_path: Path
) -> None:
    source = dicom_source(slices=["sex", "institution"], frames="all")
    undisturbed = tmp_path / "once" / "manifest.csv"
    sources.index(source, undisturbed)
    kept: set[int] = set()
    for seed in range(20):
        manifest = tmp_path / str(seed) / "manifest.csv"
        manifest.parent.mkdir()
        shutil.copyfile(undisturbed.with_name("pseudonym.key"), manifest.with_name("pseudonym.key"))
        child = start_program(CHILD, source.model_dump_json(), manifest)
        child.wait_for("ready", "stdout")
        time.sleep(random.Random(seed).uniform(0.0, 0.25))
        child.end(signal.SIGKILL)
        kept.add(lines_of_cache(manifest))
        sources.index(source, manifest)
        assert manifest.read_bytes() == undisturbed.read_bytes()
    assert len(kept) > 3  # the kills fell at different places


def lines_of_cache(manifest: Path) -> int:
    cache = manifest.with_name(f"{manifest.name}{dicom_tree.CACHE_SUFFIX}")
    return cache.read_bytes().count(b"\n") if cache.exists() else 0
