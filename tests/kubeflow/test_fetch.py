"""The sidecar's script with the real rclone, a folder in the place of the bucket."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def upload(bucket: Path) -> Callable[[int], None]:
    """Bring a version as `medtfx push --objects` does: its files, then what names it."""

    def uploaded(number: int) -> None:
        (bucket / str(number)).mkdir(parents=True)
        (bucket / str(number) / "saved_model.pb").write_text(f"model {number}")
        (bucket / "models.config").write_text(f"version {number}")

    return uploaded


@pytest.fixture
def fetched(bucket: Path, project: Path, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Run the script once and return what the pod then has."""
    if not shutil.which("rclone"):
        pytest.skip("rclone is not installed")
    script, pod = project / "kubeflow" / "manifests" / "object-store" / "fetch.sh", tmp_path / "pod"
    places = {"RCLONE_CONFIG_BUCKET_TYPE": "alias", "RCLONE_CONFIG_BUCKET_REMOTE": str(tmp_path)}

    def fetch() -> dict[str, str]:
        environment = {**os.environ, **places, "BUCKET_PATH": bucket.name, "MODEL_PATH": str(pod)}
        subprocess.run(["sh", script, "once"], env=environment, check=True, capture_output=True, timeout=60)
        files = (path for path in pod.rglob("*") if path.is_file() and not path.name.startswith("."))
        return {str(path.relative_to(pod)): path.read_text() for path in files}

    return fetch


def test_named_version_and_its_files_come(upload, fetched) -> None:
    upload(1)
    assert fetched() == {"models.config": "version 1", "1/saved_model.pb": "model 1"}


def test_what_the_bucket_has_no_more_goes_with_the_next_version(upload, fetched, bucket: Path) -> None:
    upload(1)
    fetched()
    shutil.rmtree(bucket / "1")
    upload(2)
    assert fetched() == {"models.config": "version 2", "2/saved_model.pb": "model 2"}


def test_files_that_nothing_names_yet_are_left(upload, fetched, bucket: Path) -> None:
    upload(1)
    fetched()
    (bucket / "2").mkdir()
    (bucket / "2" / "saved_model.pb").write_text("half")
    assert fetched() == {"models.config": "version 1", "1/saved_model.pb": "model 1"}
