from pathlib import Path

from pipeline.sources.dicom_header import DicomHeader
from pipeline.sources.header_cache import HeaderCache, TreeFile

FILES = [TreeFile(f"a/{number}.dcm", size=10, mtime_ns=number) for number in range(5)]
HEADERS = {file: DicomHeader(patient_id=f"P{file.mtime_ns}", institution="St. Mary", columns={"sex": "F"}) for file in FILES}


def written(path: Path, key_id: str = "ab") -> HeaderCache:
    cache = HeaderCache(path, Path("/tree"), key_id)
    with cache.writing({}) as writer:
        for file, header in HEADERS.items():
            writer.add(file, header)
    return cache


def test_what_was_written_comes_back_without_the_institution(tmp_path: Path) -> None:
    cache = written(tmp_path / "cache")
    assert cache.headers(FILES) == {file: DicomHeader(patient_id=f"P{file.mtime_ns}", columns={"sex": "F"}) for file in FILES}
    assert "St. Mary" not in (tmp_path / "cache").read_text()


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    cache = written(tmp_path / "cache")
    assert cache.headers([TreeFile("a/1.dcm", size=11, mtime_ns=1), TreeFile("a/2.dcm", size=10, mtime_ns=3)]) == {}


def test_every_cut_of_the_file_keeps_the_lines_before_it(tmp_path: Path) -> None:
    cache = written(tmp_path / "cache")
    content = (tmp_path / "cache").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "cache").write_bytes(content[:length])
        whole_lines = content[: length + 1].count(b"\n")  # a line that lacks its line feed alone is whole, too
        assert len(cache.headers(FILES)) == max(0, whole_lines - 1)


def test_another_key_or_tree_starts_anew(tmp_path: Path) -> None:
    written(tmp_path / "cache")
    assert HeaderCache(tmp_path / "cache", Path("/tree"), "cd").headers(FILES) == {}
    assert HeaderCache(tmp_path / "cache", Path("/other"), "ab").headers(FILES) == {}


def test_cache_is_the_owners_alone(tmp_path: Path) -> None:
    written(tmp_path / "cache")
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


def test_absent_cache_is_empty(tmp_path: Path) -> None:
    assert HeaderCache(tmp_path / "none", Path("/tree"), "").headers(FILES) == {}
