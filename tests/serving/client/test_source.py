from collections import Counter
from pathlib import Path

from serving.client.source import Source, files_at, found


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


def test_links_to_folders_and_hidden_names_are_passed_over_and_counted(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "a" / "circle").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / ".hidden").mkdir()
    left_out = Counter()
    assert list(files_at(tmp_path, left_out)) == [tmp_path / "a" / "1.png", tmp_path / "a" / "self"]
    assert left_out == {"linked_folder": 1, "hidden": 1}


def test_folder_that_can_not_be_read_is_told_as_a_file_that_can_not(open_folder, request):
    (open_folder / "closed").mkdir(mode=0o700)
    (open_folder / "open.png").touch()
    request.getfixturevalue("ordinary_user")
    assert list(files_at(open_folder)) == [open_folder / "closed", open_folder / "open.png"]


def test_order_is_that_of_sorted_paths(tmp_path):
    names = ("a.png", "a/b.png", "a-1/c.png", "B/x/y.png", "B/x.png")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(files_at(tmp_path)) == sorted(tmp_path / name for name in names)
