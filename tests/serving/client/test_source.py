from pathlib import Path

from serving.client.source import Source, found


def test_folder_gives_its_files_by_name_and_no_hidden_ones(tmp_path):
    for name in ("b/2.png", "b/1.png", "a.dcm", ".DS_Store", ".git/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [source.content for source in found([tmp_path])] == [tmp_path / name for name in ("a.dcm", "b/1.png", "b/2.png")]


def test_order_is_the_callers_and_bytes_are_called_by_their_place():
    named = Source("study 7", b"x")
    assert list(found(["z.png", b"bytes", named])) == [Source("z.png", Path("z.png")), Source("image 2", b"bytes"), named]


def test_hidden_folder_that_is_named_is_read(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "a.png").touch()
    assert len(list(found([tmp_path / ".cache"]))) == 1


def test_repr_names_nothing():
    assert repr(Source("patient.dcm", Path("patient.dcm"))) in ("Source(PosixPath)", "Source(WindowsPath)")
