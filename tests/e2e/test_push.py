"""A push that the system refuses costs nothing but the push; a finished run whose serving folder was emptied begins each."""

import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e
ASKED_ANEW = ("--set", "serving.golden_requests=6")  # InfraValidator runs, and Pusher after it
FINISHED = {"Trainer", "Evaluator", "Predictions", "InfraValidator"}


@pytest.fixture
def serving(pushed_root: Path) -> Path:
    """The emptied serving folder of a finished run."""
    folder = pushed_root / "serving" / "demo"
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def pushes_what_was_finished(done: Any, root: Path) -> bool:
    """Tell whether a run after the refused push has pushed, and done nothing else anew."""
    return done.result["verdict"] == "pushed" and set(done.result["cached"]) >= FINISHED and not list((root / "work").iterdir())


def test_serving_folder_without_write_permission_costs_nothing_but_the_push(
    pushed_root: Path, serving: Path, demo_config: Path, ordinary_medtfx: Callable[..., Any], quickly: Callable[..., Any]
) -> None:
    words = ("run", demo_config, "--root", pushed_root, "--json", *ASKED_ANEW)
    serving.chmod(0o555)
    (pushed_root / "work" / "train-1").mkdir(parents=True)
    done = ordinary_medtfx(*words)
    assert (done.code, done.result["verdict"]) == (1, "failed")
    assert "InfraValidator" not in done.result["cached"]
    assert done.result["failure"].startswith("serving/demo/")
    assert "Permission denied (errno 13). Put that right and run again" in done.result["failure"]
    assert list(serving.iterdir()) == []
    assert (pushed_root / "work" / "train-1").exists()
    serving.chmod(0o755)
    assert pushes_what_was_finished(quickly(*words), pushed_root)


def test_full_disk_while_pushing_leaves_no_version_and_the_next_run_pushes(
    pushed_root: Path, serving: Path, demo_config: Path, start: Callable[..., Any], quickly: Callable[..., Any]
) -> None:
    """A real limit on file size that the export's variables break, and nothing else that a run writes."""
    (variables,) = pushed_root.glob("artifacts/Trainer/model/*/Format-Serving/variables/*.data-*")
    limit = variables.stat().st_size - 1
    assert limit > (pushed_root / "metadata.sqlite").stat().st_size
    words = ("run", demo_config, "--root", pushed_root, "--json", *ASKED_ANEW)
    run = start(*words)
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (limit, limit))
    full = run.finish()
    assert full.code == 1, full.stderr
    assert "File too large" in full.result["failure"]
    assert "Traceback" not in full.stdout + full.stderr
    assert not list(serving.rglob("saved_model.pb"))
    assert pushes_what_was_finished(quickly(*words), pushed_root)
