"""A window that goes on over spans of small generated images: who is in which split, what is counted, what is decoded again."""

import csv
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.image_example_gen.account import RowAccount, read_account, read_rows
from components.image_example_gen.row_number import row_name
from components.image_example_gen.split import split_of
from pipeline import sources
from pipeline.config import DemoSource

pytestmark = pytest.mark.e2e
QUICK = (
    *("--set", "training.steps=2", "--set", "gate.rules=[]"),
    *("--set", "evaluation={thresholds: [{metric: auc, at_least: 0.01}], change: null}"),
)
CACHELESS = {"EarlierData", "Baseline", "RunReport"}  # resolvers, and the report of each run
FIRST_ONLY, NEW = 12, 70  # patients up to here come in span 1 alone; from here on they are new in span 3
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Arrivals:
    """Numbered folders, each with a manifest and its images, and the configuration that reads two of them."""

    folder: Path
    config: Path

    def write(self, span: int, rows: Rows) -> None:
        """Write a span; the images are copied to paths that every span has."""
        place = self.folder / str(span)
        (place / "scans").mkdir(parents=True)
        for number, row in enumerate(rows):
            shutil.copyfile(row["path"], place / "scans" / f"{number}.png")
        with (place / "manifest.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, dict.fromkeys([*rows[0], "split"]), restval="")
            writer.writeheader()
            writer.writerows({**row, "path": f"scans/{number}.png"} for number, row in enumerate(rows))

    def lose_images(self, span: int) -> None:
        """Take a span's images away, but leave files that look the same from outside."""
        for path in (self.folder / str(span) / "scans").iterdir():
            status = path.stat()
            path.write_bytes(bytes(status.st_size))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def demo_rows(tmp_path: Path) -> Rows:
    manifest = tmp_path / "all" / "manifest.csv"
    sources.index(DemoSource(kind="demo", patients=100), manifest)
    with manifest.open(newline="") as stream:
        return [{**row, "path": str(manifest.parent / row["path"])} for row in csv.DictReader(stream)]


@pytest.fixture
def arrivals(demo_config: Path, tmp_path: Path) -> Arrivals:
    tree = yaml.safe_load(demo_config.read_text())
    tree["data"] |= {"manifest": "incoming/{SPAN}/manifest.csv", "spans": {"last": 2}}
    del tree["data"]["source"]
    config = tmp_path / "spans.yaml"
    config.write_text(yaml.safe_dump(tree))
    return Arrivals(tmp_path / "incoming", config)


def patient(row: dict[str, str]) -> int:
    return int(row["patient_id"].removeprefix("demo-"))


def images_of(rows: Rows, number: int, patients: range) -> Rows:
    """Return each patient's image of a number; patients have two to four."""
    seen: dict[int, Rows] = {}
    for row in rows:
        seen.setdefault(patient(row), []).append(row)
    return [its[number] for its_patient, its in seen.items() if its_patient in patients and len(its) > number]


def newest(root: Path, node: str, output: str) -> Path:
    return max((root / "artifacts" / node / output).iterdir(), key=lambda folder: int(folder.name))


def splits_of(rows: Sequence[RowAccount]) -> dict[str | None, str | None]:
    return {row.patient: row.split for row in rows}


def test_window_goes_on_and_nothing_is_lost_moved_or_counted_twice(
    arrivals: Arrivals, demo_rows: Rows, quickly: Callable[..., Any], files_below: Callable[..., Any], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    run = ("run", arrivals.config, "--root", root, *QUICK)

    arrivals.write(1, [*images_of(demo_rows, 0, range(NEW)), *images_of(demo_rows, 1, range(FIRST_ONLY))])
    second = images_of(demo_rows, 1, range(FIRST_ONLY, NEW))
    arrivals.write(2, second)
    first = quickly(*run, "--json")
    assert first.result["verdict"] == "pushed", first.stdout + first.stderr
    early = read_rows(newest(root, "ImageExampleGen", "account"))

    arrivals.lose_images(2)  # decoded once: span 2 must not be read again
    arrivals.write(
        3, [*images_of(demo_rows, 0, range(NEW, 100)), *images_of(demo_rows, 1, range(NEW, 100)), second[5], second[9]]
    )
    moved_on = quickly(*run)
    assert moved_on.code == 0, moved_on.stdout + moved_on.stderr
    assert "spans 2 to 3 (2 spans) of 3 that are there" in moved_on.stderr
    assert "spans 2 to 3 (2 spans)" in moved_on.stdout
    account = newest(root, "ImageExampleGen", "account")
    late, told = read_rows(account), read_account(account)
    shared = splits_of(early).keys() & splits_of(late).keys()
    assert len(shared) == NEW - FIRST_ONLY
    assert {key: splits_of(late)[key] for key in shared} == {key: splits_of(early)[key] for key in shared}
    assert told["skipped"] == {"sent_again": 2}
    assert told["quarantined"] == {}
    assert [(its["span"], its["rows"], its["skipped"]) for its in told["spans"]] == [(2, len(second), 0), (3, 62, 2)]
    assert told["examples"] == len(second) + 60

    shown = quickly("runs", "show", "--root", root)
    assert f"span 2: {len(second)} rows = {len(second)} examples + 0 quarantined + 0 skipped" in shown.stdout
    assert "left out 2: sent_again" in shown.stdout
    assert "2 rows hold an image that an earlier span has of the same patient" in (root / "reports/latest.html").read_text()
    again = next(row for row in late if row.reason)
    named = quickly(
        "index", "--which", again.file[:12], arrivals.folder / "{SPAN}" / "manifest.csv", "--key-file", key_of(arrivals)
    )
    assert named.stdout == f"{row_name(again.row)}: scans/60.png\n"

    served = files_below(root / "serving")
    tested = next(row for row in images_of(demo_rows, 0, range(FIRST_ONLY)) if is_tested(row))
    arrivals.write(
        4, [{**row, "split": "train"} if row is tested else row for row in [tested, *images_of(demo_rows, 2, range(100))]]
    )
    leaked = quickly(*run, "--json")
    assert (leaked.code, leaked.result["verdict"]) == (3, "data_refused"), leaked.stdout + leaked.stderr
    assert any("patients of train and val in an earlier test split" in reason for reason in leaked.result["reasons"])
    assert "train span 4, row 1 <code>" in (root / "reports/latest.html").read_text()
    assert files_below(root / "serving") == served

    os.utime(arrivals.folder / "3" / "manifest.csv", (0, 0))
    pinned = quickly(*run, "--set", "data.span=3", "--json")
    assert pinned.result["verdict"] == "unchanged", pinned.stdout + pinned.stderr
    assert set(pinned.result["seconds"]) - set(pinned.result["cached"]) == CACHELESS


def is_tested(row: dict[str, str]) -> bool:
    return split_of(row["patient_id"], "medtfx", (0.7, 0.15, 0.15)) == "test"


def key_of(arrivals: Arrivals) -> Path:
    return Path(yaml.safe_load(arrivals.config.read_text())["data"]["pseudonym_key_file"])


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ([], "data.manifest: no span is there yet"),
        (["1/manifest.csv", "01/manifest.csv"], "data.manifest: span 1 is there twice, as 01 and 1. Keep one."),
        (["1/manifest.csv", "Doe_Jane/manifest.csv"], "1 of the names there are no span's number"),
        (["1/manifest.csv", "2/scan.png"], "span 2: there is no manifest.csv"),
        (["1/manifest.csv"], "manifest.csv: is empty; expected a header with path, label"),
    ],
)
def test_bad_spans_end_with_one_message(
    arrivals: Arrivals, quickly: Callable[..., Any], tmp_path: Path, folders: list[str], words: str
) -> None:
    for name in folders:
        (arrivals.folder / name).parent.mkdir(parents=True)
        (arrivals.folder / name).touch()
    done = quickly("run", arrivals.config, "--root", tmp_path / "root")
    assert done.code == 2
    assert words in done.stderr
    assert "Doe_Jane" not in done.stdout + done.stderr
