from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.errors import ConfigError
from pipeline.kubeflow.compiled_package import Container
from pipeline.kubeflow.engine import INHERITED, LocalEngine, PodmanEngine, Start, claims_of, secret_variables

SECRET = {"secretAsEnv": [{"keyToEnv": [{"secretKey": "url", "envVar": "NOTIFY_URL"}]}]}
MOUNT = {"pvcMount": [{"constant": "medtfx", "mountPath": "/mnt/medtfx", "subPath": "ward"}]}
names = st.one_of(st.sampled_from(INHERITED), st.text("ABC_", min_size=1, max_size=6))
variables = st.dictionaries(names, st.text(max_size=8), max_size=6)


def container(env: Mapping[str, str] | None = None, **kubernetes: Any) -> Container:
    """Return a container of busybox."""
    spec = pb.PipelineDeploymentConfig.PipelineContainerSpec(image="busybox:1.36")
    for name, value in (env or {}).items():
        spec.env.add(name=name, value=value)
    return Container(spec, kubernetes)


def podman(*words: str, shell: Mapping[str, str], image: str | None = None, **kubernetes: Any) -> Start:
    """Return how podman would start a container."""
    engine = PodmanEngine(shell, Path("/out"), {"medtfx": Path("/data")}, image, (Path("/root-of-runs"),))
    return engine.start(container({"GIVEN": "value"}, **kubernetes), words or ("medtfx", "node"))


@given(shell=variables, given_by_package=variables)
def test_process_sees_nothing_of_the_shell_that_a_pod_would_not(shell: dict[str, str], given_by_package: dict[str, str]) -> None:
    environment = LocalEngine(shell).start(container(given_by_package), ("sh",)).environment
    assert given_by_package.items() <= environment.items()
    for name in set(shell) - set(INHERITED) - set(given_by_package):
        assert name not in environment


@given(secret=st.text(st.characters(categories=["Ll", "Nd"]), min_size=12, max_size=30))
def test_secret_is_in_the_environment_and_never_among_the_words(secret: str) -> None:
    start = podman(shell={"NOTIFY_URL": secret}, **SECRET)
    assert start.environment["NOTIFY_URL"] == secret
    assert "NOTIFY_URL" in start.words
    assert not any(secret in word for word in start.words)


def test_secret_that_this_shell_lacks_is_not_made_up() -> None:
    assert "NOTIFY_URL" not in podman(shell={}, **SECRET).words
    assert secret_variables(container(**SECRET)) == ["NOTIFY_URL"]
    assert secret_variables(container()) == []


def test_container_is_as_strict_as_a_clusters() -> None:
    words = podman(shell={}, securityContext={"runAsUser": "1234"}).words
    assert {"--read-only", "--rm", "--no-healthcheck"} <= set(words)
    assert words[words.index("--user") + 1] == "1234"
    assert podman(shell={}).words[podman(shell={}).words.index("--user") + 1] == "1000"


def test_first_word_is_the_entry_point_and_the_others_follow_the_image() -> None:
    words = podman("medtfx", "node", "--rm", shell={}).words
    assert words[-5:] == ("--entrypoint", "medtfx", "busybox:1.36", "node", "--rm")
    assert podman(shell={}, image="other:1").words[-2] == "other:1"


def test_volumes_are_the_claims_folders_the_outputs_and_the_root() -> None:
    words = podman(shell={}, **MOUNT).words
    volumes = [after for word, after in pairwise(words) if word == "--volume"]
    assert volumes == ["/out:/out", "/root-of-runs:/root-of-runs", "/data/ward:/mnt/medtfx"]


def test_claim_without_a_folder_is_named() -> None:
    engine = PodmanEngine({}, Path("/out"), {})
    with pytest.raises(ConfigError, match="--volume medtfx=FOLDER: missing"):
        engine.start(container(**MOUNT), ("medtfx",))
    assert claims_of({"a": container(**MOUNT), "b": container()}) == {"medtfx"}
