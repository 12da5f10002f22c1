import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from pipeline.batch.beam_step import PredictShard, predict_missing
from pipeline.batch.plan import write_plan
from pipeline.errors import ConfigError


@pytest.fixture
def plan(images, tmp_path):
    (tmp_path / "parts").mkdir()
    return write_plan(tmp_path / "parts", images, size=4, follows_from="model")


def test_step_yields_places_and_writes_the_parts(plan, version, images):
    with beam.Pipeline(argv=["--runner=FnApiRunner"]) as pipeline:
        written = pipeline | beam.Create(plan.missing) | beam.ParDo(PredictShard(plan, version, 4))
        assert_that(written, equal_to(list(plan.missing)))
    assert write_plan(plan.file.parent, images, size=4, follows_from="model").missing == ()


def test_error_of_the_system_keeps_its_kind(plan, version, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.batch.beam_step.write_part", full)
    with pytest.raises(OSError, match="No space left on device"):
        predict_missing(plan, version, 4)


def test_model_that_does_not_load_is_told_in_its_own_words(plan, version, tmp_path):
    absent = type(version)("demo", 3, tmp_path / "nowhere", "")
    with pytest.raises(ConfigError, match="version 3 does not say how files become pixels"):
        predict_missing(plan, absent, 4)
