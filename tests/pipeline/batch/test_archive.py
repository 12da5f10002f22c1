import pytest

from pipeline.batch.archive import ArchivedImage, archive_of
from pipeline.errors import ConfigError


def test_folder_gives_its_files_by_name_and_counts_what_it_passes_over(tmp_path):
    for name in ("b/2.dcm", "b/1", "a.png", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    archive = archive_of(tmp_path)
    assert [image.name for image in archive.images()] == [str(tmp_path / name) for name in ("a.png", "b/1", "b/2.dcm")]
    assert archive.skipped == {"hidden": 1}


def test_manifest_gives_its_rows_with_frame_and_digest(tmp_path):
    (tmp_path / "manifest.csv").write_text(f"path,label,sha256,frame\nb.dcm,ill,{'AB' * 32},3\na.png,well,,\n")
    first, second = archive_of(tmp_path / "manifest.csv").images()
    assert first == ArchivedImage(str(tmp_path / "b.dcm"), 3, "ab" * 32)
    assert (first.name, second.name) == (f"{tmp_path / 'b.dcm'}#3", str(tmp_path / "a.png"))


def test_repr_names_no_file():
    assert "MRN17" not in repr(ArchivedImage("MRN17.dcm", 1, "ab"))


def test_source_that_may_not_be_looked_at_is_told(open_folder, request):
    (open_folder / "closed").mkdir(mode=0o700)
    request.getfixturevalue("ordinary_user")
    with pytest.raises(ConfigError, match="Permission denied; expected a folder or manifest that this user may read"):
        archive_of(open_folder / "closed" / "images")


@pytest.mark.parametrize(
    ("name", "message"), [("absent", "no such folder or manifest"), ("a.png", "`medtfx predict` takes single")]
)
def test_source_that_is_neither_folder_nor_manifest_is_refused(name, message, tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ConfigError, match=message):
        archive_of(tmp_path / name)
