"""Folders shaped like exports, and pushes of them without TensorFlow."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components.pusher.manifest import Provenance
from components.pusher.push import push

BLESSINGS = {"ClinicalGate": "accepted", "InfraValidator": "accepted"}


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "demo"


@pytest.fixture
def pushed(tmp_path: Path, serving: Path) -> Callable[..., int]:
    """Return a function that pushes a small export of the given content and returns its version."""

    def go(content: str, **provenance: object) -> int:
        export = tmp_path / "exports" / content
        (export / "variables").mkdir(parents=True, exist_ok=True)
        (export / "saved_model.pb").write_text(f"graph of {content}")
        (export / "variables" / "data").write_text(content)
        known = {"run_id": "run-1", "model_id": 1, "blessings": BLESSINGS, **provenance}
        return push(export, serving, provenance=Provenance(**known), check=lambda _: None)

    return go


@pytest.fixture
def seen(serving: Path) -> Callable[[], list[int]]:
    """Return a function that tells what a server sees, the lowest number first."""
    return lambda: sorted(int(entry.name) for entry in serving.iterdir() if entry.name.isdecimal())
