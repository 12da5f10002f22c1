"""`medtfx run`: load the configuration, hold the root, run, tell the outcome."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pipeline import config_file, interruption, logs, root
from pipeline.config import Config
from pipeline.display import shown_on
from pipeline.errors import MedtfxError
from pipeline.loading import tensorflow_loading
from pipeline.path_mask import PathMask
from pipeline.verdict import Verdict

LOG_FILE = "run.log"


def run_command(path: Path, root_path: Path | None, overrides: Sequence[str], *, as_json: bool) -> int:
    """Run a configuration file and return the exit code; with `as_json` an error or Ctrl-C, too, leaves a JSON object on stdout.

    Raises:
        MedtfxError: for a bad configuration, an unusable root or one that is in use.
        KeyboardInterrupt: when interrupted.
    """
    try:
        return run_file(path, root_path, overrides, as_json=as_json)
    except MedtfxError as error:
        if as_json:
            print_ending(Verdict.FAILED, error.exit_code, failure=str(error))
        raise
    except KeyboardInterrupt:
        if as_json:
            print_ending(Verdict.INTERRUPTED, Verdict.INTERRUPTED.exit_code)
        raise


def print_ending(verdict: Verdict, exit_code: int, *, failure: str | None = None) -> None:
    """Print the promised last line of a run that came to no result of its own."""
    told = {"verdict": verdict.value, "exit_code": exit_code, "failure": failure}
    print(json.dumps(told), flush=True)  # noqa: T201 - the promised last line


def run_file(path: Path, root_path: Path | None, overrides: Sequence[str], *, as_json: bool) -> int:
    """Run a configuration file below its root and return the exit code.

    Raises:
        MedtfxError: for a bad configuration, an unusable root or one that is in use.
    """
    config = config_file.load(path, overrides)
    place = root_path or Path("runs") / config.name
    root.make_folder(place)  # with its parents under the user's umask: other users reach serving/ through them
    os.umask(0o077)  # for this process and all that it starts; the pusher opens what a server reads
    state = root.prepare(place)
    interruption.listen()
    mask = PathMask(config, state.path)
    with root.locked(state), logs.captured(state.logs / LOG_FILE, mask) as (out, err):
        return run_shown(config, state, (out, err), as_json=as_json)


def run_shown(config: Config, state: root.Root, streams: tuple[TextIO, TextIO], *, as_json: bool) -> int:
    """Run with progress on stderr and the outcome on stdout."""
    out, err = streams
    with shown_on(err) as display:
        display.say(f"medtfx: {config.name}, root {state.path}")
        display.say("loading TensorFlow and TFX")
        with tensorflow_loading():  # five seconds: only once the configuration is known to be good
            from pipeline import local_runner  # noqa: PLC0415

        result = local_runner.run(config, state, display)
    if as_json:
        print(json.dumps(result.as_json()), file=out, flush=True)
    else:
        from pipeline.run_summary import print_summary  # noqa: PLC0415 - beside the runner, not before it

        print_summary(result, state, out)
    return result.verdict.exit_code
