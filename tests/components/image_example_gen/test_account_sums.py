from components.image_example_gen.account_sums import account_sums

ACCOUNT = {"rows": 6, "examples": 3, "quarantined": {"truncated": 1, "no_patient": 1}, "skipped": {"excluded_patient": 1}}
INDEXED = {"files": 7, "used": 4, "rows": 6, "skipped": {"hidden": 3}}


def test_rows_are_examples_quarantined_or_skipped() -> None:
    (rows,) = account_sums(ACCOUNT)
    assert rows.holds
    assert (rows.left, rows.right) == ("6 rows", "3 examples + 2 quarantined + 1 skipped")


def test_files_are_used_and_skipped_and_the_rows_are_those_that_were_written() -> None:
    sums = account_sums({**ACCOUNT, "indexed": INDEXED})
    assert [item.left for item in sums] == ["7 files seen by index", "6 rows", "6 rows"]
    assert all(item.holds for item in sums)


def test_a_lost_file_breaks_its_sum() -> None:
    assert [item.holds for item in account_sums({**ACCOUNT, "indexed": {**INDEXED, "files": 8}})] == [False, True, True]
