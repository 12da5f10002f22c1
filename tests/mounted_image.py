"""An image of this machine's own programs, for containers of podman where no image was built: empty but for mount points."""

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.kubeflow.engine import LIMITS, PODMAN, RUNTIME

PROJECT = Path(__file__).resolve().parent.parent
LINKS = ("bin", "lib", "lib64", "sbin")  # into /usr, on every merged-/usr system
FOLDERS = ("usr", "tmp", "proc", "dev", "sys", "etc")
ENVIRONMENT = ("HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1")


def mounts() -> list[Path]:
    """Return the folders that a container of the image must be shown: the system's programs, Python and this project."""
    return [Path("/usr"), Path(sys.base_prefix).resolve(), PROJECT]


@contextmanager
def mounted_image(name: str, path: str = "/usr/bin:/bin") -> Iterator[str]:
    """Make the image, whose variable PATH is `path`, and remove it after.

    Raises:
        OSError: when podman is absent, or can't run a container of it.
    """
    changes = [word for variable in (*ENVIRONMENT, f"PATH={path}") for word in ("--change", f"ENV {variable}")]
    told(*RUNTIME, "import", *changes, "-", name, given=archive())
    try:
        told(*PODMAN, *LIMITS, "--volume", "/usr:/usr:ro", name, "/usr/bin/true")
        yield name
    finally:
        subprocess.run([*RUNTIME, "rmi", "--force", name], check=False, capture_output=True)


def archive() -> bytes:
    """Return the image's only layer."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as layer:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            layer.addfile(entry)
        for link in LINKS:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{link}"
            layer.addfile(entry)
    return content.getvalue()


def told(*words: str, given: bytes = b"") -> None:
    """Run podman, or raise what it says."""
    done = subprocess.run(words, input=given, capture_output=True, check=False, timeout=120)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip()[-300:])
