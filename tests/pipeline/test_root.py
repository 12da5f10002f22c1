import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pipeline import root
from pipeline.errors import ConfigError, RootInUseError


def test_only_serving_is_readable_by_others(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "state")
    modes = {entry.name: entry.stat().st_mode & 0o077 for entry in state.path.iterdir() if entry.is_dir()}
    assert modes.pop("serving") == 0o055
    assert set(modes.values()) == {0}
    assert state.path.stat().st_mode & 0o777 == 0o711


def test_prepared_twice_is_the_same_root(tmp_path: Path) -> None:
    assert root.prepare(tmp_path / "state") == root.prepare(tmp_path / "state")


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="not empty and not a medtfx root"):
        root.prepare(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_other_layout_is_refused(tmp_path: Path) -> None:
    root.prepare(tmp_path / "state")
    (tmp_path / "state" / "format").write_text("99\n")
    with pytest.raises(ConfigError, match="layout version '99'; this medtfx expects 1"):
        root.prepare(tmp_path / "state")


def test_root_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be used as root: Not a directory"):
        root.prepare(tmp_path / "file" / "state")


def hold(path: Path, pipe: Connection) -> None:
    with root.locked(root.prepare(path)):
        pipe.send("held")
        pipe.recv()


def test_second_process_is_told_who_holds_the_root(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    holder = context.Process(target=hold, args=(tmp_path / "state", theirs))
    holder.start()
    ours.recv()
    with pytest.raises(RootInUseError, match=f"process {holder.pid}"), root.locked(root.prepare(tmp_path / "state")):
        pass
    holder.kill()
    holder.join()
    with root.locked(root.prepare(tmp_path / "state")):  # the lock went with the killed process
        pass


def test_unfinished_run_is_found_by_its_digest_only(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "state")
    assert root.unfinished_run(state, "a") is None
    root.begin(state, "run-1", "a")
    assert root.unfinished_run(state, "a") == "run-1"
    assert root.unfinished_run(state, "b") is None
    root.end(state)
    assert root.unfinished_run(state, "a") is None


def test_swept_root_has_nothing_to_continue_from_and_all_else(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "state")
    for folder in (state.work / "train-1", state.work / "ingest-2" / "Split-val", state.artifacts / "Trainer"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    root.sweep(state)
    assert list(state.work.iterdir()) == []
    assert (state.artifacts / "Trainer" / "file").exists()


def test_report_is_kept_under_its_run_and_as_latest(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "state")
    (tmp_path / "report.html").write_text("page")
    kept = root.keep_report(state, "run-1", tmp_path / "report.html")
    assert kept.name == "run-1.html"
    assert kept.read_text() == (state.reports / "latest.html").read_text() == "page"


@pytest.fixture
def read_only_folder(open_folder: Path) -> Path:
    open_folder.chmod(0o555)
    return open_folder


def test_folder_without_the_right_to_write_is_refused(read_only_folder: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match="can't be used as root: Permission denied"):
        root.prepare(read_only_folder / "state")


@pytest.mark.parametrize("record", ['{"digest": "a"}', '{"digest": "a", "run_id": 7}', "[]", '{"dig', "null"])
def test_record_without_a_run_id_is_no_unfinished_run(tmp_path: Path, record: str) -> None:
    state = root.prepare(tmp_path / "state")
    state.unfinished.write_text(record)
    assert root.unfinished_run(state, "a") is None


@pytest.mark.parametrize("left", ["format", ".format.123.tmp"])
def test_root_whose_making_was_killed_is_made_again(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    root.prepare(tmp_path)
    assert (tmp_path / "format").read_text() == "1\n"


def test_format_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            root.prepare(tmp_path / "state")
    assert not (tmp_path / "state" / "format").exists()
