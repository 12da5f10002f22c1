from pathlib import Path

import pytest

from pipeline import c_library
from pipeline.setup_command import SetupError


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian"),
        ('ID=ubuntu\nID_LIKE="debian"\n', "ubuntu"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "ubuntu"),
        ('ID="rhel"\nID_LIKE="fedora"\n', ""),
        ("", ""),
    ],
)
def test_distribution_is_read_from_os_release(text: str, family: str) -> None:
    assert c_library.distribution(text) == family


def test_archive_is_the_first_main_one_that_is_not_security() -> None:
    assert c_library.archive_of("http://a/debian-security/ main\nhttp://a/debian/ main\n") == "http://a/debian/"
    with pytest.raises(SetupError, match="container of a newer system"):
        c_library.archive_of("")


@pytest.mark.parametrize(
    ("lines", "archive"),
    [
        ("http://vendor/ main Docker\nhttp://a/debian-security/ main Debian\nhttp://a/debian/ main Debian\n", "http://a/debian/"),
        ("http://vendor/ main My Company\nhttp://a/ubuntu/ universe Ubuntu\nhttp://a/ubuntu/ main Ubuntu\n", "http://a/ubuntu/"),
        ("http://a/debian/ main $(ORIGIN)\nhttp://b/debian/ main $(ORIGIN)\n", "http://a/debian/"),
        ("http://a/debian/ main \n", "http://a/debian/"),
    ],
)
def test_archive_is_of_the_distribution_where_apt_knows(lines: str, archive: str) -> None:
    assert c_library.archive_of(lines) == archive


def test_archives_of_other_vendors_alone_are_refused() -> None:
    with pytest.raises(SetupError, match="container of a newer system"):
        c_library.archive_of("http://vendor/ main Docker\n")


def test_only_libraries_are_collected(tmp_path: Path) -> None:
    tree = tmp_path / "usr" / "lib"
    (tree / "gconv").mkdir(parents=True)
    (tree / "libc.so.6").write_text("c")
    (tree / "libm.so").symlink_to("libc.so.6")
    (tree / "gconv" / "UTF-7.so").write_text("no")
    (tree / "README").write_text("no")
    c_library.collect_libraries(tmp_path, tmp_path / "flat")
    assert sorted(path.name for path in (tmp_path / "flat").iterdir()) == ["libc.so.6", "libm.so"]
    assert not (tmp_path / "flat" / "libm.so").is_symlink()


def test_archive_is_found_where_the_lists_were_never_fetched() -> None:
    uris = (
        "'http://a/debian-security/dists/bookworm-security/InRelease' x_InRelease 0 \n"
        "'http://a/debian/dists/bookworm/InRelease' y_InRelease 0 \n"
        "'http://a/debian/dists/bookworm/main/binary-amd64/Packages.xz' z 0 \n"
    )
    assert c_library.archive_of(c_library.targets_before_update(uris)) == "http://a/debian/"
