import json
from pathlib import Path

import pytest

from bench.command import contest, options, tell


def test_result_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell({"seconds": 1.5}, tmp_path / "result.json")
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "result.json").read_text()) == {"seconds": 1.5}


def test_nothing_is_written_where_no_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell([], options("What it costs.").parse_args([]).out)
    assert capsys.readouterr().out == "[]\n"


def test_all_contenders_work_once_on_a_thousand_images_unless_told_otherwise(tmp_path: Path) -> None:
    wanted = contest("A contest.", ("ours", "theirs"), tmp_path).parse_args([])
    assert (wanted.only, wanted.images, wanted.repeat, wanted.folder) == (("ours", "theirs"), [1000], 1, tmp_path)
    with pytest.raises(SystemExit):
        contest("A contest.", ("ours",), tmp_path).parse_args(["--only", "nobody"])
