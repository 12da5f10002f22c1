import csv
import io
import json
import shutil

import numpy as np
import pytest

from pipeline.batch.archive import archive_of
from pipeline.batch.chosen_version import chosen_version
from pipeline.batch.command import Order, batch_command, locked, parts_folder, predicted
from pipeline.batch.part import read_part
from pipeline.batch.statement import Cut, read_statement
from pipeline.display import PlainDisplay
from pipeline.errors import ConfigError, MedtfxError
from pipeline.predict_command import Way, predict_command
from serving.client import Pace, Server


@pytest.fixture
def run(serving_folder, tmp_path):
    """Predict a folder in this process, without the command's hold on signals and streams; return the statement and the count."""

    def go(source, name="results.csv", version=None, **wanted):
        order = Order(source, None, tmp_path / name, wanted.pop("cut", Cut(4, 4)), **wanted)
        archive, chosen = archive_of(source), chosen_version(str(version or serving_folder))
        folder = parts_folder(order, archive)
        return predicted(order, archive, chosen, folder=folder, display=PlainDisplay(io.StringIO()))

    return go


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_real_archive_is_predicted_as_the_server_does(run, real_archive, serving_folder, load_test_module, capsys, tmp_path):
    content, computed = run(real_archive, cut=Cut(8, 64))
    counts = content["counts"]
    assert (counts["seen"], counts["skipped"]) == (computed + 1, {"hidden": 1})
    words = ("--model_name=demo", f"--model_base_path={serving_folder}", "--max_batch_items=8")
    version = read_statement(tmp_path / "results.csv")["model"]["version"]
    with load_test_module("serving/conftest.py").serving(*words) as (server, _):
        way = Way(Server(f"127.0.0.1:{server.grpc_server.port}"), Pace(batch=8), serving_folder / str(version))
        assert predict_command([real_archive], ("demo", None), way, layout="csv") == 3
    said, ours = rows_of(capsys.readouterr().out), rows_of((tmp_path / "results.csv").read_text())
    exact = ("image", "decision", "model", "version")
    assert [[row[key] for key in exact] for row in ours] == [[row[key] for key in exact] for row in said]
    shares = [[[row[f"p({name})"] for name in ("normal", "nodule", "effusion")] for row in rows] for rows in (ours, said)]
    assert [row == ["", "", ""] for row in shares[0]] == [row == ["", "", ""] for row in shares[1]]
    given = [np.array([row for row in rows if row[0]], np.float64) for rows in shares]
    assert len(given[0]) == counts["predicted"] > 20
    np.testing.assert_allclose(given[0], given[1], rtol=0, atol=0)


def test_repeated_command_re_does_nothing(run, pictures, tmp_path):
    first, computed = run(pictures)
    written = (tmp_path / "results.csv").stat()
    again, then = run(pictures)
    assert (computed, then, again) == (10, 0, first)
    assert (tmp_path / "results.csv").stat().st_mtime_ns == written.st_mtime_ns


def test_changed_file_and_another_version_begin_their_shards_anew(run, pictures, serving_folder, version_numbers, tmp_path):
    run(pictures)
    shutil.copyfile(pictures / "0.png", pictures / "5.png")
    assert run(pictures)[1] == 4
    continued = (tmp_path / "results.csv").read_bytes()
    run(pictures, "fresh.csv")
    assert continued == (tmp_path / "fresh.csv").read_bytes()
    older = serving_folder / str(version_numbers[0])
    content, computed = run(pictures, version=older)
    assert (computed, content["model"]["version"]) == (10, version_numbers[0])
    assert len(list((tmp_path / "results.csv.parts").glob("*.part"))) == 3


def test_file_that_is_passed_over_is_counted_without_a_prediction(run, pictures):
    run(pictures)
    (pictures / ".DS_Store").touch()
    content, computed = run(pictures)
    assert (content["counts"]["skipped"], content["counts"]["seen"], computed) == ({"hidden": 1}, 11, 0)


def test_results_that_were_lost_come_from_the_parts(run, pictures, tmp_path):
    run(pictures)
    before = (tmp_path / "results.csv").read_bytes()
    (tmp_path / "results.csv").unlink()
    assert run(pictures)[1] == 0
    assert (tmp_path / "results.csv").read_bytes() == before


def test_images_that_were_set_aside_are_read_again_on_demand(run, pictures, tmp_path):
    before = (pictures / "1.png").read_bytes()
    (pictures / "1.png").write_bytes(before[:50])
    content, _ = run(pictures)
    assert content["counts"]["set_aside"] == {"truncated": 1}
    assert run(pictures, again=True)[1] == 4
    (pictures / "1.png").write_bytes(before)
    content, computed = run(pictures)
    assert (content["counts"]["set_aside"], computed) == ({}, 4)


def test_statement_names_no_file(run, pictures):
    (pictures / "1.png").rename(pictures / "MRN0017.png")
    content, _ = run(pictures)
    assert "MRN0017" not in json.dumps(content)
    assert "pictures" not in json.dumps(content)


def test_part_holds_the_digest_of_each_file(run, pictures, tmp_path):
    run(pictures)
    folder = tmp_path / "results.csv.parts"
    lines = [line for part in folder.glob("*.part") for line in read_part(folder, part.stem)]
    assert len({line.sha256 for line in lines}) == 10


def test_empty_archive_is_told(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="the archive holds no image"):
        run(tmp_path / "empty")


def order(source, output, model="nowhere"):
    return Order(source, model, output, Cut())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("pictures/results.csv", "the results lie inside of the archive"),
        ("absent/results.csv", "nothing can be written there: No such file or directory"),
        ("folder.csv", "is a folder; expected the name of a file"),
        ("results.txt", "expected a name that ends in"),
    ],
)
def test_output_that_can_not_be_is_refused(output, message, pictures, tmp_path, serving_folder):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match=message):
        batch_command(order(pictures, tmp_path / output, str(serving_folder)), as_json=False)


def test_output_that_may_not_be_written_is_refused(open_folder, request):
    (open_folder / "images").mkdir()
    request.getfixturevalue("ordinary_user")
    with pytest.raises(ConfigError, match="nothing can be written there: Permission denied"):
        parts_folder(order(open_folder / "images", open_folder / "results.csv"), archive_of(open_folder / "images"))


def test_second_batch_for_the_same_results_is_refused(tmp_path):
    with locked(tmp_path), pytest.raises(MedtfxError, match="another batch writes these results"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
