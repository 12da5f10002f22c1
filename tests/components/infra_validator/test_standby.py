from pathlib import Path

import pytest

from components.infra_validator import standby


def test_the_server_that_waits_is_taken_once(settings):
    standby.start(settings)
    standby.start(settings)
    first, second = standby.take(settings), standby.take(settings)
    try:
        assert first is not second
        assert len(list(settings.work_dir.iterdir())) == 2
    finally:
        first.end()
        second.end()


def test_a_dismissed_server_answers_nobody_and_leaves_nothing(settings):
    standby.start(settings)
    (server,) = standby._waiting
    standby.dismiss()
    assert server.ending() == "the server was killed by SIGKILL"
    assert not Path(f"/proc/{server.pid}").exists()
    assert list(settings.work_dir.iterdir()) == []


def test_a_folder_that_can_not_be_had_is_left_to_the_node(settings):
    settings.work_dir.write_text("a file")
    standby.start(settings)
    with pytest.raises(FileExistsError):
        standby.take(settings)
