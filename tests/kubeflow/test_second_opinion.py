"""Packages of cheap shell commands, run by KFP's own local runner in real containers; a whole run: e2e/test_dry_run.py."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from kfp import compiler, dsl
from kfp.dsl.pipeline_channel import PipelineParameterChannel

Root = PipelineParameterChannel
NAME = f"localhost/medtfx-second-opinion:{os.getpid()}"


@pytest.fixture(scope="module")
def script(project: Path) -> Path:
    """The command."""
    return project / "kubeflow" / "second_opinion.py"


@pytest.fixture(scope="module")
def image(load_test_module: Callable[[str], ModuleType]) -> Iterator[str]:
    """An image for containers of this machine's shell; tests skip where podman can't run one."""
    try:
        with load_test_module("mounted_image.py").mounted_image(NAME) as name:
            yield name
    except OSError as error:
        pytest.skip(f"podman runs no container here: {error}")


@dataclass(frozen=True)
class Opinion:
    """How a package was run."""

    code: int
    stdout: str
    stderr: str


def test_protobuf_and_kfp_load_after_the_variable_that_chooses_the_implementation(script: Path) -> None:
    program = """
import runpy, sys
runpy.run_path(sys.argv[1])
print(*(name for name in sys.modules if name.startswith(("google.protobuf", "kfp"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, script], cwd=script.parent.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def shell(image: str, text: str, name: str, *, root: Root) -> dsl.PipelineTask:
    """Add a task that runs a script; $0 is the pipeline's parameter `root`."""

    def component(root: str) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image=image, command=["sh", "-c", text], args=[root])

    component.__name__ = name
    return dsl.container_component(component)(root=root)


def compiled(path: Path, add_tasks: Callable[[Root], object]) -> Path:
    """Write a package with the parameter `root`."""

    @dsl.pipeline(name="cheap")
    def cheap(root: str) -> None:
        add_tasks(root)

    compiler.Compiler().compile(cheap, str(path))
    return path


def words(script: Path, package: Path, folder: Path) -> list[str]:
    return [sys.executable, str(script), str(package), "--folder", str(folder), "--mount", "/usr"]


def asked(script: Path, package: Path, folder: Path, **environment: str) -> Opinion:
    """Run the command to its end."""
    done = subprocess.run(
        words(script, package, folder),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Opinion(done.returncode, done.stdout, done.stderr)


def test_tasks_run_in_strict_containers_that_share_the_folder(script: Path, image: str, tmp_path: Path) -> None:
    def tasks(root: Root) -> None:
        first = shell(image, 'id -u > "$0.first"; touch /usr/x 2> "$0.refused" || touch /tmp/x', "first", root=root)
        shell(image, 'cat "$0.first" > "$0.second"; test ! -e /tmp/x', "second", root=root).after(first)

    folder = tmp_path / "shared"
    said = asked(script, compiled(tmp_path / "package.yaml", tasks), folder)
    assert said.code == 0, said.stdout + said.stderr
    assert (folder / "root.second").read_text() == "1000\n"
    assert "Read-only file system" in (folder / "root.refused").read_text()
    assert f"every task ended well; root {folder / 'root'}" in said.stderr
    assert said.stdout.count("finished with status") == 3


def test_task_that_fails_at_once_ends_the_command_with_1(script: Path, image: str, tmp_path: Path) -> None:
    def tasks(root: Root) -> None:
        early = shell(image, "exit 3", "early", root=root)
        shell(image, 'touch "$0.late"', "late", root=root).after(early)

    folder = tmp_path / "shared"
    said = asked(script, compiled(tmp_path / "package.yaml", tasks), folder)
    assert said.code == 1, said.stdout + said.stderr
    assert "early" in said.stderr
    assert not (folder / "root.late").exists()


def test_interrupt_leaves_neither_container_nor_service_behind(script: Path, image: str, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    package = compiled(tmp_path / "package.yaml", lambda root: shell(image, 'touch "$0.begun"; sleep 60', "slow", root=root))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # where the service's socket is
    with subprocess.Popen(words(script, package, folder), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        while not (folder / "root.begun").exists():
            assert run.poll() is None, run.communicate()
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=120)
    assert run.returncode == 130, said
    assert not list(tmp_path.glob("podman-*"))
    assert subprocess.run(["pgrep", "--full", f"unix://{tmp_path}"], capture_output=True, check=False).stdout == b""
    listing = ["podman", "ps", "--quiet", "--filter", f"ancestor={image}"]
    assert subprocess.run(listing, capture_output=True, check=True).stdout == b""


def test_image_that_is_not_here_and_cannot_be_pulled_is_told(script: Path, image: str, tmp_path: Path) -> None:
    package = compiled(tmp_path / "package.yaml", lambda root: shell("localhost:1/absent:1", "true", "one", root=root))
    said = asked(script, package, tmp_path / "shared")
    assert (said.code, "Traceback" in said.stderr) == (2, False), said.stderr
    assert "absent" in said.stderr
    assert "is the package's image here?" in said.stderr


@pytest.mark.parametrize(
    ("package", "told"),
    [("absent.yaml", "no such file; expected a package"), ("other.yaml", "not a package of Kubeflow Pipelines")],
)
def test_file_that_is_no_package_is_told(script: Path, tmp_path: Path, package: str, told: str) -> None:
    (tmp_path / "other.yaml").write_text("name: other\n")
    said = asked(script, tmp_path / package, tmp_path / "shared")
    assert (said.code, "Traceback" in said.stderr) == (2, False)
    assert told in said.stderr
    assert not (tmp_path / "shared").exists()


def test_absent_podman_and_unusable_folder_are_told(script: Path, tmp_path: Path) -> None:
    package = compiled(tmp_path / "package.yaml", lambda root: shell("busybox:1.36", "true", "one", root=root))
    said = asked(script, package, tmp_path / "shared", PATH=str(tmp_path))
    assert (said.code, said.stderr) == (2, "podman: No such file or directory: apt-get install podman runc\n")
    (tmp_path / "file").touch()
    said = asked(script, package, tmp_path / "file")
    assert said.code == 2
    assert f"--folder {tmp_path / 'file'}: " in said.stderr
