import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from typer.testing import CliRunner, Result

from pipeline.command_line import app
from pipeline.errors import ConfigError, DataRefusedError, MedtfxError
from pipeline.judged_data import JudgedData
from pipeline.own_schema import read_own_schema
from pipeline.root import Root

JudgedRoot = Callable[[JudgedData, bool], Root]
Measured = Callable[..., JudgedData]
CONFIG = """
name: own
data: {{manifest: manifest.csv, classes: [ill, well], slices: [site]{schema}}}
evaluation: {{thresholds: [{{metric: auc, at_least: 0.6}}]}}
gate: {{rules: []}}
"""


def schema(*words: object, answer: str = "") -> Result:
    result = CliRunner().invoke(app, ["schema", *map(str, words)], input=answer)
    assert result.exception is None or isinstance(result.exception, MedtfxError | SystemExit), result.exception
    return result


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that names own.pbtxt beside it."""
    path = tmp_path / "own.yaml"
    path.write_text(CONFIG.format(schema=", schema_file: own.pbtxt"))
    return path


@pytest.fixture
def learned(config: Path, measured: Measured, judged_root: JudgedRoot) -> tuple[Path, Path]:
    """The configuration, its schema learned from accepted data, and the root of both."""
    state = judged_root(measured(), True)
    assert schema("infer", config, "--root", state.path).exit_code == 0
    return config, state.path


def own(config: Path) -> str:
    return config.with_name("own.pbtxt").read_text()


def test_learned_schema_says_from_which_data_and_serves_a_run(learned: tuple[Path, Path]) -> None:
    config, _ = learned
    first = own(config).splitlines()[0]
    assert first == f"# Learned by `medtfx schema infer` from 40 examples of the manifest with SHA-256 {'ab' * 32}."
    read = read_own_schema(config.with_name("own.pbtxt"), ["ill", "well"], ["site"])
    assert list(read.feature[0].string_domain.value) == ["ill", "well"]


def test_infer_tells_what_became_narrower_and_how_to_use_it(tmp_path: Path, measured: Measured, judged_root: JudgedRoot) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(CONFIG.format(schema=""))
    result = schema("infer", path, "--root", judged_root(measured(), True).path)
    assert "  width: 8 to 100000 -> 500 to 500 (narrower)" in result.output.splitlines()
    assert f"To use it: data.schema_file in {path}" in result.output
    assert (tmp_path / "plain.schema.pbtxt").is_file()


def test_infer_replaces_a_schema_only_when_told(learned: tuple[Path, Path]) -> None:
    config, root = learned
    before = own(config)
    refused = schema("infer", config, "--root", root)
    assert isinstance(refused.exception, ConfigError)
    assert "is there already; --replace" in str(refused.exception)
    answer = json.loads(schema("infer", config, "--root", root, "--replace", "--margin", "0", "--json").output)
    assert answer["manifest_sha256"] == "ab" * 32
    assert own(config) != before  # the comment tells the margin


def test_diff_tells_in_words_what_differs(learned: tuple[Path, Path]) -> None:
    path = learned[0].with_name("own.pbtxt")
    result = schema("diff", path)
    assert result.output.splitlines()[0] == "from the curated schema to own.pbtxt:"
    assert "  bit_depth: 1 to 64 -> 8 to 8 (narrower)" in result.output
    assert schema("diff", path, path).output.splitlines()[1] == "  no difference"


def test_diff_with_a_root_refuses_what_a_run_would(
    learned: tuple[Path, Path], measured: Measured, judged_root: JudgedRoot
) -> None:
    config, root = learned
    path = config.with_name("own.pbtxt")
    kept = schema("diff", path, "--root", root)
    assert (kept.exit_code, kept.output.splitlines()[-1]) == (0, "  nothing")
    judged_root(measured(width=[700] * 40), False)
    broken = schema("diff", path, "--root", root, "--json")
    assert isinstance(broken.exception, DataRefusedError)
    (anomaly,) = json.loads(broken.output)["anomalies"]
    assert anomaly.startswith("feature width, train: expected 500 to 500; Unexpectedly large value: 700")


NEW: dict[str, Any] = {"width": [500, 612] * 20, "site": ["north", "west"] * 20}


def test_accept_shows_asks_and_writes(learned: tuple[Path, Path], measured: Measured, judged_root: JudgedRoot) -> None:
    config, root = learned
    judged_root(measured(**NEW), False)
    before = own(config)
    declined = schema("accept", config, "--root", root, answer="n\n")
    assert "  site: north, south -> north, south, west (new: west)" in declined.output.splitlines()
    assert (declined.exit_code, own(config)) == (0, before)
    assert schema("accept", config, "--root", root, answer="y\n").exit_code == 0
    assert "# Widened by `medtfx schema accept` from 40 examples" in own(config)
    assert own(config).startswith(before.splitlines()[0])
    assert schema("diff", config.with_name("own.pbtxt"), "--root", root).exit_code == 0


def test_accept_writes_nothing_where_nobody_confirms(
    learned: tuple[Path, Path], measured: Measured, judged_root: JudgedRoot
) -> None:
    config, root = learned
    judged_root(measured(**NEW), False)
    before = own(config)
    result = schema("accept", config, "--root", root)
    assert isinstance(result.exception, ConfigError)
    assert "nobody confirmed" in str(result.exception)
    assert json.loads(schema("accept", config, "--root", root, "--json").output)["written"] is False
    assert own(config) == before
    assert json.loads(schema("accept", config, "--root", root, "--json", "--yes").output)["written"] is True


def test_accept_refuses_other_labels_and_blank_images(
    learned: tuple[Path, Path], measured: Measured, judged_root: JudgedRoot
) -> None:
    config, root = learned
    judged_root(measured(label=["ill", "odd"] * 20, entropy=[0.0] * 40), False)
    before = own(config)
    result = schema("accept", config, "--root", root, "--yes")
    assert isinstance(result.exception, DataRefusedError)
    assert str(result.exception) == "not accepted by command: label, entropy"
    assert own(config) == before


def test_accept_without_a_schema_of_ones_own_names_the_command(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(CONFIG.format(schema=""))
    result = schema("accept", path)
    assert isinstance(result.exception, ConfigError)
    assert "names no data.schema_file; `medtfx schema infer" in str(result.exception)


def test_accept_warns_of_comments_that_get_lost(learned: tuple[Path, Path], measured: Measured, judged_root: JudgedRoot) -> None:
    config, root = learned
    judged_root(measured(**NEW), False)
    config.with_name("own.pbtxt").write_text(own(config).replace("feature {", "feature {  # mine", 1))
    result = schema("accept", config, "--root", root, answer="n\n")
    assert "Comments below its first lines get lost." in result.output


def test_folder_that_may_not_be_written_is_a_message(
    config: Path, measured: Measured, judged_root: JudgedRoot, tmp_path: Path
) -> None:
    result = schema("infer", config, "--root", judged_root(measured(), True).path, "-o", tmp_path / "absent" / "own.pbtxt")
    assert isinstance(result.exception, ConfigError)
    assert "the schema could not be written" in str(result.exception)


def test_written_schema_is_whole(learned: tuple[Path, Path]) -> None:
    assert text_format.Parse(own(learned[0]), schema_pb2.Schema()).feature
    assert not list(learned[0].parent.glob(".*.tmp"))


def test_commands_load_no_tensorflow_before_they_need_it(project: Path) -> None:
    listing = "import sys, pipeline.schema_command; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], cwd=project, capture_output=True, text=True, check=True)
    assert not {"tensorflow", "tfx", "apache_beam", "tensorflow_data_validation"} & set(done.stdout.split())
