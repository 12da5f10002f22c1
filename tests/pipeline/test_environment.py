import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import environment

LOCK = """absl-py==1.4.0 \\
    --hash=sha256:aa
    # via keras
uv==0.13.9 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via medtfx (setup.py)
uvloop==1.0 \\
    --hash=sha256:dd
"""


def test_locked_takes_whole_blocks_of_exactly_these_names() -> None:
    block = environment.locked(LOCK, ["uv"])
    assert "uv==0.13.9" in block
    assert "bb" in block
    assert "cc" in block
    assert "uvloop" not in block
    assert "absl" not in block


def test_real_lock_has_hashes_for_everything_and_names_the_installers(project: Path) -> None:
    lock = (project / "requirements.lock").read_text()
    pins = re.findall(r"^[A-Za-z0-9_.-]+==", lock, flags=re.MULTILINE)
    blocks = re.findall(r"^[A-Za-z0-9_.-]+==.*\\\n    --hash=sha256:", lock, flags=re.MULTILINE)
    assert len(pins) == len(blocks) > 100
    for name in environment.INSTALLERS:
        assert f"\n{name}==" in lock


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
    assert environment.distribution(text) == family


def test_archive_is_the_first_main_one_that_is_not_security() -> None:
    assert environment.archive_of("http://a/debian-security/ main\nhttp://a/debian/ main\n") == "http://a/debian/"
    with pytest.raises(environment.SetupError, match="container of a newer system"):
        environment.archive_of("")


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
    assert environment.archive_of(lines) == archive


def test_archives_of_other_vendors_alone_are_refused() -> None:
    with pytest.raises(environment.SetupError, match="container of a newer system"):
        environment.archive_of("http://vendor/ main Docker\n")


def test_missing_header_names_the_package(tmp_path: Path) -> None:
    minor = f"python3.{sys.version_info[1]}"
    with pytest.raises(environment.SetupError, match=f"apt-get install .*{minor}-dev"):
        environment.check_prerequisites(include=tmp_path)


def test_failed_command_shows_the_end_of_its_output() -> None:
    with pytest.raises(environment.SetupError, match="boom"):
        environment.run([sys.executable, "-c", "import sys; print('boom'); sys.exit(3)"])


def test_only_libraries_are_collected(tmp_path: Path) -> None:
    tree = tmp_path / "usr" / "lib"
    (tree / "gconv").mkdir(parents=True)
    (tree / "libc.so.6").write_text("c")
    (tree / "libm.so").symlink_to("libc.so.6")
    (tree / "gconv" / "UTF-7.so").write_text("no")
    (tree / "README").write_text("no")
    environment.collect_libraries(tmp_path, tmp_path / "flat")
    assert sorted(path.name for path in (tmp_path / "flat").iterdir()) == ["libc.so.6", "libm.so"]
    assert not (tmp_path / "flat" / "libm.so").is_symlink()


def test_without_compiler_make_says_what_to_install(project: Path, tmp_path: Path) -> None:
    """A real child whose PATH holds no g++."""
    (tmp_path / "python3").symlink_to(sys._base_executable)
    done = subprocess.run(
        [sys._base_executable, str(project / "pipeline" / "environment.py"), str(project), str(tmp_path / "venv")],
        env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "g++" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "venv").exists()


def test_archive_is_found_where_the_lists_were_never_fetched() -> None:
    uris = (
        "'http://a/debian-security/dists/bookworm-security/InRelease' x_InRelease 0 \n"
        "'http://a/debian/dists/bookworm/InRelease' y_InRelease 0 \n"
        "'http://a/debian/dists/bookworm/main/binary-amd64/Packages.xz' z 0 \n"
    )
    assert environment.archive_of(environment.targets_before_update(uris)) == "http://a/debian/"
