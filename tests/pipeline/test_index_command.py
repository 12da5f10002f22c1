import csv
from pathlib import Path

import pytest
import yaml
from PIL import Image
from pydicom import dcmread

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


def dicom_command(tree: Path, folder: Path, **changes: object) -> None:
    """Index a DICOM tree with a table that labels two of its files."""
    ct, film = (dcmread(tree / name, stop_before_pixels=True) for name in ("pydicom/CT_small.dcm", "pydicom-data/RG1_J2KI.dcm"))
    (folder / "labels.csv").write_text(f"uid,finding\n{ct.StudyInstanceUID},ill\n{film.StudyInstanceUID},well\n")
    dicom = index_command.DicomOptions(folder / "labels.csv", "study_instance_uid", ("sex",))
    columns = ["key=uid", "label=finding"]
    options = {"columns": columns, "images": None, "classes": None, "dicom": dicom, **changes}
    index_command.index_command(tree, folder / "manifest.csv", **options)  # type: ignore[arg-type]


def test_dicom_tree_prints_counts_reasons_and_slices(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dicom_command(shared_data / "dicom", tmp_path)
    printed = capsys.readouterr().out
    assert "classes ill, well" in printed
    assert "skipped 17: segmentation (a segmentation of another image)" in printed
    data = yaml.safe_load(printed.split("in a configuration:", 1)[1])["data"]
    assert data == {"manifest": str(tmp_path / "manifest.csv"), "classes": ["ill", "well"], "slices": ["sex"]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dicom": index_command.DicomOptions()}, r"holds DICOM files, which carry no label.*--labels labels\.csv"),
        ({"columns": ["key=uid"]}, "--column: no entry for label"),
        ({"columns": ["key=id", "label=finding"]}, "no column id; it has uid, finding"),
    ],
)
def test_what_a_dicom_tree_lacks_is_told(shared_data: Path, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        dicom_command(shared_data / "dicom", tmp_path, **changes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"join": "patient"}, "--join: 'patient'; expected .*'patient_id'"),
        ({"slices": ("name",)}, "--slice: 'name'; expected 'sex'"),
        ({"frames": "first"}, "--frames: 'first'; expected 'one' or 'all'"),
    ],
)
def test_unknown_value_of_a_dicom_option_is_told(tmp_path: Path, options: dict[str, object], words: str) -> None:
    dicom = index_command.DicomOptions(**{"labels": tmp_path / "labels.csv", "join": "patient_id", **options})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=words):
        index_command.dicom_source(tmp_path, ["key=uid", "label=finding"], dicom)


def test_dicom_options_for_a_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "table.csv").touch()
    with pytest.raises(ConfigError, match="is a file; --labels, --join"):
        index_command.source_of(tmp_path / "table.csv", [], None, None, dicom=index_command.DicomOptions(join="patient_id"))
