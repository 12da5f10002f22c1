import ast
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline import code_digest


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What a test makes of places and versions is its own."""
    yield
    forget()


@pytest.fixture
def small_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "models" / "training.py").write_text("def run():\n    from models import zoo\n    return zoo\n")
    (tmp_path / "models" / "zoo.py").write_text("import numpy\n")
    (tmp_path / "models" / "other.py").write_text("")
    monkeypatch.setattr(code_digest, "PROJECT", tmp_path)
    forget()
    return tmp_path


def forget() -> None:
    """Read files anew, as another process would."""
    for remembering in (code_digest.library_versions, code_digest.source_of, code_digest.imported, code_digest.file_digest):
        remembering.cache_clear()


def names_in_the_tree(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_import_of_this_project_is_missed(project: Path) -> None:
    sources = [path.read_text() for package in code_digest.PACKAGES for path in (project / package).rglob("*.py")]
    assert len(sources) > 200
    for source in sources:
        assert set(names_in_the_tree(source)) <= set(code_digest.names_of(source))


def test_import_over_several_lines_is_read_without_its_comments() -> None:
    source = (
        "from models import (  # of all\n    zoo,  # a, b\n    export as other,\n)\n\timport numpy as np, os\nfrommodels = 1\n"
    )
    assert list(code_digest.names_of(source)) == ["models", "models.zoo", "models.export", "numpy", "os"]


@pytest.mark.usefixtures("small_project")
def test_reaches_what_is_imported_inside_functions() -> None:
    names = {path.name for path in code_digest.reachable(["models.training"])}
    assert names == {"training.py", "zoo.py", "__init__.py"}


@pytest.mark.parametrize(("file", "changes"), [("zoo.py", True), ("training.py", True), ("other.py", False)])
def test_digest_follows_the_code_that_runs(small_project: Path, file: str, changes: bool) -> None:
    before = code_digest.code_digest(["models.training"])
    path = small_project / "models" / file
    path.write_text(path.read_text() + "x = 1\n")
    forget()
    assert (code_digest.code_digest(["models.training"]) != before) == changes


@pytest.mark.parametrize(("file", "changes"), [("templates/page.html", True), ("style.css", True), ("__pycache__/a.pyc", False)])
def test_digest_follows_the_templates_beside_the_code(small_project: Path, file: str, changes: bool) -> None:
    before = code_digest.code_digest(["models.training"])
    path = small_project / "models" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("<p>")
    forget()
    assert (code_digest.code_digest(["models.training"]) != before) == changes


def test_digest_follows_the_library_that_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest.code_digest([])
    monkeypatch.setattr(code_digest, "version", lambda name: "0" if name == "numpy" else version(name))
    forget()
    assert code_digest.code_digest([]) != before


def test_digest_of_nothing_still_names_the_libraries() -> None:
    assert code_digest.code_digest([]) != ""
    assert code_digest.code_digest([]) != code_digest.code_digest(["models.features"])
