import io

import pytest

from components.pusher.served import digest_of
from pipeline.batch.part import Line, part_file, write_part
from pipeline.batch.plan import write_plan
from pipeline.batch.results import is_written, layout_of, remove_others, write_results
from pipeline.errors import ConfigError, MedtfxError
from pipeline.prediction_formats import FORMATS


@pytest.fixture
def outcomes(images, prediction, failed):
    return [failed(image.name) if number == 3 else prediction(image.name) for number, image in enumerate(images)]


@pytest.fixture
def plan(images, outcomes, tmp_path):
    (tmp_path / "parts").mkdir()
    made = write_plan(tmp_path / "parts", images, size=4, follows_from="model")
    waiting = iter(outcomes)
    for shard in made.shards():
        write_part(tmp_path / "parts", shard.key, [Line("ab", next(waiting)) for _ in shard.images])
    return made


@pytest.mark.parametrize("layout", ["csv", "jsonl"])
def test_results_are_what_predict_prints(layout, plan, outcomes, tmp_path):
    totals = write_results(plan, tmp_path / f"results.{layout}")
    stream = io.StringIO()
    printed = FORMATS[layout](stream)
    for outcome in outcomes:
        printed.add(outcome)
    printed.end()
    assert (tmp_path / f"results.{layout}").read_text() == stream.getvalue()
    assert (totals.predicted, totals.set_aside, totals.images) == (9, {"truncated": 1}, 10)


def test_parts_that_do_not_hold_all_images_leave_the_results_as_they_were(plan, images, prediction, tmp_path):
    shard = next(plan.shards())
    (tmp_path / "results.csv").write_text("before")
    write_part(tmp_path / "parts", shard.key, [Line("ab", prediction("x"))])
    with pytest.raises(MedtfxError, match="the parts hold 7 images, 10 were planned"):
        write_results(plan, tmp_path / "results.csv")
    assert (tmp_path / "results.csv").read_text() == "before"
    assert not list(tmp_path.glob(".*"))


def test_changed_results_are_not_those_of_the_statement(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text("image\n")
    said = {"sha256": digest_of(file).sha256, "bytes": 6}
    assert is_written(file, said)
    file.write_text("imagf\n")
    assert not is_written(file, said)
    assert not is_written(tmp_path / "absent.csv", said)


def test_parts_of_another_plan_go(plan, tmp_path):
    other = part_file(tmp_path / "parts", "f" * 64)
    other.touch()
    remove_others(plan)
    assert not other.exists()
    assert len(list((tmp_path / "parts").glob("*.part"))) == 3


def test_format_follows_the_name(tmp_path):
    assert (layout_of(tmp_path / "a.CSV"), layout_of(tmp_path / "a.jsonl")) == ("csv", "jsonl")
    with pytest.raises(ConfigError, match=r"-o a\.txt: expected a name that ends in \.csv or \.jsonl"):
        layout_of(tmp_path / "a.txt")
