from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import MedtfxError
from pipeline.sources.entry import Entry, Listing
from pipeline.sources.index_note import counted, indexed_account, indexed_accounts, note_path

ENTRIES = (Entry(Path("a.dcm"), "ill"), Entry(Path("a.dcm"), "ill"), Entry(Path("b.dcm"), "well"))


def test_account_tells_what_became_of_every_file() -> None:
    listing = Listing(ENTRIES, skipped=Counter(hidden=2, not_dicom=0), used=2, seen=4)
    assert counted(listing) == {"files": 4, "used": 2, "rows": 3, "skipped": {"hidden": 2}}


def test_sums_that_do_not_add_up_stop_the_index() -> None:
    with pytest.raises(MedtfxError, match="saw 5 files, but 2 used and 2 skipped make 4"):
        counted(Listing(ENTRIES, skipped=Counter(hidden=2), used=2, seen=5))


def test_source_that_counts_nothing_itself_has_its_entries_and_skips() -> None:
    assert counted(Listing(ENTRIES, skipped=Counter(hidden=2)))["files"] == 5


@pytest.mark.parametrize("noted", [None, "{", "[]", '{"manifest_sha256": "other", "indexed": {"files": 1}}', '{"indexed": {}}'])
def test_account_of_another_manifest_is_none(tmp_path: Path, noted: str | None) -> None:
    if noted is not None:
        note_path(tmp_path / "m.csv").write_text(noted)
    assert indexed_account(tmp_path / "m.csv", "this") is None


def test_account_of_this_very_manifest_is_read(tmp_path: Path) -> None:
    note_path(tmp_path / "m.csv").write_text('{"manifest_sha256": "this", "indexed": {"files": 1}}')
    assert indexed_account(tmp_path / "m.csv", "this") == {"files": 1}


def test_accounts_of_spans_are_added_up_unless_people_wrote_one(tmp_path: Path) -> None:
    noted = '{"manifest_sha256": "%s", "indexed": {"files": 4, "used": 2, "rows": 3, "skipped": {"hidden": %d}}}'
    for number in (1, 2):
        note_path(tmp_path / f"{number}.csv").write_text(noted % (number, number))
    spans = [(tmp_path / "1.csv", "1"), (tmp_path / "2.csv", "2")]
    assert indexed_accounts(spans) == {"files": 8, "used": 4, "rows": 6, "skipped": {"hidden": 3}}
    assert indexed_accounts([*spans, (tmp_path / "3.csv", "3")]) is None
