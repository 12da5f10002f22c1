"""A digest of the code that a node runs, so that TFX's cache notices a change in it.

TFX keys a node's cache by inputs and parameters, not by our code (and not by its own version). The digest covers a module, every
module of this project that it imports, however far, what else lies in their folders (templates, styles), and the versions of the
libraries that compute.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "components", "models", "serving")
COMPUTING = ("tfx", "tensorflow", "keras", "numpy", "scikit-learn", "tensorflow-transform", "tensorflow-model-analysis")
DECODING = ("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "pyjpegls", "python-gdcm", "nibabel", "pillow")
LIBRARIES = (*COMPUTING, *DECODING)
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<module>[\w.]+)[ \t]+)?import[ \t]+(?P<names>\([^)]*\)|[^\n]+)",
    re.MULTILINE,
)
COMMENT = re.compile("#.*")


def code_digest(modules: Sequence[str]) -> str:
    """Return a SHA-256 over modules, all that they import from this project, the files beside them, and library versions."""
    digest = hashlib.sha256(library_versions())
    sources = reachable(modules)
    for path in sorted(sources | beside(sources)):
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(file_digest(path))
    return digest.hexdigest()


@cache
def library_versions() -> bytes:
    """Return names and versions of the libraries that compute, a line each."""
    return "".join(f"{library}=={version(library)}\n" for library in LIBRARIES).encode()


def reachable(modules: Sequence[str]) -> set[Path]:
    """Return the source files of modules and of everything that they import from this project."""
    waiting, seen = list(modules), set[Path]()
    while waiting:
        path = source_of(waiting.pop())
        if path is not None and path not in seen:
            seen.add(path)
            waiting.extend(imported(path))
    return seen


def beside(sources: Iterable[Path]) -> set[Path]:
    """Return what is no Python in the folders of source files and in folders below them that are no packages."""
    found, waiting = set[Path](), list({path.parent for path in sources})
    while waiting:
        for entry in waiting.pop().iterdir():
            if entry.name.startswith((".", "__pycache__")):
                continue
            if entry.is_dir() and not any(entry.glob("*.py")):
                waiting.append(entry)
            elif entry.is_file() and entry.suffix != ".py":
                found.add(entry)
    return found


@cache
def source_of(module: str) -> Path | None:
    """Return the file of a dotted module name, None for one that is not this project's."""
    if module.split(".", maxsplit=1)[0] not in PACKAGES:
        return None
    base = PROJECT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a source file imports, wherever in the file."""
    return tuple(names_of(path.read_text(encoding="utf-8")))


def names_of(source: str) -> Iterator[str]:
    """Yield the modules that a source text imports; `from a import b` yields both a and a.b.

    By its lines: to parse the files of a run takes half a second. An example in a docstring counts as well, which does no harm.
    """
    for found in IMPORT.finditer(source):
        names = [name.split()[0] for name in COMMENT.sub("", found["names"]).strip("()").split(",") if name.strip()]
        if found["module"]:
            yield found["module"]
            yield from (f"{found['module']}.{name}" for name in names)
        else:
            yield from names


@cache
def file_digest(path: Path) -> bytes:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).digest()
