from pathlib import Path

import pytest

from pipeline.config import Flink, InProcess
from pipeline.errors import ConfigError
from pipeline.shared_folders import check_shared


def cluster(folder: Path) -> Flink:
    return Flink(runner="flink", master="jobmanager:8081", image="medtfx:1", shared=(folder,))


def test_places_below_a_shared_folder_are_taken(tmp_path: Path) -> None:
    check_shared(cluster(tmp_path), {"root": tmp_path / "root", "data.manifest": tmp_path / "manifest.csv"})


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/elsewhere/manifest.csv", "data.manifest: /elsewhere/manifest.csv: outside beam.shared"),
        (None, "data.manifest: in an env"),
    ],
)
def test_place_that_workers_do_not_see_is_refused_by_name(tmp_path: Path, place: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_shared(cluster(tmp_path), {"data.manifest": None if place is None else Path(place)})


def test_folder_that_leads_out_through_dots_is_no_shared_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="outside"):
        check_shared(cluster(tmp_path / "in"), {"root": tmp_path / "in" / ".." / "out"})


def test_this_machine_needs_nothing_shared() -> None:
    check_shared(InProcess(), {"root": Path("/anywhere"), "pseudonym key": None})
