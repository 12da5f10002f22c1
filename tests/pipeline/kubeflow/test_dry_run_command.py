"""Packages of cheap shell commands, compiled by KFP itself and executed for real."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler, dsl, kubernetes
from kfp.dsl import PipelineTask

from pipeline import config_file as config_reader
from pipeline.errors import ConfigError
from pipeline.kubeflow.dry_run_command import Options, dry_run_command

IMAGE = "busybox:1.36"


def shell(script: str, name: str, *words: object) -> PipelineTask:
    """Add a task that runs a script; `words` are its $0, $1 and so on."""

    def component() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image=IMAGE, command=["sh", "-c", script], args=[str(word) for word in words])

    component.__name__ = name
    return dsl.container_component(component)()


@dsl.container_component
def gate(word: str, verdict: dsl.OutputPath(str)) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image=IMAGE, command=["sh", "-c", 'printf %s "$0" > "$1"'], args=[word, verdict])


@dsl.container_component
def forgetful(verdict: dsl.OutputPath(str)) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image=IMAGE, command=["sh", "-c", "true"], args=[verdict])


@dataclass(frozen=True)
class Ran:
    """How a dry-run went: its exit code, its tasks, what it said, its folder."""

    code: int
    tasks: dict[str, Any]
    said: str
    folder: Path

    def states(self) -> dict[str, str]:
        """Return how each task that started ended."""
        return {name: task["state"] for name, task in self.tasks.items()}

    def log(self, task: str) -> str:
        """Return what a task said."""
        return (self.folder / "logs" / f"{task}.log").read_text()


DryRun = Callable[..., Ran]


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[Callable[..., None]], Path]:
    """Compile a pipeline function into a package."""

    def compile_it(function: Callable[..., None]) -> Path:
        path = tmp_path / "package.yaml"
        compiler.Compiler().compile(dsl.pipeline(name="cheap")(function), str(path))
        return path

    return compile_it


@pytest.fixture
def dry_run(compiled: Callable[[Callable[..., None]], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DryRun:
    """Execute a pipeline function as a package."""

    def run(function: Callable[..., None], parameters: Sequence[str] = (), at_once: int = 2, config: Path | None = None) -> Ran:
        options = Options(config=config, parameters=parameters, folder=tmp_path / "out", at_once=at_once)
        code = dry_run_command(compiled(function), options, as_json=True)
        shown = capsys.readouterr()
        told = json.loads(shown.out)
        assert told["exit_code"] == code
        return Ran(code, told["tasks"], shown.err, tmp_path / "out")

    return run


def test_task_starts_when_what_it_waits_for_has_ended(dry_run: DryRun, tmp_path: Path) -> None:
    line = 'echo "$0" >> "$1"'

    def pipeline() -> None:
        first = shell(f"sleep 0.3; {line}", "first", "first", tmp_path / "order")
        second = shell(line, "second", "second", tmp_path / "order").after(first)
        shell(line, "third", "third", tmp_path / "order").after(first, second)

    ran = dry_run(pipeline, at_once=3)
    assert ran.code == 0
    assert (tmp_path / "order").read_text().split() == ["first", "second", "third"]
    assert ran.folder.stat().st_mode & 0o077 == 0  # outputs are open to any user, the folder above them is not


@pytest.mark.parametrize(("at_once", "overlap"), [(2, True), (1, False)])
def test_independent_tasks_overlap_as_far_as_jobs_allow(dry_run: DryRun, tmp_path: Path, at_once: int, overlap: bool) -> None:
    script = 'date +%s.%N > "$0.begin"; sleep 0.6; date +%s.%N > "$0.end"'

    def pipeline() -> None:
        for name in ("left", "right"):
            shell(script, name, tmp_path / name)

    assert dry_run(pipeline, at_once=at_once).code == 0
    times = {path.name: float(path.read_text()) for path in tmp_path.glob("*.*") if path.suffix in (".begin", ".end")}
    assert (max(times["left.begin"], times["right.begin"]) < min(times["left.end"], times["right.end"])) is overlap


def test_failing_task_is_tried_again_as_often_as_the_package_says(dry_run: DryRun, tmp_path: Path) -> None:
    script = 'echo try >> "$0"; test $(wc -l < "$0") -ge "$1"'

    def pipeline() -> None:
        shell(script, "soon-well", tmp_path / "soon", 3).set_retry(2, backoff_duration="0s")
        shell(script, "never-well", tmp_path / "never", 9).set_retry(1, backoff_duration="0s")

    ran = dry_run(pipeline)
    assert (ran.tasks["soon-well"]["state"], ran.tasks["soon-well"]["tries"]) == ("succeeded", 3)
    assert (ran.tasks["never-well"]["state"], ran.tasks["never-well"]["tries"]) == ("failed", 2)
    assert ran.code == 1
    assert "never-well         failed" in ran.said


def test_task_is_ended_at_its_time_limit_with_its_children(dry_run: DryRun, tmp_path: Path) -> None:
    def pipeline() -> None:
        kubernetes.set_timeout(shell('sleep 60 & echo $! > "$0"; wait', "slow", tmp_path / "child"), 1)

    ran = dry_run(pipeline)
    assert ran.code == 1
    assert ran.tasks["slow"]["reason"] == "not done after 1 s, its time limit"
    assert not is_alive(int((tmp_path / "child").read_text()))


def test_what_a_task_leaves_behind_ends_with_it(dry_run: DryRun, tmp_path: Path) -> None:
    def pipeline() -> None:
        shell('sleep 60 & echo $! > "$0"', "leaver", tmp_path / "child")

    assert dry_run(pipeline).code == 0
    assert not is_alive(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize(("word", "branch"), [("go_on", "forth"), ("data_refused", "back")])
def test_condition_chooses_a_branch_by_the_verdict(dry_run: DryRun, word: str, branch: str) -> None:
    def pipeline(word: str) -> None:
        verdict = gate(word=word).outputs["verdict"]
        with dsl.If(verdict == "go_on"):
            shell("true", "forth")
        with dsl.If(verdict != "go_on"):
            shell("exit 3", "back")

    ran = dry_run(pipeline, [f"word={word}"])
    assert set(ran.tasks) == {"gate", branch}
    assert ran.code == {"forth": 0, "back": 3}[branch]


@pytest.mark.parametrize(("script", "code"), [("true", 0), ("exit 4", 4), ("exit 7", 1)])
def test_exit_task_runs_whatever_happened_and_nothing_else_does(dry_run: DryRun, script: str, code: int) -> None:
    def pipeline() -> None:
        with dsl.ExitHandler(shell("echo told", "report")):
            shell("true", "late").after(shell(script, "early"))

    ran = dry_run(pipeline)
    assert ran.code == code
    assert ran.tasks["report"]["state"] == "succeeded"
    assert ran.log("report") == "told\n"
    assert ("late" in ran.tasks) is (code == 0)


def test_missing_output_parameter_is_a_failure(dry_run: DryRun) -> None:
    def pipeline() -> None:
        gate(word=forgetful().outputs["verdict"])

    ran = dry_run(pipeline)
    assert ran.states() == {"forgetful": "failed"}
    assert ran.code == 1
    assert "it wrote no output parameter verdict" in ran.tasks["forgetful"]["reason"]


def test_missing_entry_point_is_named(dry_run: DryRun) -> None:
    @dsl.container_component
    def absent() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image=IMAGE, command=["medtfxx", "node"])

    ran = dry_run(lambda: absent() and None)
    assert ran.tasks["absent"]["reason"].startswith("medtfxx: can't be started: No such file or directory")


def test_parameters_keep_their_types_on_the_way_to_a_command(dry_run: DryRun) -> None:
    @dsl.container_component
    def say(steps: int, rate: float, dry: bool) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image=IMAGE, command=["echo"], args=[steps, rate, dry])

    def pipeline(steps: int, rate: float = 0.5, dry: bool = False) -> None:
        say(steps=steps, rate=rate, dry=dry)

    assert dry_run(pipeline, ["steps=30"]).log("say") == "30 0.5 false\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["steps=3", "stps=4"], "no parameter stps; it has: steps"),
        ([], "a run needs steps; give it with --parameter steps=VALUE"),
        (["steps=many"], "--parameter steps=many: expected a whole number"),
        (["steps"], "--parameter steps: expected name=value"),
    ],
)
def test_wrong_parameter_is_told_before_anything_starts(dry_run: DryRun, tmp_path: Path, given: list[str], told: str) -> None:
    def pipeline(steps: int) -> None:
        shell("true", "one")

    with pytest.raises(ConfigError, match=told):
        dry_run(pipeline, given)
    assert not (tmp_path / "out").exists()


def test_configuration_of_this_machine_arrives_as_it_was_read(dry_run: DryRun, config_file: Path) -> None:
    def pipeline(config: str) -> None:
        gate(word=config)

    text = (dry_run(pipeline, config=config_file).folder / "outputs" / "gate" / "verdict").read_text()
    assert config_reader.parse(text, name="arrived", folder=Path("/elsewhere")) == config_reader.load(config_file)


def test_output_folder_that_cannot_be_made_is_told(compiled: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = compiled(lambda: shell("true", "one") and None)
    with pytest.raises(ConfigError, match="Not a directory; name another with --folder"):
        dry_run_command(path, Options(folder=tmp_path / "file" / "out"), as_json=False)


def test_task_that_writes_where_it_must_not_fails_with_its_own_words(dry_run: DryRun) -> None:
    ran = dry_run(lambda: shell("echo x > /proc/nowhere/file", "writer") and None)
    assert ran.states() == {"writer": "failed"}
    assert "/proc/nowhere/file" in ran.log("writer")


def test_task_sees_what_the_package_gives_and_declared_secrets_alone(dry_run: DryRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECLARED", "sesame")
    monkeypatch.setenv("OF_THIS_SHELL", "private")
    monkeypatch.delenv("UNSET_HERE", raising=False)

    def pipeline() -> None:
        task = shell("env", "look").set_env_variable("GIVEN", "by-the-package")
        kubernetes.use_secret_as_env(task, "vault", {"key": "DECLARED", "other": "UNSET_HERE"})

    ran = dry_run(pipeline)
    seen = dict(line.split("=", 1) for line in ran.log("look").splitlines())
    assert (seen["DECLARED"], seen["GIVEN"]) == ("sesame", "by-the-package")
    shells = {"_", "PWD", "OLDPWD", "SHLVL"}
    assert set(seen) - shells <= {"DECLARED", "GIVEN", "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}
    assert "note: a secret fills UNSET_HERE on the cluster; it is not set here" in ran.said
    assert "sesame" not in ran.said


def test_each_task_has_lines_of_its_own(dry_run: DryRun) -> None:
    def pipeline() -> None:
        for number in range(12):
            shell("true", f"task-{number}")

    said = dry_run(pipeline, at_once=12).said.splitlines()
    assert sum(line.endswith(" started") for line in said) == 12
    assert sum("succeeded" in line for line in said) == 12
    assert len(said) == 25


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_every_process_and_the_command_with_130(
    number: signal.Signals, compiled: Callable[..., Path], tmp_path: Path
) -> None:
    def pipeline() -> None:
        with dsl.ExitHandler(shell("true", "report")):
            for name in ("left", "right"):
                shell('sleep 60 & echo $! > "$0.new"; mv "$0.new" "$0"; wait', name, tmp_path / name)

    package, out = compiled(pipeline), tmp_path / "out"
    words = [Path(sys.executable).with_name("medtfx"), "kubeflow", "dry-run", package, "--folder", out]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        children = [pid_in(tmp_path / name, process) for name in ("left", "right")]
        process.send_signal(number)  # the command alone: its tasks are in groups of their own
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert not any(map(is_alive, children))
    assert not (out / "logs" / "report.log").exists()
    assert "Traceback" not in said


def pid_in(path: Path, process: subprocess.Popen[str]) -> int:
    """Return the process id that a task wrote, once it did."""
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.05)
    return int(path.read_text())


def is_alive(pid: int) -> bool:
    """Tell whether a process goes on for some time; a zombie, which waits for a parent that never asks, does not."""
    for _ in range(100):  # the kernel takes its time after a signal
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True
