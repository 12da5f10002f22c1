"""`medtfx outcome`: tell what a run of single nodes has come to, and exit with its code."""

import json
import os
from pathlib import Path

from pipeline import logs
from pipeline.config import Config
from pipeline.display import PlainDisplay
from pipeline.errors import ConfigError
from pipeline.loading import tensorflow_loading
from pipeline.run_history import existing_root
from pipeline.run_record import record_of


def outcome_command(config: Config, run_id: str, root_path: Path, *, as_json: bool) -> int:
    """Print a run's verdict, findings and report, and return the verdict's exit code; nothing is launched.

    Raises:
        ConfigError: when no node of the run has begun below the root.
    """
    state = existing_root(root_path)
    record = record_of(state, run_id)
    if not record.folder.is_dir():
        raise ConfigError(f"--run-id {run_id}: no node of this run has begun below {state.path}")
    with logs.captured(Path(os.devnull)) as (out, err):  # what TensorFlow and TFX say while they load
        with tensorflow_loading():
            from pipeline.run_summary import print_summary  # noqa: PLC0415
            from pipeline.single_node import SingleNode  # noqa: PLC0415

        result = SingleNode(config, state, record=record, display=PlainDisplay(err)).outcome()
        if as_json:
            print(json.dumps(result.as_json()), file=out, flush=True)
        else:
            print_summary(result, state, out)
    return result.verdict.exit_code
