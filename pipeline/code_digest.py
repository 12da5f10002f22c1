"""A digest of the code that a node runs, so that TFX's cache notices a change in it.

TFX keys a node's cache by inputs and parameters, not by our code (and not by its own version). The digest covers a module, every
module of this project that it imports, however far, their templates, and the versions of the libraries that compute.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "components", "models")
LIBRARIES = ("tfx", "tensorflow", "keras")


def code_digest(modules: Sequence[str]) -> str:
    """Return a SHA-256 over the sources of modules, of all that they import from this project, and library versions."""
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library}=={version(library)}\n".encode())
    for path in sorted(reachable(modules)):
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def reachable(modules: Sequence[str]) -> set[Path]:
    """Return the source files of modules and of everything that they import from this project."""
    waiting, seen = list(modules), set[Path]()
    while waiting:
        path = source_of(waiting.pop())
        if path is not None and path not in seen:
            seen.add(path)
            waiting.extend(imported(path))
    return seen


def source_of(module: str) -> Path | None:
    """Return the file of a dotted module name, None for one that is not this project's."""
    if module.split(".", maxsplit=1)[0] not in PACKAGES:
        return None
    base = PROJECT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Return the dotted names that a source file imports, wherever in the file."""
    return tuple(names_of(ast.parse(path.read_text(encoding="utf-8"))))


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a syntax tree imports; `from a import b` yields both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
