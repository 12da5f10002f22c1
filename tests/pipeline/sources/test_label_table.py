from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.config import DicomSource
from pipeline.errors import ConfigError
from pipeline.sources.label_table import CONFLICTING, Label, read_labels


def source(folder: Path, text: str, **changes: object) -> DicomSource:
    (folder / "labels.csv").write_text(text, encoding="utf-8-sig")
    settings = {"kind": "dicom", "path": folder, "table": folder / "labels.csv", "join": "patient_id"}
    return DicomSource.model_validate({**settings, "columns": {"key": "pid", "label": "finding"}, **changes})


def test_rows_become_labels_by_key(tmp_path: Path) -> None:
    labels = read_labels(source(tmp_path, "finding,pid,date\nill, 7 ,2020\n,8,\nwell,,\n"))
    assert labels == {"7": Label("ill"), "8": Label(skip="no_label")}


def test_split_column_is_taken(tmp_path: Path) -> None:
    columns = {"key": "pid", "label": "finding", "split": "part"}
    assert read_labels(source(tmp_path, "finding,pid,part\nill,7,test\n", columns=columns)) == {"7": Label("ill", "test")}


def test_rows_that_repeat_each_other_count_once_and_those_that_disagree_not_at_all(tmp_path: Path) -> None:
    labels = read_labels(source(tmp_path, "finding,pid\nill,7\nill,7\nill,8\nwell,8\nill,8\n"))
    assert labels == {"7": Label("ill"), "8": CONFLICTING}


def test_patterns_map_labels_and_what_none_fits_is_told_apart(tmp_path: Path) -> None:
    patterns = {"*pneumo*": "ill"}
    text = "finding,pid\npneumonia,7\nfracture,8\n"
    assert read_labels(source(tmp_path, text, labels=patterns)) == {"7": Label("ill"), "8": Label(skip="label_not_mapped")}
    assert read_labels(source(tmp_path, text, labels=patterns, default_label="well"))["8"] == Label("well")


def test_missing_table_column_and_key_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column pid; it has finding, uid"):
        read_labels(source(tmp_path, "finding,uid\nill,7\n"))
    with pytest.raises(ConfigError, match="no row with a pid; expected one per patient_id"):
        read_labels(source(tmp_path, "finding,pid\nill,\n"))
    with pytest.raises(ConfigError, match="No such file"):
        read_labels(source(tmp_path, "").model_copy(update={"table": tmp_path / "none.csv"}))


def test_mapping_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="no entry for key"):
        source(tmp_path, "", columns={"label": "finding"})
