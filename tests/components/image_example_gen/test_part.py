import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen.manifest import digest
from components.image_example_gen.part import (
    Part,
    from_json,
    identity,
    iterate_part,
    joined_stamp,
    planned,
    rows_of_part,
    to_json,
    unchanged_rows,
)
from components.image_example_gen.row_number import span_and_row
from pipeline.errors import ConfigError

ONE, TWO = Part(Path("1/m.csv"), 1, "a1", "s1"), Part(Path("2/m.csv"), 2, "a2", "s2")


def test_identity_of_one_manifest_is_its_digest(make_data: Callable[..., Any]) -> None:
    data = make_data(4)
    part = planned(data.manifest, None, patient="column", slices=("site",))
    assert identity([part]) == part.sha256 == digest(data.manifest)
    assert joined_stamp([part]) == part.files_stamp
    assert [row.row for row in iterate_part(part)] == [1, 2, 3, 4]
    assert to_json([part]) == ""


def test_identity_of_spans_follows_from_numbers_and_manifests() -> None:
    assert identity([ONE, TWO]) == hashlib.sha256(b"span 1 a1\nspan 2 a2\n").hexdigest()
    other_file = replace(ONE, manifest=Path("elsewhere.csv"), files_stamp="another")
    assert identity([ONE, TWO]) == identity([other_file, TWO])
    assert len({identity(parts) for parts in ([ONE], [TWO], [ONE, TWO], [replace(ONE, span=3), TWO])}) == 4


def test_touched_manifest_is_the_same_part(make_data: Callable[..., Any]) -> None:
    data = make_data(4)
    before = planned(data.manifest, 3, patient="column", slices=())
    os.utime(data.manifest, (0, 0))
    assert planned(data.manifest, 3, patient="column", slices=()) == before


def test_spans_survive_json() -> None:
    assert from_json(to_json([ONE, TWO])) == (ONE, TWO)
    assert from_json("") == ()


def test_rows_know_their_span_and_equal_paths_have_other_names(make_data: Callable[..., Any]) -> None:
    data = make_data(2)
    first, second = (list(iterate_part(Part(data.manifest, span))) for span in (1, 2))
    assert [span_and_row(row.row) for row in (*first, *second)] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert first[0].path == second[0].path
    assert len({row.image_name for row in (*first, *second, *iterate_part(Part(data.manifest)))}) == 6


def test_single_rows_are_those_of_the_whole(make_data: Callable[..., Any]) -> None:
    part = Part(make_data(6).manifest, 4)
    rows = [row for row in iterate_part(part) if row.row % 2]
    assert list(rows_of_part(part, [(row.row, row.place) for row in rows])) == rows
    with pytest.raises(ConfigError, match=r"^span 4: manifest .*: row 9 has 2 cells; expected 4"):
        list(rows_of_part(part, [(9, rows[0].place - 8)]))


def test_error_names_the_span(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,label,patient_id\n")
    with pytest.raises(ConfigError, match=r"^span 7: manifest .*: holds no rows; expected one per image"):
        list(iterate_part(Part(tmp_path / "m.csv", 7)))


def test_manifest_that_changed_is_told_with_its_span(make_data: Callable[..., Any]) -> None:
    data = make_data(2)
    with pytest.raises(ConfigError, match=r"^manifest .*: changed after the run began; expected SHA-256 000000000000"):
        unchanged_rows(Part(data.manifest, sha256="0" * 64), patient="column", slices=())
    with pytest.raises(ConfigError, match=r"^span 5: manifest .*: changed after the run began"):
        unchanged_rows(Part(data.manifest, 5, sha256="0" * 64), patient="column", slices=())
