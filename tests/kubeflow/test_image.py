"""The image: what its recipe promises to clusters and hospitals, and, where podman has built it, that it keeps the promise."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

IMAGE = os.environ.get("MEDTFX_IMAGE", "localhost/medtfx:0.1.0")
# As PodmanEngine starts a container.
PODMAN = ["podman", "--runtime", "runc", "run", "--rm", "--network=host", "--no-healthcheck"]
STRICT = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096", "--read-only", "--tmpfs", "/tmp", "--user", "4711:4711"]
# Public names that a recipe may hold; any other host is one of a site's own network.
HOSTS = ("docker.io",)
HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|local|internal|example|de)\b")


@pytest.fixture(scope="module")
def dockerfile(project: Path) -> str:
    """The recipe without its comments, each command on one line."""
    lines = (project / "kubeflow/Dockerfile").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")


def last_stage(dockerfile: str) -> str:
    """Return what the image itself is made of."""
    return re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[-1]


def test_user_is_a_number_that_is_not_root(dockerfile: str) -> None:
    users = re.findall(r"^USER (\S+)", dockerfile, flags=re.MULTILINE)
    assert users
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) for user in users)


def test_default_base_is_pinned_to_a_python_and_a_release(dockerfile: str) -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)", dockerfile, flags=re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.1[123]-slim-trixie", base)


def test_image_holds_no_compiler_and_no_installer(dockerfile: str) -> None:
    assert "g++" in dockerfile
    for tool in ("apt-get", "g++", "pip", "/opt/installer"):
        assert tool not in last_stage(dockerfile)


def test_packages_are_held_against_the_locks_hashes(dockerfile: str) -> None:
    installs = [line for line in re.split(r"[;\n]", dockerfile) if re.search(r"pip install", line)]
    assert len(installs) == 5
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_packages_of_a_bundle_are_taken_without_an_index(dockerfile: str) -> None:
    assert dockerfile.count("--mount=type=bind,from=wheels,target=/wheels") == 2
    assert "export UV_OFFLINE=1 UV_NO_INDEX=1 UV_FIND_LINKS=/wheels" in dockerfile


def test_recipe_names_no_host_of_a_site_and_no_secret(project: Path) -> None:
    for name in ("Dockerfile", "build_image.sh"):
        text = (project / "kubeflow" / name).read_text()
        assert set(HOST.findall(text)) <= set(HOSTS)
        assert not re.search(r"\w+://|(?i:password|token)=", text)


def test_build_sees_neither_data_nor_runs(project: Path) -> None:
    lines = (project / ".dockerignore").read_text().splitlines()
    shown = {line[1:] for line in lines if line.startswith("!")}
    folders = {"components", "models", "pipeline", "schema", "serving"}
    assert lines[1] == "*"
    assert shown == folders | {"setup.py", "pyproject.toml", "requirements.lock", "kubeflow/needs.py"}


def test_build_script_is_good_bash(project: Path) -> None:
    subprocess.run(["bash", "-n", str(project / "kubeflow/build_image.sh")], check=True)


@pytest.fixture(scope="module")
def image() -> str:
    """The built image; tests skip where there is none."""
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed: apt-get install podman runc")
    if subprocess.run(["podman", "image", "exists", IMAGE], check=False).returncode:
        pytest.skip(f"no image {IMAGE}: build it with kubeflow/build_image.sh, or name another in MEDTFX_IMAGE")
    return IMAGE


def in_image(image: str, *words: str) -> str:
    """Run a command as a strict cluster does, under a user that the image does not know, and return what it says."""
    done = subprocess.run([*PODMAN, *STRICT, image, *words], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_image_is_able_to_run_every_node(image: str) -> None:
    said = in_image(image, "medtfx", "doctor")
    assert "import pipeline.graph" in said
    assert "BAD" not in said


def test_bytecode_of_the_image_is_taken(image: str) -> None:
    # Python tells of each module where its code came from: the path of the .pyc, or that of the source.
    told = in_image(image, "sh", "-c", "python -v -c 'import pipeline.graph' 2>&1 | grep 'code object from'").splitlines()
    assert len(told) > 1000
    assert not [line for line in told if ".pyc'" not in line]


def test_image_is_smaller_than_4_gb_and_checks_its_health(image: str) -> None:
    (told,) = json.loads(subprocess.run(["podman", "image", "inspect", image], capture_output=True, check=True).stdout)
    assert told["Size"] < 4e9
    assert told["Healthcheck"]["Test"] == ["CMD", "medtfx", "--help"]
