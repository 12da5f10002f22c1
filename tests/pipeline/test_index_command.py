import csv
from pathlib import Path

import pytest
import yaml
from PIL import Image

from components.image_example_gen import pseudonym
from pipeline import index_command
from pipeline.config import ClassFolderSource, MedmnistSource, TableSource
from pipeline.errors import ConfigError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for number, name in enumerate(("ill, severely", "normal")):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("L", (16, 16), 50 * number + 20).save(tmp_path / "images" / name / "a.png")
    return tmp_path / "images"


def test_class_folders_become_a_manifest_and_a_line_for_the_configuration(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = folders.parent / "manifest.csv"
    index_command.index_command(folders, manifest, columns=[], images=None, classes=None)
    printed = capsys.readouterr().out
    assert "2 images of 2 patients, classes ill, severely, normal" in printed
    data = yaml.safe_load(printed.split("in a configuration:", 1)[1])["data"]
    assert data == {"manifest": str(manifest), "classes": ["ill, severely", "normal"], "patient": "unknown"}
    assert manifest.read_text().splitlines()[0].startswith("path,label,patient_id")


def test_absent_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        index_command.index_command(tmp_path / "absent", tmp_path / "m.csv", columns=[], images=None, classes=None)


def test_kind_of_source_follows_from_the_path(tmp_path: Path) -> None:
    assert isinstance(index_command.source_of(tmp_path, [], None, None), ClassFolderSource)
    assert isinstance(index_command.source_of(tmp_path / "a.npz", [], None, "a,b"), MedmnistSource)
    assert isinstance(index_command.source_of(tmp_path / "a.csv", ["path=file"], None, None), TableSource)


def test_npz_needs_class_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--classes normal,pneumonia"):
        index_command.source_of(tmp_path / "a.npz", [], None, None)


def test_malformed_column_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected NAME=COLUMN"):
        index_command.source_of(tmp_path / "a.csv", ["filename"], None, None)


def test_which_turns_a_hash_back_into_a_path(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = folders.parent / "manifest.csv"
    index_command.index_command(folders, manifest, columns=[], images=None, classes=None)
    pseudonym.make_key_file(folders.parent / "pseudonym.key")
    key = pseudonym.load_key(folders.parent / "pseudonym.key")
    path = next(csv.DictReader(manifest.read_text().splitlines()))["path"]
    capsys.readouterr()
    index_command.which_command(pseudonym.Pseudonymizer(key).image(path)[:12], manifest, None)
    assert capsys.readouterr().out == f"row 1: {path}\n"
    with pytest.raises(ConfigError, match=r"no file of .* has this hash.*--key-file"):
        index_command.which_command("0" * 12, manifest, None)


def test_which_without_a_key_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pseudonym\.key: No such file or directory\. .*--key-file"):
        index_command.which_command("0" * 12, tmp_path / "manifest.csv", None)
