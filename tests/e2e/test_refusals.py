"""Every gate, on real data or a real model made bad: exit code, report, unchanged serving folder."""

import json
import random
import re
import shutil
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
Rows = list[dict[str, str]]


def nothing_changed(rows: Rows) -> None:
    """Leave the manifest as it is."""


def shuffle_labels(rows: Rows) -> None:
    labels = [row["label"] for row in rows]
    random.Random(3).shuffle(labels)
    for row, label in zip(rows, labels, strict=True):
        row["label"] = label


def leak_a_patient(rows: Rows) -> None:
    """The same patient in train and test by the split column."""
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "train", "val", "test")[number % 5]


def leak_an_image(rows: Rows) -> None:
    """One patient's image again under another patient, splits stated."""
    patients = sorted({row["patient_id"] for row in rows})
    for row in rows:
        row["split"] = ("train", "train", "train", "val", "test")[patients.index(row["patient_id"]) % 5]
    first_test = next(row for row in rows if row["split"] == "test")
    first_train = next(row for row in rows if row["split"] == "train" and row["label"] == first_test["label"])
    first_test["path"], first_test["sha256"] = str(copy_of(first_train["path"])), first_train["sha256"]


def copy_of(path: str) -> Path:
    """Name of the copy that the test makes of an image."""
    return Path(path).with_name("copy_" + Path(path).name)


def a_site_per_class(rows: Rows) -> None:
    for row in rows:
        row["site"] = "hospital of " + row["label"]


def a_site_of_its_own_for_test(rows: Rows) -> None:
    """Every third patient in test, at a site that train does not know."""
    patients = sorted({row["patient_id"] for row in rows})
    for row in rows:
        row["split"] = ("train", "train", "test", "train", "val", "test")[patients.index(row["patient_id"]) % 6]
        row["site"] = "abroad" if row["split"] == "test" else row["site"]


def one_class_only(rows: Rows) -> None:
    for row in rows:
        row["label"] = "normal"


def wrong_labels(rows: Rows) -> None:
    for row in rows[:20]:
        row["label"] = "nodul"


DATA_FAULTS = {
    "leaked patient": (leak_a_patient, "patient"),
    "one class only": (one_class_only, "nodule"),
    "wrong labels": (wrong_labels, "unknown_label"),
}


@pytest.mark.parametrize("fault", DATA_FAULTS)
def test_unfit_data_is_refused_before_training(fault: str, own_data, quickly, tmp_path: Path) -> None:
    change, named = DATA_FAULTS[fault]
    done = quickly("run", own_data(change), "--root", tmp_path / "root", "--json")
    assert done.code == 3
    assert done.result["verdict"] == "data_refused"
    assert any(named in reason for reason in done.result["reasons"]), done.result["reasons"]
    assert "Trainer" not in done.result["seconds"]
    report = Path(done.result["report"]).read_text()
    assert named in report
    assert not list((tmp_path / "root" / "serving").rglob("saved_model.pb"))


def test_identical_image_in_two_splits_is_refused_unless_allowed(own_data, quickly, start, tmp_path: Path) -> None:
    config = own_data(leak_an_image)
    folder = tmp_path / "data"
    rows = [line.split(",") for line in (folder / "manifest.csv").read_text().splitlines()]
    copied = next(Path(cell) for row in rows for cell in row if Path(cell).name.startswith("copy_"))
    shutil.copyfile(folder / copied.with_name(copied.name.removeprefix("copy_")), folder / copied)
    done = quickly("run", config, "--root", tmp_path / "root", "--json")
    assert done.code == 3
    assert any("allowed_repeats" in reason for reason in done.result["reasons"])
    allowed = start("run", config, "--root", tmp_path / "root", "--json", "--set", "data.allowed_repeats=1")
    allowed.wait_for("DataGate ")  # what is trained of them is no matter here
    assert re.search("DataGate +done", allowed.end(signal.SIGKILL).stderr)


def test_unreadable_images_over_the_limit_are_refused_and_listed_without_names(own_data, quickly, tmp_path: Path) -> None:
    config = own_data(nothing_changed)
    images = sorted((tmp_path / "data").rglob("*.png"))
    for image in images[:6]:
        image.write_bytes(image.read_bytes()[:100])
    done = quickly("run", config, "--root", tmp_path / "root", "--json")
    assert done.code == 3
    assert any("max_quarantined" in reason for reason in done.result["reasons"])
    report = Path(done.result["report"]).read_text()
    assert not any(image.stem in report + done.stdout + done.stderr for image in images[:6])


def test_model_of_shuffled_labels_is_refused_and_the_served_version_stays(
    own_data, quickly, pushed_root: Path, files_below, tmp_path: Path
) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    assert served
    bad = quickly(
        "run", own_data(shuffle_labels), "--root", root, "--json", "--set", "evaluation.thresholds=[{metric: auc, at_least: 0.7}]"
    )
    assert bad.code == 4
    assert bad.result["verdict"] == "model_refused"
    assert any("auc" in reason and "0.7" in reason for reason in bad.result["reasons"])
    assert Path(bad.result["report"]).is_file()
    assert files_below(root / "serving") == served
    again = quickly(
        "run", tmp_path / "own.yaml", "--root", root, "--json", "--set", "evaluation.thresholds=[{metric: auc, at_least: 0.7}]"
    )
    assert (again.code, again.result["verdict"], again.result["reasons"]) == (4, "model_refused", bad.result["reasons"])
    assert files_below(root / "serving") == served


@pytest.fixture
def without_train_split(pushed_root: Path) -> Path:
    """The pushed root with its train split emptied after the data gate has accepted it."""
    for file in pushed_root.glob("artifacts/ImageExampleGen/examples/*/Split-train/*"):
        file.write_bytes(b"")
    return pushed_root


def test_data_that_training_refuses_is_a_refusal_with_a_report(
    without_train_split: Path, demo_config: Path, quickly, files_below
) -> None:
    root = without_train_split
    served = files_below(root / "serving")
    done = quickly("run", demo_config, "--root", root, "--json", "--set", "training.seed=2")
    assert (done.code, done.result["verdict"]) == (3, "data_refused")
    assert "split train: 0 images" in done.result["failure"]
    assert "split train: 0 images" in Path(done.result["report"]).read_text()
    assert files_below(root / "serving") == served


def test_too_few_patients_is_insufficient_evidence(pushed_root: Path, demo_config: Path, quickly) -> None:
    (judged,) = (pushed_root / "artifacts" / "ClinicalGate").rglob("findings.json")
    lower, upper = map(float, re.search(r"patients, \S+ \(([\d.]+) to ([\d.]+)\)", judged.read_text()).groups())
    rule = f"gate.rules=[{{measure: specificity, label: nodule, at_least: {(lower + upper) / 2}}}]"
    done = quickly("run", demo_config, "--root", pushed_root, "--json", "--set", rule)
    summary = json.dumps(done.result)
    assert done.code == 4, summary
    assert done.result["verdict"] == "insufficient_evidence"
    assert any("specificity" in reason for reason in done.result["reasons"])


def test_model_worse_than_the_served_one_is_refused(demo_config: Path, pushed_root: Path, quickly, files_below) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    assert served
    change = "evaluation={thresholds: [{metric: auc, at_least: 0.0}], change: {metric: auc, at_most_worse: 0.01}}"
    words = ("--set", change, "--set", "gate.rules=[]", "--set", "training.steps=1")
    worse = quickly("run", demo_config, "--root", root, "--json", *words)
    assert worse.code == 4
    assert worse.result["verdict"] == "model_refused"
    assert files_below(root / "serving") == served


def test_site_that_tells_the_class_is_refused_where_configured_and_the_served_version_stays(
    own_data, quickly, pushed_root: Path, files_below
) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    done = quickly("run", own_data(a_site_per_class), "--root", root, "--json", "--set", "data.shortcut.refuse_above=0.9")
    assert (done.code, done.result["verdict"]) == (3, "data_refused"), done.stdout + done.stderr
    (reason,) = [reason for reason in done.result["reasons"] if "data.shortcut.refuse_above" in reason]
    assert "most by site: AUC 1.000" in reason
    report = Path(done.result["report"]).read_text()
    assert "A model may learn site instead of the disease." in report
    assert '<section id="shortcut" aria' in report
    assert served
    assert files_below(root / "serving") == served


def test_split_unlike_train_is_refused_where_configured(own_data, quickly, tmp_path: Path) -> None:
    config = own_data(a_site_of_its_own_for_test)
    done = quickly("run", config, "--root", tmp_path / "root", "--json", "--set", "data.skew.refuse=true")
    assert (done.code, done.result["verdict"]) == (3, "data_refused"), done.stdout + done.stderr
    assert any("data.skew.l_infinity: site, test against train" in reason for reason in done.result["reasons"])
    assert "site, test against train" in Path(done.result["report"]).read_text()
    assert not list((tmp_path / "root" / "serving").rglob("saved_model.pb"))


def test_server_over_its_budget_is_refused_and_the_served_version_stays(
    pushed_root: Path, demo_config: Path, quickly, files_below
) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    budget = ("--set", "serving.budget.p50_ms=0.001", "--set", "serving.budget.memory_mb=1")
    done = quickly("run", demo_config, "--root", root, "--json", *budget)
    assert (done.code, done.result["verdict"]) == (4, "infra_refused"), done.stdout + done.stderr
    report = Path(done.result["report"]).read_text()
    for bound in ("serving.budget.p50_ms", "serving.budget.memory_mb"):
        assert any(bound in reason for reason in done.result["reasons"])
        assert bound in report
    assert served
    assert files_below(root / "serving") == served


def test_export_with_cut_variables_is_refused_and_the_served_version_stays(
    pushed_root: Path, demo_config: Path, quickly, files_below
) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    (weights,) = (root / "artifacts" / "Trainer").rglob("Format-Serving/variables/variables.data-*")
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = quickly("run", demo_config, "--root", root, "--json", "--set", "serving.golden_requests=7")  # asks anew
    assert (done.code, done.result["verdict"]) == (4, "infra_refused"), done.stdout + done.stderr
    assert "infra.serves" in Path(done.result["report"]).read_text()
    assert served
    assert files_below(root / "serving") == served
