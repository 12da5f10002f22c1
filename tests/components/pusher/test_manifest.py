import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.pusher.manifest import FileDigest, Provenance, manifest_path, model_digest, write_manifest

FILES = {"variables/data": FileDigest("bb", 2), "saved_model.pb": FileDigest("aa", 1)}
PROVENANCE = Provenance(run_id="run-1", model_id=3, blessings={"ClinicalGate": "accepted"})

DIGESTS = st.dictionaries(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=4),
    st.binary(max_size=2).map(lambda content: FileDigest(hashlib.sha256(content).hexdigest(), len(content))),
    max_size=4,
)


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    (tmp_path / "demo").mkdir()
    return tmp_path / "demo"


def written(serving: Path, version: int = 7) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(write_manifest(serving, version, files=FILES, provenance=PROVENANCE).read_text())
    return content


def test_manifest_lies_beside_its_version(serving: Path) -> None:
    path = write_manifest(serving, 7, files=FILES, provenance=PROVENANCE)
    assert path == manifest_path(serving, 7) == serving / "7.json"
    assert list(serving.iterdir()) == [path]


def test_manifest_says_what_the_version_stands_on(serving: Path) -> None:
    content = written(serving)
    assert {key: content[key] for key in ("name", "version", "run_id", "model_id", "blessings")} == {
        "name": "demo",
        "version": 7,
        "run_id": "run-1",
        "model_id": 3,
        "blessings": {"ClinicalGate": "accepted"},
    }


def test_manifest_lists_the_files_sorted(serving: Path) -> None:
    assert list(written(serving)["files"].items()) == [
        ("saved_model.pb", {"sha256": "aa", "bytes": 1}),
        ("variables/data", {"sha256": "bb", "bytes": 2}),
    ]


def test_manifest_has_the_digest_of_its_files(serving: Path) -> None:
    assert written(serving)["model_digest"] == model_digest(FILES)


def test_time_of_the_manifest_is_now_in_utc(serving: Path) -> None:
    created = datetime.fromisoformat(written(serving)["created"])
    assert created.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)


def test_absent_serving_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        write_manifest(tmp_path / "absent", 7, files=FILES, provenance=PROVENANCE)


def test_model_digest_is_that_of_sha256sums_output(tmp_path: Path) -> None:
    contents = {"a": b"1", "b c": b"2", "d": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = {name: FileDigest(hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()}
    printed = subprocess.run(["sha256sum", *contents], cwd=tmp_path, capture_output=True, check=True).stdout
    assert model_digest(files) == hashlib.sha256(printed).hexdigest()


@given(DIGESTS.flatmap(lambda files: st.tuples(st.just(files), st.permutations(list(files.items())).map(dict))))
def test_order_of_files_does_not_change_the_digest(both: tuple[dict[str, FileDigest], dict[str, FileDigest]]) -> None:
    assert model_digest(both[0]) == model_digest(both[1])


@given(DIGESTS, DIGESTS)
def test_other_files_have_another_digest(first: dict[str, FileDigest], second: dict[str, FileDigest]) -> None:
    assume(first != second)
    assert model_digest(first) != model_digest(second)
