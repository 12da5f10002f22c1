import pytest

from models.canonical_image import CanonicalSpec
from models.model_facts import ModelFacts, write_facts
from models.rendering.settings import RenderSettings
from pipeline.errors import ConfigError
from serving.client.rendering_file import IN_AN_EXPORT, read_rendering


def test_settings_of_an_export_come_from_its_folder_or_its_file(tmp_path):
    settings = RenderSettings(((40.0, 400.0),), "maximum", "accept", (0, 4095))
    write_facts(ModelFacts(CanonicalSpec(), ("a", "b"), "float32", settings), tmp_path)
    assert read_rendering(tmp_path) == read_rendering(tmp_path / IN_AN_EXPORT) == settings


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"rendering": {}}', '{"rendering": {"windows": [1]}}', "\xff"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "model.json").write_text(content, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"rendering: model\.json names no rendering; expected assets\.extra/model\.json"):
        read_rendering(tmp_path / "model.json")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"rendering: model\.json can't be read: No such file"):
        read_rendering(tmp_path)
