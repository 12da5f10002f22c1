import ast
import importlib.metadata
from pathlib import Path

TOP_LEVEL = ("pipeline", "components", "models", "schema", "serving")


def listed_packages(project: Path) -> list[str]:
    tree = ast.parse((project / "setup.py").read_text())
    (assigned,) = (node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "PACKAGES")  # type: ignore[attr-defined]
    return list(ast.literal_eval(assigned.value))


def test_every_package_is_listed(project: Path) -> None:
    found = {
        path.parent.relative_to(project).as_posix().replace("/", ".")
        for top in TOP_LEVEL
        for path in (project / top).rglob("__init__.py")
    }
    assert sorted({*found, "schema"}) == listed_packages(project)


def test_no_other_distribution_owns_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    for name in (*TOP_LEVEL, "bench"):
        assert set(owners.get(name, [])) <= {"medtfx"}, name
