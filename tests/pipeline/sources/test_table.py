from pathlib import Path

import pytest

from pipeline.config import TableSource
from pipeline.errors import ConfigError
from pipeline.sources.table import list_table, mapped_label

COLUMNS = {"path": "file", "label": "finding", "patient_id": "pid", "sex": "gender"}
PATTERNS = {"*COVID-19*": "covid19", "No Finding": "normal"}


def table(folder: Path, text: str, **changes: object) -> TableSource:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8-sig")
    return TableSource.model_validate({"kind": "table", "path": path, "columns": COLUMNS, **changes})


def test_columns_are_mapped(tmp_path: Path) -> None:
    found = list_table(table(tmp_path, "pid,finding,file,gender,date\n7,ill,a.png,F,2020\n"))
    (entry,) = found.entries
    assert (entry.path, entry.label, entry.patient_id) == (tmp_path / "a.png", "ill", "7")
    assert entry.columns == {"sex": "F"}
    assert found.inputs == (tmp_path / "table.csv",)


def test_table_with_the_manifests_own_columns_needs_no_mapping(tmp_path: Path) -> None:
    text = "path,label,patient_id,split,patient_name,sha256\na.png,ill,7,test,Jane,00\n"
    (entry,) = list_table(table(tmp_path, text, columns={})).entries
    assert (entry.path, entry.label, entry.patient_id, entry.split) == (tmp_path / "a.png", "ill", "7", "test")
    assert entry.columns == {}  # what else stands there may name a person
    with pytest.raises(ConfigError, match="no column label; it has path, finding"):
        list_table(table(tmp_path, "path,finding\na.png,ill\n", columns={}))
    with pytest.raises(ConfigError, match="or the separator no comma"):
        list_table(table(tmp_path, "path;label\na.png;ill\n", columns={}))


def test_images_may_lie_elsewhere(tmp_path: Path) -> None:
    found = list_table(table(tmp_path, "pid,finding,file,gender\n7,ill,a.png,F\n8,ill,/abs/b.png,\n", images=tmp_path / "scans"))
    assert [entry.path for entry in found.entries] == [tmp_path / "scans/a.png", Path("/abs/b.png")]


@pytest.mark.parametrize(
    ("label", "default", "expected"),
    [
        ("COVID-19, ARDS", "other", "covid19"),
        ("No Finding", "other", "normal"),
        ("no finding", "other", "other"),
        ("SARS", None, None),
        ("", "other", None),
    ],
)
def test_first_pattern_wins_then_the_default_but_never_for_no_label(
    label: str, default: str | None, expected: str | None
) -> None:
    assert mapped_label(label, PATTERNS, default) == expected


def test_without_patterns_the_label_stands() -> None:
    assert mapped_label("any*thing", {}, "other") == "any*thing"


def test_rows_without_label_class_or_path_are_counted(tmp_path: Path) -> None:
    text = "pid,finding,file,gender\n1,COVID-19,a.png,\n2,SARS,b.png,\n3,,c.png,\n4,COVID-19,,\n5\n"
    found = list_table(table(tmp_path, text, labels=PATTERNS))
    assert len(found.entries) == 1
    assert found.skipped == {"label_not_mapped": 1, "no_label": 1, "no_path": 2}


def test_missing_column_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column file, gender; it has pid, finding, image"):
        list_table(table(tmp_path, "pid,finding,image\n7,ill,a.png\n"))


def test_row_in_place_of_the_header_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names none of file, finding, pid, gender; is the header missing") as caught:
        list_table(table(tmp_path, "MRN1,ill,Doe_Jane.png\nMRN2,ill,b.png\n"))
    assert "MRN1" not in str(caught.value)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"path": "file"}, r"source\.columns: no entry for label; it has path"),
        ({**COLUMNS, "sha256": "hash"}, "sha256 is computed from the files"),
    ],
)
def test_incomplete_mapping_is_explained(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list_table(table(tmp_path, "file,finding\na.png,ill\n", columns=columns))


@pytest.mark.parametrize("text", ["", "pid,finding,file,gender\n", "pid,finding,file,gender\n1,,a.png,F\n"])
def test_table_without_usable_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="no row with a path and a label"):
        list_table(table(tmp_path, text))


def test_missing_table_is_named(tmp_path: Path) -> None:
    source = TableSource(kind="table", path=tmp_path / "absent.csv", columns=COLUMNS)
    with pytest.raises(ConfigError, match=r"absent\.csv: No such file"):
        list_table(source)


def test_table_of_bytes_is_refused(tmp_path: Path) -> None:
    source = table(tmp_path, "x")
    source.path.write_bytes(b"pid,finding,file,gender\n\xff\xfe\n")
    with pytest.raises(ConfigError, match="not a UTF-8 CSV file"):
        list_table(source)


def test_chest_xrays_are_covid19_or_other(shared_data: Path) -> None:
    folder = shared_data / "xray/covid-chestxray"
    columns = {"path": "filename", "label": "finding", "patient_id": "patientid", "view": "view"}
    source = TableSource(
        kind="table",
        path=folder / "metadata.csv",
        images=folder / "images",
        columns=columns,
        labels=PATTERNS,
        default_label="other",
    )
    found = list_table(source)
    assert len(found.entries) == 97
    assert sum(entry.label == "covid19" for entry in found.entries) == 72
    assert len({entry.patient_id for entry in found.entries}) == 51
    assert all(entry.path.is_file() for entry in found.entries)
