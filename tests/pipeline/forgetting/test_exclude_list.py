from pathlib import Path

import pytest

from components.image_example_gen.exclusion import read_exclusions
from pipeline.errors import ConfigError
from pipeline.forgetting.exclude_list import add_to_list, listed


def test_new_list_is_for_its_owner_alone(tmp_path: Path) -> None:
    add_to_list(tmp_path / "below" / "exclude.txt", ["Müller", "MRN2"])
    assert read_exclusions(tmp_path / "below" / "exclude.txt") == {"Müller", "MRN2"}
    assert (tmp_path / "below" / "exclude.txt").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "below").iterdir()] == ["exclude.txt"]


def test_what_people_wrote_stays_and_nobody_is_added_twice(tmp_path: Path) -> None:
    path = tmp_path / "exclude.txt"
    path.write_bytes(b"\xef\xbb\xbfMRN1\r\n\r\nMRN2")
    path.chmod(0o640)
    add_to_list(path, ["MRN2", "MRN3"])
    assert path.read_bytes() == b"\xef\xbb\xbfMRN1\r\n\r\nMRN2\nMRN3\n"
    assert path.stat().st_mode & 0o777 == 0o640
    add_to_list(path, ["MRN1"])
    assert path.read_bytes().endswith(b"MRN3\n")


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "shared.txt").write_text("MRN1\n")
    (tmp_path / "exclude.txt").symlink_to(tmp_path / "shared.txt")
    add_to_list(tmp_path / "exclude.txt", ["MRN2"])
    assert (tmp_path / "exclude.txt").is_symlink()
    assert (tmp_path / "shared.txt").read_text() == "MRN1\nMRN2\n"


def test_absent_and_empty_lists_name_nobody(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    assert listed(tmp_path / "absent.txt") == listed(tmp_path / "empty.txt") == frozenset()


def test_list_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exclude.txt").write_bytes("Müller\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        add_to_list(tmp_path / "exclude.txt", ["MRN1"])


@pytest.fixture
def closed_folder(open_folder: Path) -> Path:
    """A folder that nobody may enter."""
    (open_folder / "closed").mkdir(mode=0)
    return open_folder / "closed"


def test_list_that_may_not_be_looked_at_is_refused(closed_folder: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match=r"data\.exclude: .*: Permission denied"):
        listed(closed_folder / "exclude.txt")


def test_list_that_may_not_be_written_is_refused(open_folder: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match="Permission denied; expected a file that this user may write"):
        add_to_list(open_folder / "exclude.txt", ["MRN1"])
