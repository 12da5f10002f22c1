from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.serving_folder import serving_folder


def with_models(state: Root, *names: str) -> None:
    for name in names:
        state.serving(name).mkdir(parents=True)


def test_only_model_of_a_root_is_meant(root_with_runs: Root) -> None:
    with_models(root_with_runs, "demo")
    found = serving_folder(root_with_runs.path, None, None)
    assert (found.path, found.root) == (root_with_runs.path / "serving" / "demo", root_with_runs)


def test_one_of_several_models_must_be_named(root_with_runs: Root) -> None:
    with_models(root_with_runs, "chest", "skin")
    with pytest.raises(ConfigError, match=r"has pushed several models: chest, skin\. Name one with --model"):
        serving_folder(root_with_runs.path, None, None)
    assert serving_folder(root_with_runs.path, None, "skin").path.name == "skin"
    with pytest.raises(ConfigError, match=r"has pushed no model bone, but chest, skin\. Name one with --model"):
        serving_folder(root_with_runs.path, None, "bone")


def test_root_that_has_pushed_nothing_says_so(root_with_runs: Root) -> None:
    with pytest.raises(ConfigError, match="has pushed no model yet"):
        serving_folder(root_with_runs.path, None, None)


def test_only_root_below_runs_is_meant(root_with_runs: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"expected one root, found none below runs/ here\. Name it with --root"):
        serving_folder(None, None, None)
    with_models(root_with_runs, "demo")
    (tmp_path / "runs").mkdir()
    root_with_runs.path.rename(tmp_path / "runs" / "demo")
    assert serving_folder(None, None, None).path == tmp_path / "runs" / "demo" / "serving" / "demo"


def test_folder_itself_needs_no_root(tmp_path: Path) -> None:
    found = serving_folder(None, tmp_path, None)
    assert (found.path, found.root) == (tmp_path, None)
    with pytest.raises(ConfigError, match="absent: no such folder"):
        serving_folder(None, tmp_path / "absent", None)
    with pytest.raises(ConfigError, match="--serving names the folder itself"):
        serving_folder(tmp_path, tmp_path, None)
