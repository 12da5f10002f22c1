import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.pusher.durable import STAGING, open_to_readers, sync_folder, write_durably


@pytest.fixture
def closed_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def open_files() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize(("before", "after"), [(0o700, 0o755), (0o555, 0o555), (0o775, 0o775), (0o500, 0o555)], ids=oct)
def test_readers_may_list_a_folder_and_writers_stay_who_they_were(tmp_path: Path, before: int, after: int) -> None:
    tmp_path.chmod(before)
    open_to_readers(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == after


class TestWriteDurably:
    @pytest.mark.parametrize("content", [b"", b"\x00\r\n" * 100_000])
    def test_file_has_the_bytes(self, tmp_path: Path, content: bytes) -> None:
        write_durably(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content

    def test_file_before_is_replaced_and_nothing_else_is_left(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"longer than what comes")
        write_durably(tmp_path / "file", b"new")
        assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"file": b"new"}

    def test_reader_of_the_file_before_keeps_its_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"old")
        with (tmp_path / "file").open("rb") as reader:
            write_durably(tmp_path / "file", b"new")
            assert reader.read() == b"old"

    @pytest.mark.usefixtures("closed_umask")
    def test_others_can_read_whatever_the_umask(self, tmp_path: Path) -> None:
        write_durably(tmp_path / "file", b"new")
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644

    def test_bytes_are_on_the_disk_before_the_name_and_the_name_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[tuple[str, bool]] = []
        really = os.fsync

        def note(descriptor: int) -> None:
            what = Path(f"/proc/self/fd/{descriptor}").readlink().name
            synced.append((what, (tmp_path / "file").exists()))
            really(descriptor)

        monkeypatch.setattr(os, "fsync", note)
        write_durably(tmp_path / "file", b"new")
        assert synced == [(f"{STAGING}file", False), (tmp_path.name, True)]

    @pytest.mark.parametrize("stop", [OSError("disk full"), KeyboardInterrupt("stopped")], ids=["error", "interrupt"])
    def test_stopped_write_leaves_the_file_before_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
    ) -> None:
        def fail(_: int) -> None:
            raise stop

        (tmp_path / "file").write_bytes(b"old")
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(type(stop), match=str(stop)):
            write_durably(tmp_path / "file", b"new")
        assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"file": b"old"}

    def test_name_that_a_folder_has_is_an_error_and_leaves_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file" / "within").mkdir(parents=True)
        with pytest.raises(IsADirectoryError, match="file"):
            write_durably(tmp_path / "file", b"new")
        assert [entry.relative_to(tmp_path).as_posix() for entry in tmp_path.rglob("*")] == ["file", "file/within"]

    def test_absent_folder_is_an_error_and_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="absent"):
            write_durably(tmp_path / "absent" / "file", b"new")
        assert list(tmp_path.iterdir()) == []


class TestSyncFolder:
    def test_no_descriptor_is_left_open(self, tmp_path: Path) -> None:
        before = open_files()
        sync_folder(tmp_path)
        assert open_files() == before

    def test_no_descriptor_is_left_open_after_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: int) -> None:
            raise OSError("broken disk")

        before = open_files()
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="broken disk"):
            sync_folder(tmp_path)
        assert open_files() == before

    def test_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(NotADirectoryError, match="file"):
            sync_folder(tmp_path / "file")

    def test_absent_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="absent"):
            sync_folder(tmp_path / "absent")
