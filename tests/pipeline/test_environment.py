import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import environment
from pipeline.setup_command import SetupError


def test_real_lock_has_hashes_for_everything_and_names_the_installers(project: Path) -> None:
    lock = (project / "requirements.lock").read_text()
    pins = re.findall(r"^[A-Za-z0-9_.-]+==", lock, flags=re.MULTILINE)
    blocks = re.findall(r"^[A-Za-z0-9_.-]+==.*\\\n    --hash=sha256:", lock, flags=re.MULTILINE)
    assert len(pins) == len(blocks) > 100
    for name in environment.INSTALLERS:
        assert f"\n{name}==" in lock


def test_missing_header_names_the_package(tmp_path: Path) -> None:
    minor = f"python3.{sys.version_info[1]}"
    with pytest.raises(SetupError, match=f"apt-get install .*{minor}-dev"):
        environment.check_prerequisites(include=tmp_path)


def test_without_compiler_make_says_what_to_install(project: Path, tmp_path: Path) -> None:
    """A real child whose PATH holds no g++."""
    (tmp_path / "python3").symlink_to(sys._base_executable)
    done = subprocess.run(
        [sys._base_executable, "-m", "pipeline.environment", str(project), str(tmp_path / "venv")], cwd=project,
        env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "g++" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "venv").exists()
