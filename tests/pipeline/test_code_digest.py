from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline import code_digest


@pytest.fixture
def small_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "models" / "training.py").write_text("def run():\n    from models import zoo\n    return zoo\n")
    (tmp_path / "models" / "zoo.py").write_text("import numpy\n")
    (tmp_path / "models" / "other.py").write_text("")
    monkeypatch.setattr(code_digest, "PROJECT", tmp_path)
    code_digest.imported.cache_clear()
    return tmp_path


@pytest.mark.usefixtures("small_project")
def test_reaches_what_is_imported_inside_functions() -> None:
    names = {path.name for path in code_digest.reachable(["models.training"])}
    assert names == {"training.py", "zoo.py", "__init__.py"}


@pytest.mark.parametrize(("file", "changes"), [("zoo.py", True), ("training.py", True), ("other.py", False)])
def test_digest_follows_the_code_that_runs(small_project: Path, file: str, changes: bool) -> None:
    before = code_digest.code_digest(["models.training"])
    path = small_project / "models" / file
    path.write_text(path.read_text() + "x = 1\n")
    code_digest.imported.cache_clear()
    assert (code_digest.code_digest(["models.training"]) != before) == changes


@pytest.mark.parametrize(("file", "changes"), [("templates/page.html", True), ("style.css", True), ("__pycache__/a.pyc", False)])
def test_digest_follows_the_templates_beside_the_code(small_project: Path, file: str, changes: bool) -> None:
    before = code_digest.code_digest(["models.training"])
    path = small_project / "models" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("<p>")
    assert (code_digest.code_digest(["models.training"]) != before) == changes


def test_digest_follows_the_library_that_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest.code_digest([])
    monkeypatch.setattr(code_digest, "version", lambda name: "0" if name == "numpy" else version(name))
    assert code_digest.code_digest([]) != before


def test_digest_of_nothing_still_names_the_libraries() -> None:
    assert code_digest.code_digest([]) != ""
    assert code_digest.code_digest([]) != code_digest.code_digest(["models.features"])
