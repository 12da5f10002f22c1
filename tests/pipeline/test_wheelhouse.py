"""A real bundle of the project with a lock of five small packages: made once with pip, then used without a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import bundle, environment, wheelhouse
from pipeline.requirements_lock import blocks, hashes, locked, requirement
from pipeline.setup_command import SetupError

FEW = (*environment.INSTALLERS, "idna", "pyfarmhash")  # pyfarmhash has no wheel on the index
NO_NETWORK = [shutil.which("unshare") or "unshare", "--map-root-user", "--net"]
BUILD = "import sys; from pathlib import Path; from pipeline import wheelhouse as w; print(w.build(*map(Path, sys.argv[1:])))"


def without_network(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a network namespace that has no way out."""
    environ = {**os.environ, **variables}
    return subprocess.run([*NO_NETWORK, *words], cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def checkout(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a short lock."""
    if shutil.which("unshare") is None or without_network("true", cwd=project).returncode:
        pytest.skip("no namespaces here: unshare needs root, or user namespaces")
    folder = tmp_path_factory.mktemp("checkout")
    for name in wheelhouse.PROJECT_FILES:
        (shutil.copytree if (project / name).is_dir() else shutil.copy)(project / name, folder / name)
    (folder / "requirements.lock").write_text(locked((project / "requirements.lock").read_text(), FEW))
    return folder


@pytest.fixture(scope="module")
def made(checkout: Path) -> tuple[Path, str]:
    """A bundle, and the SHA-256 of its record."""
    try:
        return checkout / "build", wheelhouse.build(checkout, checkout / "build")
    except SetupError as error:
        if "No package index answers" in str(error):
            pytest.skip("no package index answers here")
        raise


@pytest.fixture
def copy(made: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    return Path(shutil.copytree(made[0], tmp_path / "copy"))


def test_marker_of_another_system_leaves_a_pin_out() -> None:
    lock = "pywin32==312 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\nidna==3.20 \\\n    --hash=sha256:bb\n"
    assert [pin.name for pin in wheelhouse.pins_of(lock, "")] == ["idna==3.20"]


def test_own_lock_names_exactly_the_wheels(made: tuple[Path, str]) -> None:
    pins = blocks((made[0] / "requirements.lock").read_text())
    assert [requirement(pin).split("==")[0] for pin in pins] == sorted(FEW)
    held = {bundle.sha256_of(wheel) for wheel in (made[0] / "wheels").glob("*.whl")}
    assert [len(hashes(pin)) for pin in pins] == [1] * len(FEW)
    assert held == frozenset().union(*map(hashes, pins))


def test_what_has_no_wheel_is_built(made: tuple[Path, str]) -> None:
    assert list((made[0] / "wheels").glob("pyfarmhash-*.whl"))
    assert not list((made[0] / "wheels").glob("*.tar.gz"))


def test_second_run_fetches_nothing_and_changes_nothing(checkout: Path, made: tuple[Path, str]) -> None:
    done = without_network(sys.executable, "-c", BUILD, str(checkout), str(made[0]), cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert "0 to fetch" in done.stdout
    assert done.stdout.splitlines()[-1] == made[1]


def test_damaged_wheel_alone_is_fetched_again(checkout: Path, copy: Path) -> None:
    (wheel,) = (copy / "wheels").glob("idna-*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-1])
    done = without_network(
        sys.executable, "-c", BUILD, str(checkout), str(copy), cwd=checkout, PIP_RETRIES="1", PIP_NO_CACHE_DIR="1"
    )
    assert "4 of 5 files are there, 1 to fetch" in done.stdout
    assert "SetupError: No package index answers" in done.stderr
    assert len(list((copy / "wheels").glob("*.whl"))) == 4


def test_wheels_of_another_python_are_not_mixed_in(checkout: Path, copy: Path) -> None:
    (copy / "wheels/built-for.json").write_text('{"python": "3.9", "platform": "linux-x86_64"}')
    with pytest.raises(SetupError, match=r"is for Python 3\.9 on linux-x86_64; this is"):
        wheelhouse.build(checkout, copy)


def test_bundle_of_a_bundle_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="already"):
        wheelhouse.build(copy, tmp_path / "again")


def test_environment_is_made_without_network_and_without_compiler(copy: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    python = str(Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}"))  # on an older system, with its older glibc
    done = without_network(python, "-m", "pipeline.environment", cwd=copy, PATH=str(tools), UV_CACHE_DIR=str(tmp_path / "uv"))
    assert done.returncode == 0, done.stdout + done.stderr
    asked = "import farmhash, idna, pipeline; print(farmhash.hash32('a'), pipeline.__file__)"
    said = subprocess.run(
        [copy / ".venv/bin/python", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert re.fullmatch(rf"\d+ {re.escape(str(copy))}/pipeline/__init__\.py", said.strip())


@pytest.mark.parametrize("option", [[], ["--verify"]])
def test_spoilt_bundle_is_refused_before_anything_is_made(copy: Path, option: list[str]) -> None:
    (wheel,) = (copy / "wheels").glob("idna-*.whl")
    wheel.write_bytes(b"")
    (lost,) = (copy / "wheels").glob("pyfarmhash-*.whl")
    lost.unlink()
    done = without_network(sys.executable, "-m", "pipeline.environment", *option, cwd=copy)
    assert done.returncode == 1
    assert f"damaged: wheels/{wheel.name}" in done.stderr
    assert f"missing: wheels/{lost.name}" in done.stderr
    assert not (copy / ".venv").exists()


def test_set_up_leaves_the_bundle_whole(made: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert environment.main([str(made[0]), "--verify"]) == 0
    assert "files are as they were written" in capsys.readouterr().out
