"""A patient withdraws consent: nothing is left below the root, and the next run learns without it."""

import base64
import json
import random
import shutil
import signal
import time
from pathlib import Path
from types import ModuleType

import pyarrow.parquet
import pytest
import tensorflow as tf

from components.image_example_gen.account import EXAMPLE, RowAccount, read_account, read_rows
from models.features import IMAGE, PATIENT_KEY
from pipeline.forgetting.record import read_record
from pipeline.root import Root, locked

pytestmark = pytest.mark.e2e
KILLS = 20
STOPPED_BY_THE_DATA_GATE = ("--set", "data.skew.refuse=true", "--set", "data.skew.l_infinity=0")  # which makes a run short


def newest(root: Path, output: str) -> Path:
    """Return the newest artifact of an output, such as 'DataGate/leakage_proof'."""
    return max((root / "artifacts" / output).iterdir(), key=lambda folder: int(folder.name))


def account_of(root: Path) -> tuple[RowAccount, ...]:
    return read_rows(newest(root, "ImageExampleGen/account"))


def patient_ids(manifest: Path, rows: tuple[RowAccount, ...]) -> dict[str | None, str]:
    """Return patient key -> patient id of a demo manifest."""
    ids = [line.split(",")[2] for line in manifest.read_text().splitlines()[1:]]
    return {row.patient: patient for patient, row in zip(ids, rows, strict=True)}


def in_a_picture(root: Path, rows: tuple[RowAccount, ...]) -> RowAccount:
    """Return a row of the test split whose image the report shows."""
    report = (root / "reports" / "latest.html").read_text()
    return next(row for row in rows if row.split == "test" and f"<code>{row.file[:12]}</code>" in report)


def images_of(root: Path, patient: str) -> list[bytes]:
    """Return the stored images of a patient, as PNG and as the report embeds them."""
    examples = newest(root, "ImageExampleGen/examples")
    images = []
    for record in tf.data.TFRecordDataset([str(path) for path in examples.rglob("data_tfrecord-*")]):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        if feature[PATIENT_KEY].bytes_list.value[0].decode() == patient:
            images.append(feature[IMAGE].bytes_list.value[0])
    return images + [base64.b64encode(image) for image in images]


def holding(root: Path, words: list[bytes]) -> set[str]:
    """Return which artifacts or files hold one of the words in their bytes, or in the cells of a table."""
    found = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += str(pyarrow.parquet.read_table(path).to_pylist()).encode()
        if any(word in content for word in words):
            found.add("/".join(path.relative_to(root).parts[:2]))
    return found


def test_forgotten_patient_is_nowhere_and_the_next_run_learns_without_it(
    own_run, one_step, quickly, files_below, byte_search: ModuleType, tmp_path: Path
) -> None:
    root, config, manifest, first = own_run.root, own_run.config, own_run.manifest, own_run.result
    listed = ("--set", f"data.exclude={tmp_path / 'exclude.txt'}")
    rows = account_of(root)
    shown = in_a_picture(root, rows)
    theirs = [row for row in rows if row.patient == shown.patient]
    patient_id = patient_ids(manifest, rows)[shown.patient]
    names = [patient_id, shown.patient or "", *(row.file[:12] for row in theirs)]
    images = images_of(root, shown.patient or "")
    assert len(images) == 2 * len(theirs)
    before = holding(root, [*images, *(name.encode() for name in names)])
    assert {"artifacts/ImageExampleGen", "artifacts/Predictions", "artifacts/RunReport", "reports/latest.html"} <= before
    serving = files_below(root / "serving")

    done = quickly("forget", config, patient_id, "--root", root, "--yes", "--json", *one_step, *listed)
    assert done.code == 0, done.stderr
    (act,) = done.result["patients"]
    assert [(use["version"], use["run_id"], use["splits"], use["state"]) for use in act["models"]] == [
        (first["version"], first["run_id"], ["test"], "served")
    ]
    assert byte_search.found_in_folder(root, names) == set()
    assert holding(root, images) == set()
    assert patient_id not in done.stdout + done.stderr
    assert files_below(root / "serving") == serving

    second = quickly("run", config, "--root", root, "--json", *one_step, *listed)
    assert second.code in (0, 4), second.stderr  # one step of training may be refused for a worse result
    assert not {"ImageExampleGen", "DataGate", "Trainer", "Predictions"} & set(second.result["cached"])
    assert read_account(newest(root, "ImageExampleGen/account"))["skipped"] == {"excluded_patient": len(theirs)}
    assert byte_search.found_in_folder(root, names) == set()
    rules = json.loads((newest(root, "DataGate/leakage_proof") / "proof.json").read_text())["rules"]
    earlier = next(rule for rule in rules if rule["subject"] == "patients of train and val in an earlier test split")
    assert (earlier["verdict"], earlier["compared"]["earlier test splits"]) == ("holds", 1)


def test_cache_hands_out_nothing_that_was_deleted(own_run, quickly, tmp_path: Path) -> None:
    """The run after the list was emptied again asks for the very examples of the first."""
    root, config = own_run.root, own_run.config
    words = ("run", config, "--root", root, "--json", *STOPPED_BY_THE_DATA_GATE)
    key, patient_id = next(iter(patient_ids(own_run.manifest, account_of(root)).items()))
    for _ in range(2):
        before = quickly(*words)
        assert before.code == 3
    assert {"ImageExampleGen", "StatisticsGen", "DataGate"} <= set(before.result["cached"])
    listed = ("--set", f"data.exclude={tmp_path / 'exclude.txt'}")
    assert quickly("forget", config, patient_id, "--root", root, "--yes", *listed).code == 0
    again = quickly(*words)
    assert again.code == 3, again.stderr
    assert not {"ImageExampleGen", "StatisticsGen", "DataGate"} & set(again.result["cached"])
    assert key in {row.patient for row in account_of(root) if row.status == EXAMPLE}


@pytest.fixture
def to_forget(pushed_copy: Path, demo_config: Path, tmp_path: Path) -> tuple[Path, tuple[str | Path, ...], RowAccount]:
    """A root with a pushed version, the words that forget a patient of its report there, and a row of theirs."""
    root = pushed_copy
    rows = account_of(root)
    shown = in_a_picture(root, rows)
    manifest = demo_config.with_name("data") / "manifest.csv"
    patient_id = patient_ids(manifest, rows)[shown.patient]
    listed = ("--set", f"data.exclude={tmp_path / 'exclude.txt'}")
    return root, ("forget", demo_config, patient_id, "--root", root, *listed), shown


def wait_until_listed(run, exclude: Path) -> None:
    """Wait for the first thing that the command changes."""
    while not exclude.exists() and not run.ended():
        time.sleep(0.002)


def test_killed_at_twenty_random_moments_it_is_completed_by_the_same_command(to_forget, start, tmp_path: Path) -> None:
    root, words, shown = to_forget
    mine = [row for row in account_of(root) if row.patient == shown.patient]
    looked_for = [name.encode() for name in (shown.patient, *(row.file[:12] for row in mine))] + images_of(root, shown.patient)
    fresh, listed, dice, killed = tmp_path / "fresh", tmp_path / "exclude.txt", random.Random(3), 0
    shutil.copytree(root, fresh)
    whole = start(*words, "--yes", warm_server=False)
    wait_until_listed(whole, listed)
    begun = time.monotonic()
    assert whole.finish().code == 0
    seconds, expected = time.monotonic() - begun, read_record(Root(root))[-1]
    for _ in range(KILLS):
        shutil.rmtree(root)
        shutil.copytree(fresh, root)
        listed.unlink()
        run = start(*words, "--yes", warm_server=False)
        wait_until_listed(run, listed)
        time.sleep(dice.random() * seconds)
        killed += run.end(signal.SIGKILL).code == -signal.SIGKILL
        done = start(*words, "--yes", warm_server=False).finish()
        assert done.code == 0, done.stderr
        act = read_record(Root(root))[-1]
        assert (act.state, act.models) == ("done", expected.models)
        assert holding(root, looked_for) == set()
        assert not list(root.rglob(".*.tmp"))
    assert killed


def test_unknown_patient_and_a_dry_run_change_nothing(to_forget, quickly, files_below) -> None:
    root, words, _ = to_forget
    before = files_below(root)
    unknown = quickly(*words, "nobody", "--yes")
    assert (unknown.code, "patient 2 of 2: unknown to the manifest" in unknown.stderr) == (2, True)
    dry = quickly(*words, "--dry-run")
    assert (dry.code, "dry run: nothing was changed" in dry.stdout) == (0, True)
    assert {**files_below(root), "lock": None} == {**before, "lock": None}


def test_root_where_a_run_works_is_refused(to_forget, quickly, files_below) -> None:
    root, words, _ = to_forget
    with locked(Root(root)):
        before = files_below(root)
        refused = quickly(*words, "--yes")
    assert (refused.code, "another run works here" in refused.stderr) == (1, True)
    assert files_below(root) == before
