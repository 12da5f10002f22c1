import shutil

import pytest

from pipeline.errors import ConfigError
from pipeline.forgetting.lineage import LIVE, MARKED, Lineage
from pipeline.root import prepare

ALL = frozenset({"train", "val", "test"})


def saw(made, seen: dict[str, frozenset[str]]) -> list[tuple[str | None, tuple[str, ...], str, str]]:
    uses = Lineage(made.root).models(seen)
    return [(use.version, use.splits, use.state, use.run_id) for use in uses]


def test_artifacts_are_known_by_their_place_though_the_root_was_moved(made) -> None:
    found = {artifact.place: artifact.state for artifact in Lineage(made.root).artifacts()}
    assert found.keys() == made.ids.keys()
    assert set(found.values()) == {LIVE}


def test_marked_artifact_has_the_state_and_no_other(made) -> None:
    lineage = Lineage(made.root)
    lineage.mark(next(artifact for artifact in lineage.artifacts() if artifact.type_name == "Examples"), MARKED)
    marked = {artifact.place for artifact in lineage.artifacts() if artifact.state == MARKED}
    assert marked == {"ImageExampleGen/examples/1"}


def test_model_saw_what_its_nodes_show_it(made) -> None:
    first, second = "20260102T030405-1a2b", "20260103T030405-3c4d"
    assert saw(made, {"1": frozenset({"train"})}) == [("17", ("train",), "served", first)]
    # Nothing asked the first run's model for its test split but Predictions.
    assert saw(made, {"1": ALL}) == [("17", ("train", "val", "test"), "served", first)]
    assert saw(made, {"11": frozenset({"val"})}) == [(None, ("val",), "not pushed", second)]


def test_baseline_was_judged_on_the_test_split_of_a_later_run(made) -> None:
    assert [use[:2] for use in saw(made, {"11": ALL})] == [("17", ("test",)), (None, ("train", "val", "test"))]


def test_patient_in_no_examples_was_seen_by_no_model(made) -> None:
    assert saw(made, {}) == []


def test_version_is_served_while_it_is_the_newest_of_its_folder(made) -> None:
    lineage, versions = Lineage(made.root), made.root.serving("demo")
    assert lineage.state_of("serving/demo/17") == "served"
    (versions / "18").mkdir()
    assert lineage.state_of("serving/demo/17") == "kept"
    shutil.rmtree(versions / "17")
    assert lineage.state_of("serving/demo/17") == "removed"
    assert lineage.state_of("") == "not pushed"


def test_run_of_an_ingest_is_named_and_an_unknown_one_by_its_number(made) -> None:
    assert Lineage(made.root).run_of("11") == "20260103T030405-3c4d"
    assert Lineage(made.root).run_of("99") == "ingest 99"


def test_damaged_metadata_are_refused(made) -> None:
    made.root.metadata.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match="is no readable ML Metadata"):
        Lineage(made.root)


def test_root_without_a_run_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no run has begun here"):
        Lineage(prepare(tmp_path / "root"))
