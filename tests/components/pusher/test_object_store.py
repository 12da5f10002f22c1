import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.pusher.manifest import Provenance
from components.pusher.object_store import UploadError, push_objects
from components.pusher.push import push
from components.pusher.served import is_whole
from components.pusher.versions import CONFIG_FILE, named_version, served, versions

PROVENANCE = Provenance("run", 1, {})
LOOP = """
import sys
from pathlib import Path
from components.pusher.manifest import Provenance
from components.pusher.object_store import push_objects
print("ready", flush=True)
while True:
    push_objects(Path(sys.argv[1]), Path(sys.argv[2]), provenance=Provenance("run", 1, {}), check=lambda folder: None)
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export" / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/data", "assets.extra"):
        (tmp_path / "export" / name).write_bytes(name.encode() * 10_000)
    return tmp_path / "export"


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as a mount of an object store is: no folder can be renamed, nothing locked, no mode changed."""
    rename, replace = os.rename, os.replace

    def of_files_only(really):
        def moved(source, target, **words):
            if Path(source).is_dir():
                raise OSError(errno.ENOTSUP, "Operation not supported")
            return really(source, target, **words)

        return moved

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "rename", of_files_only(rename))
    monkeypatch.setattr(os, "replace", of_files_only(replace))
    for name in ("fchmod", "chmod"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(fcntl, "flock", refuse)
    return tmp_path / "bucket" / "demo"


def pushed(export: Path, bucket: Path, **words: str) -> int:
    return push_objects(export, bucket, provenance=PROVENANCE, check=lambda _: None, **words)


def test_pushed_version_is_whole_and_is_the_one_that_a_server_is_told(export: Path, bucket: Path) -> None:
    first, second = pushed(export, bucket), pushed(export, bucket)
    assert second > first
    assert named_version(bucket) == second
    now = served(versions(bucket))
    assert now is not None
    assert (now.number, is_whole(now)) == (second, True)


def test_config_is_what_tf_serving_reads(export: Path, bucket: Path) -> None:
    from google.protobuf import text_format  # noqa: PLC0415
    from tensorflow_serving.apis import model_management_pb2  # noqa: F401, PLC0415 - loads TensorFlow's messages first
    from tensorflow_serving.config import model_server_config_pb2  # noqa: PLC0415

    version = pushed(export, bucket, base_path='gs://a "bucket"/demo')
    text = (bucket / CONFIG_FILE).read_text()
    (config,) = text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config
    assert (config.name, config.base_path, config.model_platform) == ("demo", 'gs://a "bucket"/demo', "tensorflow")
    assert list(config.model_version_policy.specific.versions) == [version]


def test_graph_is_uploaded_last_and_the_config_after_it(export: Path, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order, really = [], shutil.copyfile

    def note(source, target):
        order.append((Path(target).name, (bucket / CONFIG_FILE).exists()))
        return really(source, target)

    monkeypatch.setattr(shutil, "copyfile", note)
    pushed(export, bucket)
    assert order == [("assets.extra", False), ("data", False), ("saved_model.pb", False)]


def test_upload_that_reads_back_otherwise_is_not_served(export: Path, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, really = pushed(export, bucket), shutil.copyfile

    def lossy(source, target):
        really(source, target)
        Path(target).write_bytes(Path(target).read_bytes()[:-1])

    monkeypatch.setattr(shutil, "copyfile", lossy)
    with pytest.raises(UploadError, match=r"reads back otherwise than it was written; the version before stays served"):
        pushed(export, bucket)
    assert named_version(bucket) == first


def test_export_that_does_not_load_is_not_uploaded(export: Path, bucket: Path) -> None:
    def check(_: Path) -> None:
        raise RuntimeError("does not load")

    with pytest.raises(RuntimeError, match="does not load"):
        push_objects(export, bucket, provenance=PROVENANCE, check=check)
    assert not bucket.exists()


def test_push_by_rename_fails_there_and_leaves_no_version(export: Path, bucket: Path) -> None:
    bucket.mkdir(parents=True)
    with pytest.raises(OSError, match=r"not implemented|not supported"):
        push(export, bucket, provenance=PROVENANCE, check=lambda _: None)
    assert not [entry for entry in bucket.iterdir() if entry.name.isdecimal()]


def test_killed_upload_leaves_the_version_before_named(export: Path, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    pushed(export, bucket)
    for seed in range(8):
        child = subprocess.Popen([sys.executable, "-c", LOOP, str(export), str(bucket)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(5):
            time.sleep(0.003 * (seed + 1))
            now = int(re.findall(r"versions: (\d+)", (bucket / CONFIG_FILE).read_text())[0])
            assert is_whole(next(version for version in versions(bucket) if version.number == now))
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
