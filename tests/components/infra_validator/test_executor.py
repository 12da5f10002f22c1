import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components import blessing
from components.infra_validator import golden, questions
from components.infra_validator.executor import Executor
from components.infra_validator.measured import MEASURED_FILE
from components.infra_validator.server_process import ServerError, ServerProcess
from components.infra_validator.settings import InfraSettings
from models import export
from pipeline.config import Budget
from pipeline.errors import NotBlessedError


@pytest.fixture
def node(training_inputs, good_export, artifact, settings, tmp_path):
    """What TFX's launcher gives to the executor, with a copy of a good export."""
    model = artifact(standard_artifacts.Model, tmp_path / "model")
    shutil.copytree(good_export, path_utils.serving_model_dir(model.uri))
    model_blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "model_blessing")
    blessing.publish(model_blessing, "accepted", [])
    examples = artifact(standard_artifacts.Examples, training_inputs.examples, split_names='["train","val","test"]')
    inputs = {"model": [model], "examples": [examples], "model_blessing": [model_blessing]}
    outputs = {"blessing": [artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")]}
    return inputs, outputs, {"settings": settings.model_dump_json()}


def run(node, **changes):
    """Run the executor with changed settings; return verdict, findings that refuse, and TFX's property."""
    settings = InfraSettings.model_validate_json(node[2]["settings"]).model_copy(update=changes)
    node[2]["settings"] = settings.model_dump_json()
    Executor().Do(*node)
    published = node[1]["blessing"][0]
    verdict, findings = blessing.read(published.uri)
    return verdict, [finding for finding in findings if finding.refuses], published.get_int_custom_property("blessed")


def export_of(node):
    return Path(path_utils.serving_model_path(node[0]["model"][0].uri))


def figures(node):
    return json.loads((Path(node[1]["blessing"][0].uri) / MEASURED_FILE).read_text())


def test_good_export_is_accepted_with_its_figures(node, settings, warm_servers):
    verdict, refusals, blessed = run(node)
    assert (verdict, refusals, blessed) == ("accepted", [], 1)
    _, findings = blessing.read(node[1]["blessing"][0].uri)
    assert [finding.found for finding in findings if finding.rule == "infra.canonical_pixels"] == ["8 of 8 equal"]
    assert {"serving.budget.p50_ms", "serving.budget.p95_ms", "serving.budget.memory_mb"} < {found.rule for found in findings}
    assert 0 < figures(node)["p50_ms"] <= figures(node)["p95_ms"]
    assert 100 < figures(node)["memory_mb"] < 2000
    assert "candidate, version 1: AVAILABLE" in settings.log.read_text()
    assert list(settings.work_dir.iterdir()) == []


def test_budget_that_is_exceeded_refuses_with_figure_and_bound(node, warm_servers):
    verdict, refusals, blessed = run(node, budget=Budget(p50_ms=0.001, p95_ms=60_000, memory_mb=1))
    assert (verdict, blessed) == ("infra_refused", 0)
    assert [(found.rule, found.expected) for found in refusals] == [
        ("serving.budget.p50_ms", "at most 0.001 ms"),
        ("serving.budget.memory_mb", "at most 1 MiB"),
    ]
    assert refusals[1].found == f"{figures(node)['memory_mb']:.0f} MiB"
    assert all(found.advice for found in refusals)


def test_cut_variables_never_become_available_and_refuse(node, warm_servers):
    (file,) = (export_of(node) / "variables").glob("*.data-*")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    settings = InfraSettings.model_validate_json(node[2]["settings"])
    server = ServerProcess(settings)
    try:
        server.offer(export_of(node))
        with pytest.raises(
            ServerError, match=r"the server ended with exit code 1: medtfx: 1 model\(s\) did not become available"
        ):
            server.channel(time.monotonic() + 120)
    finally:
        server.end()
    verdict, refusals, _ = run(node)
    assert (verdict, [found.rule for found in refusals]) == ("infra_refused", ["infra.serves"])


def test_export_whose_signatures_disagree_is_refused(node, warm_servers):
    folder = export_of(node)
    loaded = tf.saved_model.load(str(folder))

    def sharpened(examples):
        outputs = loaded.signatures[export.SERVING_DEFAULT](examples=examples)
        return outputs | {"probabilities": tf.nn.softmax(outputs["probabilities"] * 3)}

    signature = tf.function(sharpened, input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    changed = folder.with_name("changed")
    tf.saved_model.save(loaded, str(changed), signatures=dict(loaded.signatures) | {export.SERVING_DEFAULT: signature})
    shutil.copytree(folder / "assets.extra", changed / "assets.extra")
    shutil.rmtree(folder)
    changed.rename(folder)
    verdict, refusals, _ = run(node)
    assert verdict == "infra_refused"
    assert [finding.subject for finding in refusals] == ["serving_default against predict_image"]


def interrupted(server, asked, number):
    """Send a signal to a server as soon as it answers the first request."""

    def ask(self, *words):
        answer = asked(self, *words)
        os.kill(server.pid, number)
        return answer

    return ask


def test_server_that_hangs_or_dies_under_a_request_is_told_within_the_limit(
    good_export, training_inputs, settings, monkeypatch, warm_servers
):
    requests = golden.golden_requests(training_inputs.split("test"), 8)
    asked = questions.Asker.ask
    server = ServerProcess(settings)
    try:
        server.offer(good_export)
        server.channel(time.monotonic() + 120).close()
        for number, limit, told in (
            (signal.SIGSTOP, 3.0, "no answer within 3 s"),
            (signal.SIGKILL, 120.0, "the server was killed by SIGKILL"),
        ):
            os.kill(server.pid, signal.SIGCONT)
            monkeypatch.setattr(questions.Asker, "ask", interrupted(server, asked, number))
            begin = time.monotonic()
            with pytest.raises(ServerError, match=told):
                questions.interview(server, requests, time_limit=limit)
            assert time.monotonic() - begin < 30
    finally:
        server.end()


def test_server_that_is_not_ready_in_time_refuses(node):
    verdict, refusals, _ = run(node, time_limit=0.1)
    assert verdict == "infra_refused"
    assert refusals[0].found == "the server was not ready in time"


def test_model_that_the_clinical_gate_refused_is_not_served(node):
    blessing.publish(node[0]["model_blessing"][0], "model_refused", [])
    with pytest.raises(NotBlessedError, match="ClinicalGate has not blessed"):
        Executor().Do(*node)
