import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.e2e
LENIENT = ("--set", "evaluation.thresholds=[{metric: auc, at_least: 0.0}]", "--set", "gate.rules=[]", "--set", "training.steps=1")
Rows = list[dict[str, str]]
NODES = 15  # all but RunReport, which always runs


def test_run_pushes_a_version_with_everything_beside_it(pushed_run) -> None:
    root, done = pushed_run
    result = done.result
    assert result["verdict"] == "pushed"
    assert Path(result["pushed_to"]).parent == root / "serving" / "demo"
    assert (Path(result["pushed_to"]) / "saved_model.pb").is_file()
    manifest = json.loads((root / "serving" / "demo" / f"{result['version']}.json").read_text())
    assert manifest["metrics"]["auc"] == pytest.approx(result["metrics"]["auc"], abs=1e-3)
    assert len(manifest["data_digest"]) == 64
    assert "assets.extra/tf_serving_warmup_requests" in manifest["files"]
    assert Path(result["report"]).is_file()


def nothing_changed(rows: Rows) -> None:
    """Leave the manifest as it is."""


def without_digests(rows: Rows) -> None:
    for row in rows:
        row["sha256"] = ""


LOADER = """
import json, sys
import tensorflow.compat.v1 as tf
tf.disable_eager_execution()
with tf.Session(graph=tf.Graph()) as session:
    meta = tf.saved_model.loader.load(session, ["serve"], sys.argv[1])
    signature = meta.signature_def["predict_image"]
    image = open(sys.argv[2], "rb").read()
    names = {key: value.name for key, value in signature.outputs.items()}
    values = session.run(names, {signature.inputs["image"].name: [image]})
print(json.dumps({"classes": [c.decode() for c in values["classes"][0]], "sum": float(values["probabilities"][0].sum())}))
"""


def test_pushed_model_runs_in_a_tf1_session(pushed_run, demo_config: Path) -> None:
    image = next((demo_config.parent / "data").rglob("*.png"))
    done = subprocess.run(
        [sys.executable, "-c", LOADER, pushed_run[1].result["pushed_to"], str(image)], capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    assert answer["classes"] == ["normal", "nodule", "effusion"]
    assert answer["sum"] == pytest.approx(1.0, abs=1e-3)


def test_second_run_redoes_nothing_and_a_damaged_version_is_pushed_again(
    pushed_run, demo_config: Path, medtfx, files_below
) -> None:
    root, first = pushed_run
    before = files_below(root / "serving")
    second = medtfx("run", demo_config, "--root", root, "--json")
    assert second.code == 0
    assert second.result["verdict"] == "unchanged"
    assert second.result["version"] == first.result["version"]
    assert len(second.result["cached"]) == NODES - 2  # the two resolvers have no cache
    assert files_below(root / "serving") == before

    shutil.rmtree(Path(second.result["pushed_to"]) / "variables")
    third = medtfx("run", demo_config, "--root", root, "--json")
    assert third.result["verdict"] == "pushed"
    assert "is gone from the serving folder, or damaged: pushing again" in third.stderr
    assert int(third.result["version"]) > int(first.result["version"])


def test_fresh_root_gives_the_same_metrics(pushed_run, demo_config: Path, medtfx, tmp_path: Path) -> None:
    again = medtfx("run", demo_config, "--root", tmp_path / "fresh", "--json")
    assert again.result["cached"] == []
    assert again.result["metrics"] == pushed_run[1].result["metrics"]
    assert again.result["metrics"]


def test_replaced_image_is_noticed_where_the_manifest_has_no_digest(own_data, quickly, tmp_path: Path) -> None:
    root, config = tmp_path / "root", own_data(without_digests)
    words = ("run", config, "--root", root, "--json", *LENIENT)
    first = quickly(*words)
    image = next((tmp_path / "data").rglob("*.png"))
    mirrored = np.asarray(Image.open(image))[:, ::-1]
    Image.fromarray(mirrored).save(image)
    second = quickly(*words)
    assert first.result["verdict"] == second.result["verdict"] == "pushed"
    assert not {"ImageExampleGen", "Trainer", "Pusher"} & set(second.result["cached"])


def test_people_get_a_summary(pushed_run, demo_config: Path, medtfx) -> None:
    done = medtfx("run", demo_config, "--root", pushed_run[0])
    for word in ("verdict", "train:", "test", "model", "report"):
        assert word in done.stdout
    assert len(done.stdout.splitlines()) < 30
    assert "Trainer" in done.stderr
