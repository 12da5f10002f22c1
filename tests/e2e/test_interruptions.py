"""Kill -9 and Ctrl-C at any moment, disk full, two at once: what counts is what the next run does."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
NODES = [
    "ImageExampleGen",
    "ImportSchemaGen",
    "StatisticsGen",
    "ExampleValidator",
    "DataGate",
    "Transform",
    "Trainer",
    "Evaluator",
    "Predictions",
]
NODES += ["ClinicalGate", "InfraValidator", "Pusher", "RunReport"]


def start(config: Path, root: Path) -> subprocess.Popen[str]:
    """Start a run in a process group of its own."""
    words = [str(Path(sys.executable).with_name("medtfx")), "run", str(config), "--root", str(root), "--json"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_node(child: subprocess.Popen[str], root: Path, node: str) -> bool:
    """Wait until a node has begun; return False when the run ended first."""
    folder = root / "artifacts" / node
    while child.poll() is None:
        if folder.exists() and any(folder.rglob("*")):
            return True
        time.sleep(0.005)
    return False


def end(child: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    """Send a signal to a run's whole process group and collect what it said."""
    if child.poll() is None:
        os.killpg(child.pid, number)
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def test_killed_in_every_node_it_comes_to_the_same_result(demo_config: Path, pushed_run, medtfx, tmp_path: Path) -> None:
    """One root, killed once in each node at a random moment, continued each time."""
    dice, root = random.Random(5), tmp_path / "root"
    killed = 0
    for node in NODES:
        child = start(demo_config, root)
        if wait_for_node(child, root, node):
            time.sleep(dice.uniform(0.0, 0.4))
        code, _, _ = end(child, signal.SIGKILL)
        killed += code == -signal.SIGKILL
        assert not [
            p for p in (root / "serving").rglob("*") if p.is_dir() and p.name.isdigit() and not (p / "saved_model.pb").exists()
        ]
    done = medtfx("run", demo_config, "--root", root, "--json")
    assert killed >= len(NODES) - 3
    assert done.code == 0, done.stderr
    assert done.result["metrics"] == pushed_run[1].result["metrics"]
    versions = [path for path in (root / "serving" / "demo").iterdir() if path.is_dir() and path.name.isdigit()]
    assert len(versions) == 1


def test_interrupted_training_is_continued(demo_config: Path, medtfx, pushed_run, tmp_path: Path) -> None:
    root = tmp_path / "root"
    child = start(demo_config, root)
    assert wait_for_node(child, root, "Trainer")
    code, _, err = end(child, signal.SIGINT)
    assert code == 130, err
    assert "the same command continues" in err
    assert "Traceback" not in err
    done = medtfx("run", demo_config, "--root", root, "--json")
    assert "continuing the unfinished run" in done.stderr
    assert done.result["verdict"] == "pushed"
    assert done.result["metrics"] == pushed_run[1].result["metrics"]


def test_second_run_on_one_root_is_told(demo_config: Path, medtfx, tmp_path: Path) -> None:
    root = tmp_path / "root"
    child = start(demo_config, root)
    while not (root / "lock").exists() or not (root / "lock").read_text():
        time.sleep(0.01)
    second = medtfx("run", demo_config, "--root", root)
    end(child, signal.SIGKILL)
    assert second.code == 1
    assert f"another run works here (process {child.pid})" in second.stderr


def test_full_disk_while_pushing_leaves_no_version_and_the_next_run_pushes(
    pushed_run, demo_config: Path, medtfx, tmp_path: Path
) -> None:
    """A real limit on file size that the export's variables break."""
    root = tmp_path / "root"
    child = start(demo_config, root)
    assert wait_for_node(child, root, "InfraValidator")
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (40_000, 40_000))
    out, err = child.communicate(timeout=120)
    assert child.returncode in (1, 4), out + err
    assert "Traceback" not in out + err
    assert not list((root / "serving").rglob("saved_model.pb"))
    done = medtfx("run", demo_config, "--root", root, "--json")
    assert done.result["verdict"] == "pushed"
