import json
import sys
from dataclasses import replace

import pytest

from models.image_signature import PNG_SIGNATURE
from pipeline.errors import ConfigError
from pipeline.predict_command import Way, predict_command
from serving.client import ClientError, Pace, Server


@pytest.fixture(scope="module")
def way(load_test_module, tmp_path_factory):
    """The way to a server with the model that answers about images."""
    base = tmp_path_factory.mktemp("served") / "demo"
    load_test_module("serving/client/image_model.py").save(base / "1")
    words = ("--model_name=demo", f"--model_base_path={base}")
    with load_test_module("serving/conftest.py").serving(*words) as (server, _):
        yield Way(Server(f"127.0.0.1:{server.grpc_server.port}"), Pace(), None)


@pytest.fixture
def folder(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(PNG_SIGNATURE + bytes([number]))
    return tmp_path


def test_all_predicted_is_exit_0_with_a_table_and_a_count(way, folder, capsys):
    assert predict_command([folder], ("demo", None), way, layout="table") == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["image", *(str(folder / f"{n}.png") for n in range(3))]
    assert said.err == "medtfx: 3 predicted (3 by version 1), 0 failed\n"


def test_bad_file_is_told_and_counted_and_the_rest_goes_on(way, folder, capsys):
    (folder / "1.png").write_bytes(b"")
    (folder / "x.txt").write_text("no image")
    assert predict_command([folder], ("demo", None), way, layout="table") == 3
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert f"medtfx: {folder / '1.png'}: truncated: the file ends early" in said.err
    assert "medtfx: 2 predicted (2 by version 1), 2 failed (1 truncated, 1 unsupported_format)" in said.err


def test_json_lines_hold_failures_and_nothing_else_is_on_stdout(way, folder, capsys):
    (folder / "1.png").unlink()
    paths = [folder / f"{number}.png" for number in range(3)]
    assert predict_command(paths, ("demo", 1), way, layout="jsonl") == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("reason") for line in lines] == [None, "missing_file", None]


def test_dicom_shows_no_value_of_its_header_and_names_the_settings(way, shared_data, capsys):
    files = shared_data / "dicom/pydicom"
    assert predict_command([files / "CT_small.dcm", files / "rtplan_truncated.dcm"], ("demo", None), way, layout="jsonl") == 3
    said = capsys.readouterr()
    assert "1 rendered with default settings; --rendering EXPORT renders as this model's training did" in said.err
    for value in ("CompressedSamples", "1CT1", "JFK IMAGING"):
        assert value not in said.out + said.err


def test_settings_of_the_export_are_used(way, shared_data, tmp_path, capsys):
    rendering = {"windows": [[40, 400]], "frames": "middle", "burned_in": "quarantine", "sixteen_bit_range": [0, 65535]}
    (tmp_path / "model.json").write_text(json.dumps({"rendering": rendering}))
    scores = []
    for chosen in (way, replace(way, rendering=tmp_path / "model.json")):
        predict_command([shared_data / "dicom/pydicom/CT_small.dcm"], ("demo", None), chosen, layout="jsonl")
        said = capsys.readouterr()
        scores.append(json.loads(said.out)["probabilities"])
    assert scores[0] != scores[1]
    assert "default settings" not in said.err


def test_what_was_predicted_is_printed_when_the_rest_can_not_be(way, folder, capsys, monkeypatch):
    (folder / "9.dcm").write_bytes(bytes(128) + b"DICM")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    one_by_one = replace(way, pace=Pace(batch=1, in_flight=1))
    with pytest.raises(ConfigError, match="files other than PNG and JPEG need"):
        predict_command([folder], ("demo", None), one_by_one, layout="table")
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 4
    assert "3 predicted (3 by version 1), 0 failed" in said.err


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (("other", None), "NOT_FOUND: Could not find any versions of model other"),
        (("demo", 7), r"model demo: version 7 not ready to answer; ready: 1"),
    ],
)
def test_what_is_not_served_is_told_before_anything_is_read(way, tmp_path, model, message):
    with pytest.raises(ClientError, match=message):
        predict_command([tmp_path / "never read.png"], model, way, layout="table")


def test_unknown_format_is_named(way, folder):
    with pytest.raises(ConfigError, match="--format: 'xml'; expected one of table, jsonl, csv"):
        predict_command([folder], ("demo", None), way, layout="xml")


def test_empty_folder_is_a_wrong_usage(way, tmp_path):
    with pytest.raises(ConfigError, match="the folders hold no file"):
        predict_command([tmp_path], ("demo", None), way, layout="table")
