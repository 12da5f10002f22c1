"""Write an offline bundle (pipeline/bundle.py): `python -m pipeline.wheelhouse build/wheelhouse`, in a ready environment.

pip downloads from what its configuration here names, and holds every file against requirements.lock. Packages that have
no wheel are built here, for the other machine has no compiler. What is there with the right SHA-256 is not fetched again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from pipeline import bundle, c_library
from pipeline.requirements_lock import blocks, hashes, requirement, written
from pipeline.setup_command import SetupError, cause, failed, run, say, surroundings

PROJECT_FILES = (
    ".dockerignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "components", "configs", "kubeflow",
    "models", "pipeline", "pyproject.toml", "schema", "serving", "setup.py",
)  # fmt: skip
INSTALL = "kubeflow/offline.md"
BATCH = 8  # files that a download which is cut off may lose
REPORT_SECONDS = 10
DATE_OF_BUILDS = "315532800"  # 1980, the first that a zip file can hold: equal sources give equal wheels


@dataclass(frozen=True)
class Pin:
    """A distribution that this machine takes from the lock: `name==version`, and the SHA-256 of files that will do."""

    name: str
    block: str
    accepted: frozenset[str]


@dataclass
class Folder:
    """The bundle in the making, and what it has of the lock already."""

    path: Path
    held: dict[str, Path] = field(default_factory=dict)

    @property
    def wheels(self) -> Path:
        """Where the wheels lie."""
        return self.path / bundle.WHEELS

    @property
    def partial(self) -> Path:
        """Where files lie until they are whole: on the bundle's own disk, so that a move is one rename."""
        return self.path / ".partial"

    def add(self, wheel: Path) -> None:
        """Take in a whole wheel."""
        place = wheel.replace(self.wheels / wheel.name)
        self.held[bundle.sha256_of(place)] = place

    def megabytes(self) -> int:
        """Return what has arrived, the files on their way included."""
        return sum(path.stat().st_size for path in self.path.rglob("*.whl") if path.exists()) // 1_000_000


def say_of(text: str) -> None:
    """Print one line of progress."""
    say(text, speaker="wheelhouse")


def pins_of(lock: str, own_lock: str) -> list[Pin]:
    """Return what this interpreter takes from a lock.

    Args:
        lock: the project's.
        own_lock: that of an earlier, finished bundle in the same place, '' if none: it knows the wheels that were built.
    """
    built = {requirement(block): hashes(block) for block in blocks(own_lock)}
    found = []
    for block in blocks(lock):
        wanted = Requirement(requirement(block))
        if wanted.marker is None or wanted.marker.evaluate():
            name = f"{wanted.name}{wanted.specifier}"
            found.append(Pin(name, block, hashes(block) | built.get(name, frozenset())))
    return found


def opened(path: Path, pins: Sequence[Pin]) -> Folder:
    """Return a bundle's folder with what an earlier `make wheelhouse` left in it and a pin still wants.

    Raises:
        SetupError: where it is of another Python or machine.
    """
    folder = Folder(path)
    shutil.rmtree(folder.partial, ignore_errors=True)
    for place in (folder.wheels, folder.partial):
        place.mkdir(parents=True, exist_ok=True)
    earlier = bundle.target_of(folder.wheels)
    if earlier not in (None, bundle.Target.here()):
        raise SetupError(f"{path} is for {earlier}; this is {bundle.Target.here()}. Move it away, or remove it.")
    bundle.write_target(folder.wheels)
    accepted = frozenset[str]().union(*(pin.accepted for pin in pins))
    for wheel in sorted(folder.wheels.glob("*.whl")):
        digest = bundle.sha256_of(wheel)
        if digest in accepted:
            folder.held[digest] = wheel
        else:
            wheel.unlink()  # damaged, or of an earlier lock
    return folder


def lacking(pins: Sequence[Pin], folder: Folder) -> list[Pin]:
    """Return the pins for which no file is there."""
    return [pin for pin in pins if not pin.accepted & folder.held.keys()]


def batches(pins: Sequence[Pin]) -> Iterator[Sequence[Pin]]:
    """Yield the pins in portions of one download each."""
    return (pins[start : start + BATCH] for start in range(0, len(pins), BATCH))


def download_command(pins: Path, into: Path) -> list[str]:
    """Return pip's command line that downloads exactly the files of a list of pins."""
    exact = ["--no-deps", "--require-hashes", "--no-build-isolation"]
    return [
        sys.executable,
        "-m",
        "pip",
        "download",
        *exact,
        "--progress-bar",
        "off",
        "--dest",
        str(into),
        "--requirement",
        str(pins),
    ]


def watched(command: Sequence[str], environment: Mapping[str, str], folder: Folder, total: int) -> None:
    """Run a command and say every few seconds what has arrived; raise SetupError when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as child:
            while True:
                try:
                    child.wait(REPORT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    say_of(f"{len(folder.held)} of {total} files, {folder.megabytes()} MB")
        if child.returncode:
            output.seek(0)
            raise failed(command, output.read())


def download(pins: Sequence[Pin], folder: Folder, total: int) -> list[Path]:
    """Download the files of some pins and return them; pip's own scratch files lie beside the bundle too."""
    wanted, arrived = folder.partial / "pins.txt", folder.partial / "arrived"
    wanted.write_text("\n".join(pin.block for pin in pins) + "\n")
    watched(download_command(wanted, arrived), {**surroundings(), "TMPDIR": str(folder.partial)}, folder, total)
    return sorted(arrived.iterdir())


def built(source: Path, folder: Folder) -> Path:
    """Build the wheel of a source distribution and return it."""
    say_of(f"building {source.name}")
    into = folder.partial / "built"
    uv = [
        str(Path(sys.executable).with_name("uv")),
        "build",
        "--wheel",
        "--offline",
        "--no-build-isolation",
        "--python",
        sys.executable,
    ]
    run(["env", f"SOURCE_DATE_EPOCH={DATE_OF_BUILDS}", *uv, "--out-dir", str(into), str(source)])
    (wheel,) = into.glob("*.whl")
    source.unlink()
    return wheel


def fetch_wheels(pins: Sequence[Pin], folder: Folder) -> None:
    """Bring every wheel that is lacking into the bundle; after each portion what has arrived is kept."""
    missing = lacking(pins, folder)
    say_of(f"{len(pins) - len(missing)} of {len(pins)} files are there, {len(missing)} to fetch")
    for some in batches(missing):
        for file in download(some, folder, len(pins)):
            folder.add(file if file.suffix == ".whl" else built(file, folder))
        say_of(f"{len(folder.held)} of {len(pins)} files, {folder.megabytes()} MB")


def own_lock(folder: Folder) -> str:
    """Return the lock of a bundle: exactly its files."""
    parsed = {digest: parse_wheel_filename(wheel.name) for digest, wheel in folder.held.items()}
    return written(sorted((f"{name}=={version}", digest) for digest, (name, version, _, _) in parsed.items()))


def copy_project(project: Path, folder: Folder) -> None:
    """Copy the project into its bundle, in place of an earlier copy."""
    for name in PROJECT_FILES:
        source, place = project / name, folder.path / name
        if source.is_dir():
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, place)
    shutil.copy2(project / INSTALL, folder.path / "INSTALL.md")


def add_c_library(folder: Folder) -> None:
    """Put the C library for older systems into the bundle: that of this environment, or the next release's."""
    place = folder.path / bundle.C_LIBRARY
    if place.is_dir():
        return
    if c_library.family():
        say_of("the C library for systems whose glibc is older than 2.39")
        arrived, own = folder.partial / bundle.C_LIBRARY, Path(sys.prefix) / bundle.C_LIBRARY
        if own.is_dir():
            shutil.copytree(own, arrived)
        else:
            c_library.fetch(arrived)
        arrived.replace(place)
    else:
        say_of("this system has no apt, so the bundle holds no C library: it serves systems with glibc 2.39 or newer alone")


def contents(folder: Folder) -> list[Path]:
    """Return the files that a bundle is made of; what a set-up inside it has left is none of them."""
    tops = [*PROJECT_FILES, "INSTALL.md", "requirements.lock", bundle.WHEELS, bundle.C_LIBRARY]
    files = [path for top in tops for path in (folder.path / top, *(folder.path / top).rglob("*"))]
    return [path for path in files if path.is_file() and "__pycache__" not in path.parts]


def build(project: Path, path: Path) -> str:
    """Write or complete the bundle of a project and return the SHA-256 of its SHA256SUMS.

    Raises:
        SetupError: where a download or a build fails, or the folder is not one for this Python.
    """
    if bundle.is_bundle(project):
        raise SetupError("this is an offline bundle already: copy its folder")
    own = path / "requirements.lock"
    pins = pins_of((project / "requirements.lock").read_text(), own.read_text() if own.exists() else "")
    folder = opened(path, pins)
    fetch_wheels(pins, folder)
    copy_project(project, folder)
    add_c_library(folder)
    own.write_text(own_lock(folder))
    shutil.rmtree(folder.partial)
    return bundle.write_checksums(path, contents(folder))


def main(arguments: Sequence[str]) -> int:
    """Write the bundle into the folder named; return 0, 1 after saying what failed, or 130 when interrupted."""
    path = Path(arguments[0])
    try:
        digest = build(Path(__file__).resolve().parent.parent, path)
    except KeyboardInterrupt:
        print("wheelhouse: stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except (SetupError, OSError) as error:
        advice = cause(str(error)) if isinstance(error, OSError) else ""  # a SetupError has its own
        print(f"wheelhouse: {advice}{error}", file=sys.stderr)
        return 1
    say_of(f"{path} is whole, for {bundle.Target.here()}; INSTALL.md in it tells how to carry and use it")
    say_of(f"sha256 of its {bundle.CHECKSUMS}: {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
