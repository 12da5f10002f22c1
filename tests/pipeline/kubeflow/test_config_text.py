import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.kubeflow.config_text import text_of, unshared_paths, words_of

TREE = {
    "name": "demo",
    "data": {"manifest": "/mnt/medtfx/manifest.csv", "classes": ["ill", "well"]},
    "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.8}]},
    "gate": {"rules": []},
    "kubeflow": {"image": "medtfx:1", "volumes": [{"claim": "medtfx", "path": "/mnt/medtfx"}]},
}
WORDS = st.text(st.characters(exclude_characters="{", codec="utf-8"))
TREES = st.dictionaries(WORDS, st.recursive(WORDS | st.integers() | st.booleans() | st.none(), st.lists, max_leaves=5))


@given(TREES)
def test_text_is_one_line_that_gives_the_tree_back(tree: dict[str, object]) -> None:
    text = text_of(tree)
    assert text.splitlines() == [text]
    assert json.loads(text) == tree


def test_date_without_quotes_is_told() -> None:
    with pytest.raises(ConfigError, match="Put dates and the like in quotes"):
        text_of({"name": datetime.date(2026, 1, 2)})


@pytest.mark.parametrize("tree", [{"{{a": 1}, {"a": ["x{{$.b}}"]}, {"a": {"b": [{"c": "{{"}]}}])
def test_placeholder_of_kfp_is_refused_wherever_it_stands(tree: dict[str, object]) -> None:
    assert any("{{" in word for word in words_of(tree))
    with pytest.raises(ConfigError, match=r"holds '\{\{'"):
        text_of(tree)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"exclude": "/home/me/out.txt"}, "data.exclude: /home/me/out.txt: lies in no volume"),
        ({"exclude": "/mnt/medtfx-other/out.txt"}, "data.exclude"),
        ({"exclude": "${SECRETS}/out.txt"}, None),
        ({"source": {"kind": "folder", "path": "/scans"}}, "data.source.path: /scans"),
    ],
)
def test_path_that_no_volume_holds_is_told_by_its_key(change: dict[str, object], told: str | None) -> None:
    tree = {**TREE, "data": {**TREE["data"], **change}}  # type: ignore[dict-item]
    lines = unshared_paths(tree, Config.model_validate(TREE))
    assert len(lines) == (0 if told is None else 1)
    assert all(line.startswith(told or "") for line in lines)
