"""Pushes into an object store that is mounted as a folder, where no rename makes many files visible in one step.

There a folder exists as soon as one object below it does, and a rename is a copy of each object. So a server must not be
pointed at the folder of versions; it follows `models.config`, one small object that is replaced as a whole: upload, verify by
reading back, write the manifest, then name the version there. `saved_model.pb`, without which no loader takes a folder for a
model, is uploaded last all the same.

    tensorflow_model_server --model_config_file=<folder>/models.config --model_config_file_poll_wait_seconds=1
"""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from components.pusher.durable import STAGING
from components.pusher.manifest import FileDigest, Provenance, manifest_content, manifest_path
from components.pusher.push import next_version
from components.pusher.served import digest_of, file_digests
from components.pusher.versions import CONFIG_FILE
from pipeline.errors import MedtfxError

LAST = "saved_model.pb"
CONFIG = """model_config_list {{
  config {{
    name: {name}
    base_path: {base_path}
    model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: {version} }} }}
  }}
}}
"""


class UploadError(MedtfxError):
    """What was read back is not what was written."""


def push_objects(
    export: Path, serving_dir: Path, *, provenance: Provenance, check: Callable[[Path], None], base_path: str | None = None
) -> int:
    """Upload an export as the next version, verify it, then have models.config name it; return the version.

    One push at a time: such mounts lock nothing.

    Args:
        export: folder of a SavedModel.
        serving_dir: folder of the mount, made when absent.
        provenance: what the manifest says that the version stands on.
        check: raises when the export can't be loaded; it is asked before the upload.
        base_path: how the server names the folder, such as gs://bucket/demo; default: as here.

    Raises:
        UploadError: a file reads back otherwise; the version before stays named.
        OSError: the mount refuses; so too.
    """
    check(export)
    serving_dir.mkdir(parents=True, exist_ok=True)
    files = dict(file_digests(export))
    version = next_version(serving_dir, now=int(time.time()))
    for name in sorted(files, key=lambda name: (name == LAST, name)):
        _upload(export / name, serving_dir / str(version) / name, files[name])
    content = manifest_content(serving_dir.name, version, files=files, provenance=provenance)
    manifest_path(serving_dir, version).write_bytes(content)
    name, place = (json.dumps(text, ensure_ascii=False) for text in (serving_dir.name, base_path or str(serving_dir.absolute())))
    config = CONFIG.format(name=name, base_path=place, version=version)
    temporary = serving_dir / f"{STAGING}{CONFIG_FILE}"
    temporary.write_text(config, encoding="utf-8")
    temporary.replace(serving_dir / CONFIG_FILE)  # of one object: whoever reads the name gets the old one or the new one
    return version


def _upload(source: Path, target: Path, digest: FileDigest) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if digest_of(target) != digest:
        raise UploadError(f"{source.name} reads back otherwise than it was written; the version before stays served. Push again.")
