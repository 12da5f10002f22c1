"""What becomes of a version after its push: pinned, rolled back, pushed again; one root, two models, trained once each."""

import json
from pathlib import Path

import pytest

from components.predictions.table import probabilities, read_table
from components.pusher.versions import versions

pytestmark = pytest.mark.e2e
BETTER_TRAINED = ("--set", "training.steps=80")


def answers(root: Path, model: str) -> list[list[float]]:
    """Return a model's probabilities from the newest prediction table, [images, classes]."""
    newest = max(root.glob("artifacts/Predictions/predictions/*"), key=lambda folder: int(folder.name))
    found: list[list[float]] = probabilities(read_table(newest, model=model)).tolist()
    return found


def seen(root: Path) -> list[int]:
    """Return what a server sees, the lowest number first."""
    return [version.number for version in versions(root / "serving" / "demo") if version.visible]


def test_version_is_pinned_served_taken_back_and_pushed_again(own_run, one_step, quickly, files_below) -> None:
    root = own_run.root
    words, better_trained = ("run", own_run.config, "--root", root, "--json"), (*one_step, *BETTER_TRAINED)
    at = ("--root", root, "--json")

    # A is pushed and pinned. The better B waits; what is served stays.
    a, worse = int(own_run.result["version"]), answers(root, "candidate")
    assert quickly("pin", str(a), *at).result["serves"] == a
    second = quickly(*words, *better_trained)
    b, better = int(second.result["version"]), answers(root, "candidate")
    assert (own_run.result["verdict"], second.result["verdict"], second.code) == ("pushed", "pinned", 0)
    assert f"version {b} waits: {a} is pinned" in second.stderr
    assert "another version is pinned and stays served" in Path(second.result["report"]).read_text()
    assert (seen(root), answers(root, "baseline")) == ([a], worse)

    # Released, B is served. The configuration of A comes again: nothing is trained, and the worse A does not take B's place.
    assert quickly("pin", "--release", *at).result["serves"] == b
    served = files_below(root / "serving")
    third = quickly(*words, *one_step)
    assert {"ImageExampleGen", "DataGate", "Transform", "Trainer"} <= set(third.result["cached"])
    assert (answers(root, "candidate"), answers(root, "baseline")) == (worse, better)
    assert (third.result["verdict"], files_below(root / "serving")) == ("model_refused", served)

    # B is taken back. Its configuration comes again: B is not pushed, and the run says why.
    assert quickly("rollback", *at).result == {"serves": a, "withdrawn": [b]}
    served = files_below(root / "serving")
    fourth = quickly(*words, *better_trained)
    assert (fourth.code, fourth.result["verdict"], fourth.result["pushed_to"]) == (4, "withdrawn", None)
    assert f"version {b}: taken back at" in fourth.result["reasons"][0]
    assert f"taken back as version {b}" in Path(fourth.result["report"]).read_text()
    assert (seen(root), files_below(root / "serving")) == ([a], served)

    # Pushed again by a person it has a new number, and the run finds it there.
    again = quickly("push", str(b), *at)
    c = again.result["version"]
    assert (again.code, again.result["state"], seen(root)) == (0, "served", [a, c])
    fifth = quickly(*words, *better_trained)
    assert (fifth.code, fifth.result["verdict"], fifth.result["version"]) == (0, "unchanged", str(c))
    refused = quickly("push", third.result["run_id"], "--root", root)
    assert refused.code == 4
    assert "came to model_refused; only what every gate has blessed is pushed" in refused.stderr

    # Everything is as pushed, until a byte is not.
    assert quickly("verify", "--root", root).code == 0
    (root / "serving" / "demo" / str(c) / "saved_model.pb").write_bytes(b"torn")
    damaged = quickly("verify", *at)
    assert damaged.code == 1
    differing = {found["version"]: found["differences"] for found in damaged.result["versions"] if found["differences"]}
    assert differing == {c: [{"kind": "changed", "file": "saved_model.pb"}]}
    listed = quickly("versions", *at).result["versions"]
    assert [(version["version"], version["state"]) for version in listed] == [(c, "served"), (b, "withdrawn"), (a, "kept")]
    assert listed[0]["repeats"] == b
    assert json.dumps(listed[0]["metrics"]) == json.dumps(listed[1]["metrics"])
