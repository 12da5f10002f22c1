"""Leaks in real data, between runs, and in altered copies: exit code, proof, report, unchanged serving folder."""

import io
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

pytestmark = pytest.mark.e2e
Rows = list[dict[str, str]]
PNEUMONIAMNIST = Path("medmnist", "pneumoniamnist_reassembled.npz")
CACHELESS = {"EarlierData", "Baseline", "RunReport"}  # resolvers, and the report of each run


def rules_of(root: Path) -> dict[str, dict[str, Any]]:
    """Return the rules of the newest leakage proof by their subject."""
    newest = max((root / "artifacts" / "DataGate" / "leakage_proof").iterdir(), key=lambda folder: int(folder.name))
    return {rule["subject"]: rule for rule in json.loads((newest / "proof.json").read_text())["rules"]}


def as_jpeg(pixels: np.ndarray) -> np.ndarray:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=75)
    return np.asarray(Image.open(written))


def brighter(pixels: np.ndarray) -> np.ndarray:
    return (pixels * 0.85 + 20).astype(np.uint8)


def write_altered_copies(whole: Path, target: Path) -> None:
    """Write a part of PneumoniaMNIST in which two test images are altered copies of train images."""
    arrays = dict(np.load(whole))
    random = np.random.default_rng(4)
    for split, count in (("train", 300), ("val", 80), ("test", 80)):
        kept = random.choice(len(arrays[f"{split}_images"]), count, replace=False)
        for name in (f"{split}_images", f"{split}_labels"):
            arrays[name] = arrays[name][kept]
    for position, alter in enumerate((as_jpeg, brighter)):
        arrays["test_images"][position] = alter(arrays["train_images"][position])
        arrays["test_labels"][position] = arrays["train_labels"][position]
    np.savez(target, **arrays)


def leak_a_patient(rows: Rows) -> None:
    """Name splits for the images of the first patient; the others follow the seed."""
    theirs = [row for row in rows if row["patient_id"] == rows[0]["patient_id"]]
    for number, row in enumerate(rows):
        row["split"] = ("train", "test")[number % 2] if row in theirs else ""


@pytest.fixture
def pneumoniamnist(project: Path, tmp_path: Path) -> Callable[[Path], Path]:
    """Return a function that makes the shipped configuration read another file, with everything below the test's folder."""

    def make(arrays: Path) -> Path:
        tree = yaml.safe_load((project / "configs" / "pneumoniamnist.yaml").read_text())
        tree["data"] |= {"manifest": str(tmp_path / "manifest.csv"), "pseudonym_key_file": str(project / "configs" / "demo.key")}
        tree["data"]["source"]["path"] = str(arrays)
        config = tmp_path / "pneumoniamnist.yaml"
        config.write_text(yaml.safe_dump(tree))
        return config

    return make


def test_eight_images_that_pneumoniamnist_has_in_train_and_val_are_found(
    pneumoniamnist, shared_data: Path, quickly, tmp_path: Path
) -> None:
    config = pneumoniamnist(shared_data / PNEUMONIAMNIST)
    done = quickly("run", config, "--root", tmp_path / "root", "--json", "--set", "data.allowed_repeats=7")
    assert done.code == 3
    (reason,) = done.result["reasons"]
    assert "8 images in more than one split" in reason
    leaks = rules_of(tmp_path / "root")["identical images across splits"]["leaks"]
    assert [{place["split"] for place in leak["places"]} for leak in leaks] == [{"train", "val"}] * 8
    # The splits hold many alike X-rays: the hash alone would name most of the test images.
    assert rules_of(tmp_path / "root")["nearly identical images across splits"]["leaks"] == []


def test_patient_of_an_earlier_test_split_is_not_learned_from(own_run, own_data, one_step, quickly, files_below) -> None:
    root, config, first = own_run.root, own_run.config, own_run.result["run_id"]
    served = files_below(root / "serving")
    assert served

    again = quickly("run", config, "--root", root, "--json", *one_step)
    assert set(again.result["seconds"]) - set(again.result["cached"]) == CACHELESS

    moved = quickly("run", own_data(leak_a_patient), "--root", root, "--json", *one_step, "--set", "data.split_seed=another")
    assert (moved.code, moved.result["verdict"]) == (3, "data_refused")
    assert any("patients" in reason and first in reason for reason in moved.result["reasons"])
    report = Path(moved.result["report"]).read_text()
    assert first in report
    rules = rules_of(root)
    leak = rules["patients of train and val in an earlier test split"]["leaks"][0]
    assert {place["split"] for place in leak["places"] if place["run"] == first} == {"test"}

    assert rules["patients across splits"]["verdict"] == "broken"
    (leaked,) = rules["patients across splits"]["leaks"]
    assert {place["split"] for place in leaked["places"]} == {"train", "test"}
    assert "patients across splits" in report
    assert files_below(root / "serving") == served


def test_copies_in_another_encoding_are_listed_and_refuse_above_the_count(
    pneumoniamnist, shared_data: Path, quickly, start, tmp_path: Path
) -> None:
    write_altered_copies(shared_data / PNEUMONIAMNIST, tmp_path / "altered.npz")
    config, root = pneumoniamnist(tmp_path / "altered.npz"), tmp_path / "root"
    refused = quickly("run", config, "--root", root, "--json", "--set", "data.allowed_near_repeats=1")
    assert refused.code == 3
    assert ["data.allowed_near_repeats" in reason for reason in refused.result["reasons"]] == [True]
    leaks = rules_of(root)["nearly identical images across splits"]["leaks"]
    assert [[place["split"] for place in leak["places"]] for leak in leaks] == [["test", "train"]] * 2
    report = Path(refused.result["report"]).read_text()
    assert report.count('alt="Image of test') == report.count('alt="Image of train') == 2

    listed = start("run", config, "--root", root, "--json")
    listed.wait_for("DataGate ")  # what is trained of them is no matter here
    assert re.search("DataGate +done", listed.end(signal.SIGKILL).stderr)
    assert rules_of(root)["nearly identical images across splits"]["verdict"] == "accepted"
