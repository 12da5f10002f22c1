"""ImageExampleGen's work without the rest of a pipeline: the manifest's images become examples in a folder."""

import argparse
import json
import secrets
import time
from pathlib import Path

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, standard_artifacts

from bench.images import CLASSES
from components.artifacts import IngestAccount
from components.image_example_gen.account import read_account
from components.image_example_gen.executor import ACCOUNT, EXAMPLES, Executor
from components.image_example_gen.manifest import digest
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.settings import IngestSettings
from pipeline.beam_arguments import IN_PROCESS


def ingest(manifest: Path, folder: Path) -> int:
    """Ingest a manifest into an empty folder; return the number of examples."""
    key = secrets.token_bytes(32)
    (folder / "key").write_text(key.hex())
    settings = IngestSettings(classes=CLASSES, key_id=Pseudonymizer(key).key_id, key_file=str(folder / "key"))
    outputs: dict[str, list[Artifact]] = {EXAMPLES: [standard_artifacts.Examples()], ACCOUNT: [IngestAccount()]}
    for name, (artifact,) in outputs.items():
        artifact.uri = str(folder / name)
        Path(artifact.uri).mkdir()
    properties = {
        "manifest": str(manifest),
        "manifest_sha256": digest(manifest),
        "settings": settings.to_json(),
        "work_dir": str(folder / "work"),
    }
    Executor(BaseBeamExecutor.Context(beam_pipeline_args=IN_PROCESS)).Do({}, outputs, properties)
    return int(read_account(folder / ACCOUNT)["examples"])


def main() -> None:
    """Ingest and print the seconds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    begin = time.monotonic()
    images = ingest(wanted.manifest, wanted.folder)
    print(json.dumps({"images": images, "seconds": {"work": time.monotonic() - begin}}))


if __name__ == "__main__":
    main()
