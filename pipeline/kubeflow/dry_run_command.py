"""`medtfx kubeflow dry-run`: execute a compiled package on this machine, and find what would fail on a cluster."""

import json
import os
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from pipeline import config_file, interruption
from pipeline.errors import ConfigError
from pipeline.kubeflow.compiled_package import Package, read_package
from pipeline.kubeflow.dag_run import DagRun, State, TaskResult
from pipeline.kubeflow.engine import Engine, LocalEngine, PodmanEngine, claims_of, secret_variables
from pipeline.kubeflow.package_interface import CONFIG, named_value, run_parameters
from pipeline.kubeflow.processes import Processes
from pipeline.kubeflow.task_run import TaskRunner

OWN_CODES = (2, 3, 4)  # of medtfx: bad configuration, data refused, model refused


@dataclass(frozen=True)
class Options:
    """What the command was told beside the package.

    Args:
        root: in the place of the parameter `root`.
        config: a configuration of this machine in the place of the parameter `config`.
        parameters: further ones as 'name=value'.
        container: 'podman', or None for processes of this environment.
        image: in the place of the package's image.
        volumes: 'claim=folder' of volume claims, with a container.
        folder: where outputs and logs go; None: below ./dry-run.
        at_once: how many tasks run at a time.
    """

    root: Path | None = None
    config: Path | None = None
    parameters: Sequence[str] = ()
    container: str | None = None
    image: str | None = None
    volumes: Sequence[str] = ()
    folder: Path | None = None
    at_once: int = 2


def dry_run_command(path: Path, options: Options, *, as_json: bool) -> int:
    """Execute a package and return the exit code: that of the verdict, or 1 after a failure.

    Raises:
        ConfigError: for a package that a cluster would not take, or wrong parameters.
        KeyboardInterrupt: when interrupted; every process has ended then.
    """
    package = read_package(path)
    arguments = run_parameters(package.interface, options.parameters, parameter_options(options))
    run_id = str(uuid.uuid4())  # as KFP names its jobs
    folder = (options.folder or Path("dry-run") / f"{package.name}-{run_id}").absolute()
    make_private(folder)
    engine, processes = engine_of(package, options, folder), Processes(options.at_once)
    lines = Lines()
    tell_secrets(package, lines)
    lines.say(f"dry-run of {package.name}, run {run_id}, logs in {folder / 'logs'}")
    dag = DagRun(package, TaskRunner(package, engine, processes, folder=folder, run_id=run_id), lines)
    interruption.listen()
    run_to_end(dag, arguments, processes)
    code = exit_code(dag.results)
    if as_json:
        typer.echo(json.dumps({"exit_code": code, "run_id": run_id, "folder": str(folder), "tasks": told(dag.results)}))
    else:
        typer.echo(f"{'ended well' if code == 0 else 'red'}: exit code {code}; outputs in {folder / 'outputs'}")
    return code


def run_to_end(dag: DagRun, arguments: Mapping[str, Any], processes: Processes) -> None:
    """Run the package; whatever ends it, no process is left behind."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            dag.run(dag.package.spec.root, arguments)
        except Exception as error:  # handed over to the main thread
            failed.append(error)

    thread = threading.Thread(target=work)  # so that Ctrl-C finds the main thread free
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)
    except KeyboardInterrupt:
        processes.stop()
        thread.join()
        raise
    if failed:
        raise failed[0]


def parameter_options(options: Options) -> dict[str, str]:
    """Return the parameters that have an option of their own.

    Raises:
        ConfigError: for a bad configuration.
    """
    given = {}
    if options.root is not None:
        given["root"] = str(options.root.absolute())
    if options.config is not None:  # its paths as this machine has them: tasks don't run in its folder
        given[CONFIG] = config_file.load(options.config).model_dump_json()
    return given


def make_private(folder: Path) -> None:
    """Make the folder of a dry-run; a new one is its user's alone, for outputs are open to a container's other user.

    Raises:
        ConfigError: when that can't be done.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("outputs", "logs", "volumes"):
            (folder / part).mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; name another with --folder") from error


def engine_of(package: Package, options: Options, folder: Path) -> Engine:
    """Return where the containers run.

    Raises:
        ConfigError: for another engine than podman, or options that go with one alone.
    """
    if options.container is None:
        if options.image or options.volumes:
            raise ConfigError("--image and --volume go with --container podman")
        return LocalEngine(os.environ)
    if options.container != "podman":
        raise ConfigError(f"--container {options.container}: expected podman")
    claims = {claim: folder / "volumes" / claim for claim in claims_of(package.containers)}
    claims |= {name: Path(place).absolute() for name, place in (named_value(item, "--volume") for item in options.volumes)}
    mounts = () if options.root is None else (options.root.absolute(),)
    for made in (*claims.values(), *mounts):
        if not made.exists():
            made.mkdir(parents=True)
            made.chmod(0o777)  # the container's user is not this one
    return PodmanEngine(os.environ, folder / "outputs", claims, options.image, mounts)


def tell_secrets(package: Package, lines: "Lines") -> None:
    """Say which secrets the package counts on that this shell has no value for: whether the cluster has them is not seen here."""
    wanted = {name for container in package.containers.values() for name in secret_variables(container)}
    for name in sorted(wanted - set(os.environ)):
        lines.say(f"note: a secret fills {name} on the cluster; it is not set here")


class Lines:
    """Shows a line when a task starts and one when it ends."""

    def __init__(self) -> None:
        """Let one thread speak at a time: print writes a line and its end apart."""
        self._guard = threading.Lock()

    def say(self, text: str) -> None:
        """Show a line."""
        with self._guard:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - the terminal is where this goes

    def begin(self, task: str) -> None:
        """Show that a task starts."""
        self.say(f"{task:<18} started")

    def end(self, result: TaskResult) -> None:
        """Show how a task ended, after how long and how many tries."""
        tries = f" in {result.tries} tries" if result.tries > 1 else ""
        reason = f": {result.reason}" if result.reason else ""
        self.say(f"{result.task:<18} {result.state.value:<9} {result.seconds:6.1f} s{tries}{reason}")


def exit_code(results: Sequence[TaskResult]) -> int:
    """Return the exit code of a run: of the first task that failed where it is one of medtfx, else 1; 0 when none failed."""
    failed = [result for result in results if result.state is State.FAILED]
    if not failed:
        return 0
    code = failed[0].code
    return code if code in OWN_CODES else 1


def told(results: Sequence[TaskResult]) -> dict[str, dict[str, Any]]:
    """Return how tasks went as plain values."""
    return {
        its.task: {"state": its.state.value, "seconds": round(its.seconds, 3), "tries": its.tries, "reason": its.reason or None}
        for its in results
    }
