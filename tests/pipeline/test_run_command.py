import subprocess
import sys
from pathlib import Path

CONFIG = """
name: small
data: {manifest: manifest.csv, classes: [normal, ill]}
evaluation: {thresholds: [{metric: auc, at_least: 0.9}]}
gate: {rules: []}
"""

PROGRAM = """
import os, sys
from pathlib import Path
os.umask(0o022)
from components.pusher.manifest import Provenance
from components.pusher.push import push
from pipeline import run_command

def shown(config, state, streams, *, as_json):
    state.metadata.touch()
    provenance = Provenance(run_id="run-1", model_id=1, blessings={})
    push(folder / "export", state.serving("small"), provenance=provenance, check=lambda staging: None)
    return 0

folder = Path(sys.argv[1])
run_command.run_shown = shown
run_command.run_command(folder / "small.yaml", folder / "runs" / "small", [], as_json=False)
"""


def test_others_read_what_is_served_and_nothing_else(tmp_path: Path, project: Path) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "export" / "variables").mkdir(parents=True)
    (tmp_path / "export" / "variables" / "index").write_text("weights")
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=project, check=True)
    place = tmp_path / "runs" / "small"
    served = {path: path.stat().st_mode & 0o777 for path in [place / "serving", *(place / "serving").rglob("*")]}
    private = {path.name: path.stat().st_mode & 0o077 for path in place.rglob("*") if path not in served}
    assert {mode for path, mode in served.items() if path.is_dir()} == {0o755}
    assert {mode for path, mode in served.items() if path.is_file()} == {0o644}
    assert {"metadata.sqlite", "lock", "format", "run.log"} <= set(private)
    assert set(private.values()) == {0}
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o711, 0o755)
