import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline import bundle
from pipeline.setup_command import SetupError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle of two files."""
    (tmp_path / "wheels").mkdir()
    bundle.write_target(tmp_path / "wheels")
    (tmp_path / "wheels/six.whl").write_bytes(b"six")
    bundle.write_checksums(tmp_path, [tmp_path / "wheels/six.whl", tmp_path / "wheels/built-for.json"])
    return tmp_path


def test_whole_bundle_is_counted(folder: Path) -> None:
    assert bundle.check(folder) == 2


def test_record_is_one_that_sha256sum_reads(folder: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", bundle.CHECKSUMS], cwd=folder, check=True)


def test_digest_of_the_record_is_returned(folder: Path) -> None:
    digest = bundle.write_checksums(folder, [folder / "wheels/six.whl"])
    assert digest == hashlib.sha256((folder / bundle.CHECKSUMS).read_bytes()).hexdigest()


def test_missing_and_damaged_files_are_all_named(folder: Path) -> None:
    (folder / "wheels/six.whl").write_bytes(b"sox")
    (folder / "wheels/built-for.json").unlink()
    with pytest.raises(SetupError, match=r"(?s)^2 files .*missing: wheels/built-for.json.*damaged: wheels/six.whl"):
        bundle.check(folder)


def test_files_elsewhere_are_not_looked_at(folder: Path) -> None:
    (folder / "wheels/six.whl").unlink()
    assert bundle.check(folder, below=("wheels/built",)) == 1


def test_long_lists_of_faults_are_cut(folder: Path) -> None:
    lines = "".join(f"00  wheels/{number}.whl\n" for number in range(bundle.SHOWN + 5))
    (folder / bundle.CHECKSUMS).write_text(lines)
    with pytest.raises(SetupError, match="and 5 more"):
        bundle.check(folder)


def test_folder_without_record_is_refused(tmp_path: Path) -> None:
    assert not bundle.is_bundle(tmp_path)
    with pytest.raises(SetupError, match="SHA256SUMS is missing"):
        bundle.check(tmp_path)


@pytest.mark.parametrize("lost", ["wheels", "SHA256SUMS"])
def test_part_of_a_bundle_never_passes_for_a_checkout(folder: Path, lost: str) -> None:
    """Its set-up would otherwise wait for a package index that is not there."""
    (shutil.rmtree if (folder / lost).is_dir() else Path.unlink)(folder / lost)
    assert bundle.is_bundle(folder)
    with pytest.raises(SetupError):
        bundle.check(folder)


@pytest.mark.parametrize(
    ("python", "platform"), [("3.9", bundle.Target.here().platform), (bundle.Target.here().python, "linux-riscv64")]
)
def test_other_python_or_machine_is_refused_by_name(folder: Path, python: str, platform: str) -> None:
    (folder / "wheels/built-for.json").write_text(json.dumps({"python": python, "platform": platform}))
    with pytest.raises(SetupError, match=f"is for Python {python} on {platform}; this is Python {bundle.Target.here().python}"):
        bundle.check_target(folder / "wheels")


def test_own_python_and_machine_are_accepted(folder: Path) -> None:
    bundle.check_target(folder / "wheels")
