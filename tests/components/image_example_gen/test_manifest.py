import csv
import hashlib
import os
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen.manifest import ManifestRow, digest, files_stamp, iterate_manifest, read_manifest, rows_at
from pipeline.errors import ConfigError


def manifest(folder: Path, text: str | bytes) -> Path:
    path = folder / "manifest.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_columns_find_their_place(tmp_path: Path) -> None:
    text = "site,patient_id,label,path,sha256,split\n north ,P1 , ill,a b.png,AB12,test\n"
    (row,) = read_manifest(manifest(tmp_path, text), slices=("site",))
    assert row == ManifestRow(1, "a b.png", "ill", "P1", "test", "ab12", {"site": " north "})


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    rows = read_manifest(manifest(tmp_path, b"\xef\xbb\xbfpath,label,patient_id\r\na.png,ill,1\r\n"))
    assert rows[0].path == "a.png"


def test_odd_file_names_survive(tmp_path: Path) -> None:
    rows = read_manifest(manifest(tmp_path, 'path,label,patient_id\n"a, ""b""\nü\t.png",ill,1\n/abs/ß.png,well,2\n'))
    assert [row.path for row in rows] == ['a, "b"\nü\t.png', "/abs/ß.png"]


def test_empty_lines_do_not_count(tmp_path: Path) -> None:
    rows = read_manifest(manifest(tmp_path, "path,label,patient_id\n\na.png,ill,1\n\nb.png,well,2\n\n"))
    assert [(row.row, row.path) for row in rows] == [(1, "a.png"), (2, "b.png")]


def test_unknown_patients_need_no_column_and_ignore_it(tmp_path: Path) -> None:
    assert read_manifest(manifest(tmp_path, "path,label\na.png,ill\n"), patient="unknown")[0].patient_id == ""
    assert read_manifest(manifest(tmp_path, "path,label,patient_id\na.png,ill,P1\n"), patient="unknown")[0].patient_id == ""


def test_repr_of_a_row_names_neither_file_nor_patient() -> None:
    text = repr(ManifestRow(7, "Doe_Jane.png", "ill", "MRN1", columns={"name": "Jane Doe"}))
    assert "Jane" not in text
    assert "MRN1" not in text
    assert "row=7" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected a header with path, label, patient_id, site"),
        ("path,label,patient_id\na.png,ill,1\n", "no column site; it has path, label, patient_id"),
        ("path,label,site\na.png,ill,x\n", "no column patient_id; it has path, label, site. Or write `data.patient: unknown`"),
        ("file;label;patient_id;site\n", "the first line names none of path, label, patient_id, site; is the header missing"),
        ("path,label,patient_id,site\n", "holds no rows"),
        ("path,label,patient_id,site,site\na,b,c,d,e\n", "column site stands there more than once"),
        ("path,label,patient_id,site\na.png,ill,1\n", "row 1 has 3 cells; expected 4"),
        ("path,label,patient_id,site\na.png,ill,,x\n", "patient_id is empty in every row"),
        ('path,label,patient_id,site\n"a.png,ill,,x\n', "not a CSV file"),
        ("path,label,patient_id,site,frame\na.dcm,ill,1,x,0\n", "row 1: frame is no number from 1"),
        ("path,label,patient_id,site,frame\na.dcm,ill,1,x,first\n", "row 1: frame is no number from 1"),
        (b"path,label,patient_id,site\n\xff.png,ill,1,x\n", "byte 27 is not UTF-8"),
    ],
)
def test_wrong_form_is_explained(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_manifest(manifest(tmp_path, text), slices=("site",))


def test_frame_and_study_of_a_row_are_read(tmp_path: Path) -> None:
    text = "path,label,patient_id,study_id,series_id,frame\na.dcm,ill,1,1.2,1.2.3,7\na.dcm,ill,1,1.2,1.2.3,\n"
    seventh, whole = read_manifest(manifest(tmp_path, text))
    assert (seventh.study_id, seventh.series_id, seventh.frame) == ("1.2", "1.2.3", 7)
    assert (seventh.image_name, whole.image_name) == ("a.dcm#7", "a.dcm")
    assert "1.2" not in repr(seventh)


def test_row_in_place_of_the_header_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is the header missing") as caught:
        read_manifest(manifest(tmp_path, "Doe_Jane.png,ill,MRN1\n"))
    assert "Doe" not in str(caught.value)
    assert "MRN1" not in str(caught.value)


@pytest.mark.parametrize("function", [read_manifest, digest])
def test_missing_manifest_says_what_writes_one(tmp_path: Path, function: object) -> None:
    with pytest.raises(ConfigError, match=r"absent\.csv: No such file or directory\. Write one with `medtfx index`"):
        function(tmp_path / "absent.csv")  # type: ignore[operator]


def test_digest_is_of_the_bytes(tmp_path: Path) -> None:
    assert digest(manifest(tmp_path, "x")) == hashlib.sha256(b"x").hexdigest()


@given(st.binary(max_size=60))
def test_any_bytes_give_rows_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = manifest(tmp_path_factory.mktemp("manifest"), b"path,label,patient_id\n" + tail)
    try:
        assert all(isinstance(row, ManifestRow) for row in read_manifest(path))
    except ConfigError as error:
        assert str(path) in str(error)


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_row_is_found_again_by_its_place(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], end: str, mark: bytes
) -> None:
    text = StringIO(newline="")
    table = [("path", "label", "patient_id"), *((name, "ill", "P") for name in names), ()]
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    path = manifest(tmp_path_factory.mktemp("manifest"), mark + text.getvalue().encode())
    rows = list(iterate_manifest(path))
    assert [row.path for row in rows] == names
    assert list(rows_at(path, [(row.row, row.place) for row in reversed(rows)])) == rows[::-1]


def stamp_of(folder: Path, sha256: str = "") -> str:
    return files_stamp([ManifestRow(1, "a.png", "ill", "P1", sha256=sha256)], folder)


def test_stamp_follows_a_file_that_comes_back(tmp_path: Path) -> None:
    absent = stamp_of(tmp_path)
    (tmp_path / "a.png").write_bytes(b"pixels")
    assert stamp_of(tmp_path) != absent


def test_touched_file_counts_only_without_a_digest(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    before, proven = stamp_of(tmp_path), stamp_of(tmp_path, "ab")
    os.utime(tmp_path / "a.png", (1, 1))
    assert stamp_of(tmp_path) != before
    assert stamp_of(tmp_path, "ab") == proven
