"""Kill -9 and Ctrl-C at any moment, two at once: what counts is what the next run does."""

import hashlib
import json
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from warm_process import Finished, Started  # tests/conftest.py has loaded it

from components.pusher.served import is_whole
from components.pusher.versions import versions as known_versions

pytestmark = pytest.mark.e2e
KILLS = 20
BEGIN = "loading TensorFlow"  # said before the first node
EARLIER = (1.0, 0.5, 0.2, 0.0)  # share of the wait: an undisturbed run may have been slower than this one


class Moment(NamedTuple):
    """So many seconds after a line on stderr."""

    line: str
    seconds: float


def moment_within(seconds: Mapping[str, float], node: str, share: float) -> Moment:
    """Return when a share of a node's usual time is over; it begins with the line that says that the node before is done."""
    nodes = [BEGIN, *seconds]
    return Moment(f"{nodes[nodes.index(node) - 1]} ", share * seconds[node])


def end_at(
    moment: Moment, number: signal.Signals, begin: Callable[[], Started], root: Path, *, look: Callable[[], Any] = lambda: None
) -> tuple[Any, Finished]:
    """Look, then send a signal to a run; one that ended before its moment is undone, and begun anew for an earlier one."""
    kept = root.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    if root.exists():
        shutil.copytree(root, kept, symlinks=True)
    for earlier in EARLIER:
        run = begin()
        run.wait_for(moment.line)
        time.sleep(earlier * moment.seconds)
        seen, done = look(), run.end(number)
        if done.code != 0:
            return seen, done
        shutil.rmtree(root)
        if kept.exists():
            shutil.copytree(kept, root, symlinks=True)
    pytest.fail("the run always ended before its moment")


def kill_points(seconds: Mapping[str, float], seed: int) -> Iterator[tuple[str, float]]:
    """Yield KILLS moments in the order of a run: one in every node, the others where the time goes."""
    dice, nodes = random.Random(seed), list(seconds)
    chosen = nodes + dice.choices(nodes, list(seconds.values()), k=KILLS - len(nodes))
    yield from ((node, dice.random()) for node in sorted(chosen, key=nodes.index))


def versions(root: Path) -> list[int]:
    """Return what a server would take for versions."""
    return [int(path.name) for path in root.glob("serving/demo/*") if path.is_dir() and path.name.isdigit()]


def half_versions(root: Path) -> list[int]:
    """Return the versions whose files are not those of their manifest."""
    known = known_versions(root / "serving" / "demo")
    return [version.number for version in known if version.visible and not is_whole(version)]


def serve_earlier_version(root: Path) -> None:
    """Make a root in which another model is served."""
    files = {"format": b"1\n", "serving/demo/1/saved_model.pb": b"an earlier model"}
    digest = {"sha256": hashlib.sha256(b"an earlier model").hexdigest(), "bytes": 16}
    files["serving/demo/1.json"] = json.dumps({"run_id": "earlier", "files": {"saved_model.pb": digest}}).encode()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_killed_at_twenty_random_moments_it_comes_to_the_same_result(demo_config: Path, usual, start, tmp_path: Path) -> None:
    """One root, continued after every kill."""
    root, expected = tmp_path / "root", usual

    def begin() -> Started:
        return start("run", demo_config, "--root", root, "--json")

    for node, share in kill_points(expected["seconds"], seed=5):
        _, killed = end_at(moment_within(expected["seconds"], node, share), signal.SIGKILL, begin, root)
        assert killed.code == -signal.SIGKILL, killed.stderr
        assert half_versions(root) == [], (node, share)
    done = begin().finish()
    assert done.code == 0, done.stderr
    assert done.result["metrics"] == expected["metrics"]
    assert versions(root) == [int(done.result["version"])]
    assert list((root / "work").iterdir()) == []


def test_interrupted_in_every_node_it_says_so_and_comes_to_the_same_result(
    demo_config: Path, usual, start, files_below, tmp_path: Path
) -> None:
    """One root with an earlier version, continued after every Ctrl-C."""
    root, expected = tmp_path / "root", usual
    serve_earlier_version(root)

    def begin() -> Started:
        return start("run", demo_config, "--root", root, "--json")

    for node in expected["seconds"]:
        moment = moment_within(expected["seconds"], node, 0.4)
        before, done = end_at(moment, signal.SIGINT, begin, root, look=lambda: files_below(root / "serving"))
        said = [line for line in done.stderr.splitlines() if line.startswith("medtfx: interrupted")]
        assert (done.code, len(said)) == (130, 1), (node, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr
        assert (done.result["verdict"], done.result["exit_code"]) == ("interrupted", 130)
        assert node == "Pusher" or files_below(root / "serving") == before
        assert half_versions(root) == []
    done = begin().finish()
    assert "continuing the unfinished run" in done.stderr
    assert done.result["verdict"] == "pushed"
    assert done.result["metrics"] == expected["metrics"]
    assert sorted(versions(root)) == [1, int(done.result["version"])]


def test_second_run_on_one_root_is_told(demo_config: Path, start, tmp_path: Path) -> None:
    root = tmp_path / "root"
    run = start("run", demo_config, "--root", root)
    run.wait_for(BEGIN)
    second = start("run", demo_config, "--root", root).finish()
    run.end(signal.SIGKILL)
    assert second.code == 1
    assert f"another run works here (process {run.pid})" in second.stderr
