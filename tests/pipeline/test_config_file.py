import shutil
from pathlib import Path

import pytest

from pipeline import config_file
from pipeline.errors import ConfigError

TEXT = """
name: small
data:
  manifest: data/manifest.csv
  classes: [normal, ill]
evaluation:
  thresholds: [{metric: auc, at_least: 0.9}]
gate: {rules: []}
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return path


def test_relative_paths_start_at_the_configuration(written: Path) -> None:
    assert config_file.load(written).data.manifest == written.parent / "data" / "manifest.csv"


def test_relative_path_of_an_override_starts_there_too(written: Path) -> None:
    assert config_file.load(written, ["data.manifest=other.csv"]).data.manifest == written.parent / "other.csv"


@pytest.fixture
def unreadable(open_folder: Path) -> Path:
    path = open_folder / "closed.yaml"
    path.write_text(TEXT)
    path.chmod(0)
    return path


def test_file_without_the_right_to_read_is_told(unreadable: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match=r"closed\.yaml: Permission denied; expected a run configuration"):
        config_file.load(unreadable)


def test_override_is_read_as_yaml(written: Path) -> None:
    config = config_file.load(written, ["training.steps=30", "data.slices=[sex, site]"])
    assert config.training.steps == 30
    assert config.data.slices == ("sex", "site")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.stepz=3", r"training\.stepz: unknown key; known here: .*steps"),
        ("training.steps=few", r"training\.steps: 'few'; expected a valid integer"),
        ("training.steps=0", r"training\.steps: 0; expected greater than or equal to 1"),
        ("training.model=vgg", r"training\.model: 'vgg'; expected 'article_cnn' or 'compact_resnet'"),
        ("training", "expected key=value"),
        ("name.sub=1", "name has no keys below it"),
        ("data.source={kind: demo, patientz: 3}", r"data\.source\.patientz: unknown key"),
        ("data.source={kind: tarball}", r"data\.source: .*expected"),
        ("training.steps=[", "not valid YAML"),
    ],
)
def test_wrong_override_names_key_and_value(written: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_file.load(written, [override])


def test_all_mistakes_are_told_at_once(written: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config_file.load(written, ["training.stepz=3", "image.size=7"])
    assert "training.stepz" in str(caught.value)
    assert "image.size" in str(caught.value)


def test_missing_key_is_named(written: Path) -> None:
    written.write_text(TEXT.replace("  classes: [normal, ill]\n", ""))
    with pytest.raises(ConfigError, match=r"data\.classes: missing"):
        config_file.load(written)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config_file.load(tmp_path / "absent.yaml")


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text"])
def test_file_without_keys_is_refused(written: Path, text: str) -> None:
    written.write_text(text)
    with pytest.raises(ConfigError, match="expected keys such as"):
        config_file.load(written)


def test_broken_yaml_is_refused(written: Path) -> None:
    written.write_text("name: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        config_file.load(written)


def test_environment_fills_a_path(written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDTFX_DATA", str(tmp_path / "elsewhere"))
    written.write_text(TEXT.replace("data/manifest.csv", "${MEDTFX_DATA}/m.csv"))
    assert config_file.load(written).data.manifest == tmp_path / "elsewhere" / "m.csv"


def test_unset_variable_is_named(written: Path) -> None:
    written.write_text(TEXT.replace("data/manifest.csv", "${NO_SUCH_PLACE}/m.csv"))
    with pytest.raises(ConfigError, match=r"NO_SUCH_PLACE. is not set"):
        config_file.load(written)


@pytest.mark.parametrize("name", ["demo", "pneumoniamnist", "chest_xray", "article"])
def test_shipped_configuration_is_valid(project: Path, name: str) -> None:
    config = config_file.load(project / "configs" / f"{name}.yaml")
    assert config.name == name
    assert config.expect


def test_article_trains_as_the_recipe_says(project: Path) -> None:
    training = config_file.load(project / "configs" / "article.yaml").training
    changes = training.augmentation
    assert (changes.rotation_degrees, changes.zoom, changes.intensity, changes.flip) == (15, 0.1, 0, "none")
    assert training.class_weights == "none"


def test_model_server_is_a_program_of_configuration_or_environment(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(config_file.MODEL_SERVER, raising=False)
    assert config_file.model_server(config_file.load(written)) == ""
    monkeypatch.setenv(config_file.MODEL_SERVER, "sh")
    assert config_file.model_server(config_file.load(written)) == shutil.which("sh")
    named = config_file.load(written, ["serving.model_server=/bin/cat"])
    assert config_file.model_server(named) == "/bin/cat"


@pytest.mark.parametrize(("overrides", "place"), [(["serving.model_server=absent"], "serving.model_server"), ([], "TENSORFLOW")])
def test_model_server_that_is_no_program_is_told(
    written: Path, overrides: list[str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(config_file.MODEL_SERVER, "absent")
    with pytest.raises(ConfigError, match=rf"{place}.*absent: no such program"):
        config_file.model_server(config_file.load(written, overrides))
