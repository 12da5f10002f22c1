import base64
import json
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.e2e
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(url: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    """Return the answer of a server that may still be starting."""
    data = None if body is None else json.dumps(body).encode()
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, data, timeout=60) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:  # it does not listen yet
            assert time.monotonic() < end
            time.sleep(0.1)


def test_pushed_model_is_served_and_the_server_writes_nothing(pushed_run, demo_config: Path, files_below, medtfx, start) -> None:
    """As TF Serving would: in a TF1 session."""
    folder, version = Path(pushed_run[1].result["pushed_to"]).parent, str(pushed_run[1].result["version"])
    before, grpc_port, port = files_below(folder), free_port(), free_port()
    words = ("--model_name=demo", f"--model_base_path={folder}", f"--port={grpc_port}", f"--rest_api_port={port}")
    files = sorted((demo_config.parent / "data").rglob("*.png"))[:16]
    images = [{"b64": base64.b64encode(file.read_bytes()).decode()} for file in files]
    server = start("serve", *words)
    url = f"http://127.0.0.1:{port}/v1/models/demo"
    assert asked(url)["model_version_status"][0]["version"] == version
    answers, explained = (
        asked(f"{url}:predict", {"signature_name": signature, "instances": images})["predictions"]
        for signature in ("predict_image", "explain_image")
    )
    asking = ("--server", f"127.0.0.1:{grpc_port}", "--model", "demo", "--rendering", folder / version, "--json")
    predicted = medtfx("predict", files[0], *asking)
    ended = server.end(signal.SIGTERM)
    assert ended.code == 0
    (answer, *_), strongest = answers, {np.max(one.pop("heat_map")) for one in explained}
    assert answer["classes"] == ["normal", "nodule", "effusion"]
    assert sum(answer["probabilities"]) == pytest.approx(1.0, abs=1e-3)
    assert answer["decision"] == answer["classes"][int(np.argmax(answer["probabilities"]))]
    assert 1 in strongest <= {0, 1}  # 0: nothing speaks for the decided class
    assert explained == answers
    assert predicted.code == 0, predicted.stderr
    assert (predicted.result["decision"], str(predicted.result["version"])) == (answer["decision"], version)
    assert list(predicted.result["probabilities"]) == answer["classes"]
    assert list(predicted.result["probabilities"].values()) == pytest.approx(answer["probabilities"], abs=1e-6)
    assert str(folder) not in ended.stderr
    assert files_below(folder) == before


def test_second_run_redoes_nothing_and_a_damaged_version_is_pushed_again(
    pushed_run, pushed_root: Path, demo_config: Path, quickly, files_below
) -> None:
    root, first = pushed_run
    before = files_below(root / "serving")
    second = quickly("run", demo_config, "--root", root, "--json")
    assert second.code == 0
    assert second.result["verdict"] == "unchanged"
    assert second.result["version"] == first.result["version"]
    assert len(second.result["cached"]) == NODES - 2  # the two resolvers have no cache
    assert files_below(root / "serving") == before

    shutil.rmtree(Path(second.result["pushed_to"]) / "variables")
    third = quickly("run", demo_config, "--root", root, "--json")
    assert third.result["verdict"] == "pushed"
    assert "is gone from the serving folder, or damaged: pushing again" in third.stderr
    assert int(third.result["version"]) > int(first.result["version"])


def test_fresh_root_gives_the_same_metrics(usual, demo_config: Path, quickly, tmp_path: Path) -> None:
    again = quickly("run", demo_config, "--root", tmp_path / "fresh", "--json")
    assert again.result["cached"] == []
    assert again.result["metrics"] == usual["metrics"]
    assert again.result["metrics"]


def test_people_get_a_summary(pushed_root: Path, demo_config: Path, quickly) -> None:
    done = quickly("run", demo_config, "--root", pushed_root)
    for word in ("verdict", "train:", "test", "model", "report"):
        assert word in done.stdout
    assert len(done.stdout.splitlines()) < 30
    assert "Trainer" in done.stderr
