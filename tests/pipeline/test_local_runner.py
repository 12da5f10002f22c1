import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen.part import Part, unchanged_rows
from pipeline.errors import ConfigError
from pipeline.local_runner import new_run_id


def test_run_ids_sort_by_time_and_differ() -> None:
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{4}", new_run_id())
    assert len({new_run_id() for _ in range(20)}) > 1


CONFIG = """
name: small
data: {manifest: Doe_Jane/manifest.csv, source: {kind: demo, patients: 30}, classes: [normal, nodule, effusion]}
image: {size: 32, channels: 1}
evaluation: {thresholds: [{metric: auc, at_least: 0.9}]}
gate: {rules: []}
"""

CHANGED_MANIFEST = """
import sys
from dataclasses import replace
from pipeline import local_runner
from pipeline.command_line import main

planned = local_runner.prepare_inputs
local_runner.prepare_inputs = lambda *words: replace(planned(*words), manifest_sha256="0" * 64)
sys.argv = ["medtfx", "run", sys.argv[1], "--root", sys.argv[2], "--json"]
main()
"""


def test_error_of_a_node_names_no_path_of_the_data_below_the_root(tmp_path: Path, start_program: Callable[..., Any]) -> None:
    """The manifest changes between planning and ingest, whose error names it."""
    (tmp_path / "small.yaml").write_text(CONFIG)
    done = start_program(CHANGED_MANIFEST, tmp_path / "small.yaml", tmp_path / "root").finish()
    assert done.code == 1
    failure = done.result["failure"]
    assert failure.startswith("manifest <data.manifest>: changed after the run began")
    manifest = tmp_path / "Doe_Jane" / "manifest.csv"
    with pytest.raises(ConfigError, match="Doe_Jane"):  # what the node says without the mask
        unchanged_rows(Part(manifest, sha256="0" * 64), patient="column", slices=())
    kept = [path for folder in ("reports", "logs") for path in (tmp_path / "root" / folder).iterdir()]
    assert {"latest.html", "run.log"} <= {path.name for path in kept}
    assert all("Doe_Jane" not in path.read_text() for path in kept)
    assert "changed after the run began" in (tmp_path / "root/reports/latest.html").read_text()
    assert "changed after the run began" in (tmp_path / "root/logs/run.log").read_text()
