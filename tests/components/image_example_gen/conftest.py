"""A small data set on disk, and an ingest of it without ML Metadata."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.artifacts import IngestAccount
from components.image_example_gen.executor import Executor
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.manifest import digest
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.settings import IngestSettings
from models.rendering.settings import Limits, RenderSettings
from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_job import EndedWithNode
from pipeline.beam_memo import remembered

KEY = bytes(range(32))
HEADER = ("path", "label", "patient_id", "site")


def executor_with(beam: Sequence[str]) -> Executor:
    """Return the executor as a run starts it."""
    return Executor(
        BaseBeamExecutor.Context(beam_pipeline_args=list(beam), make_beam_pipeline_fn=partial(EndedWithNode, list(beam)))
    )


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    """The executor in this process, and what Beam works out for it again and again worked out once for a module."""
    with remembered():
        yield executor_with(IN_PROCESS)


@dataclass(frozen=True)
class DataSet:
    """A folder of images with its manifest, and the settings that read it."""

    folder: Path
    settings: IngestSettings
    rows: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.csv"

    def write_manifest(self, header: Sequence[str] = HEADER) -> None:
        with self.manifest.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *self.rows])

    def with_settings(self, **changes: object) -> "DataSet":
        return replace(self, settings=replace(self.settings, **changes))  # type: ignore[arg-type]

    def ingest(self, target: Path, work: Path, beam: Sequence[str] = IN_PROCESS) -> tuple[Path, Path]:
        """Run the executor with Beam's arguments; return the folders of examples and account."""
        examples, account = standard_artifacts.Examples(), IngestAccount()
        for name, artifact in (("examples", examples), ("account", account)):
            artifact.uri = str(target / name)
            Path(artifact.uri).mkdir(parents=True)
        properties = {
            "manifest": str(self.manifest),
            "manifest_sha256": digest(self.manifest),
            "settings": self.settings.to_json(),
            "work_dir": str(work),
        }
        with remembered():
            executor_with(beam).Do({}, {"examples": [examples], "account": [account]}, properties)
        return Path(examples.uri), Path(account.uri)


@pytest.fixture
def renderer() -> Iterator[GuardedRenderer]:
    """Real child processes, ended with the test."""
    with GuardedRenderer(RenderSettings(), Limits()) as renderer:
        yield renderer


@pytest.fixture
def crashing_dicom(shared_data: Path) -> bytes:
    """A lossless JPEG in DICOM that claims 214 bit instead of 8: GDCM, its one decoder, ends the process on it."""
    encoded = bytearray((shared_data / "dicom/pydicom/SC_rgb_jpeg_gdcm.dcm").read_bytes())
    frame_header = encoded.rfind(b"\xff\xc3\x00\x11\x08")
    encoded[frame_header + 4] = 214
    return bytes(encoded)


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[..., DataSet]:
    """Return a function that writes `count` images of 20 x 24 pixels, two per patient, and their manifest."""

    def make(count: int = 24, name: str = "data") -> DataSet:
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        (folder / "pseudonym.key").write_text(KEY.hex())
        settings = IngestSettings(
            classes=("ill", "well"),
            key_id=Pseudonymizer(KEY).key_id,
            key_file=str(folder / "pseudonym.key"),
            slices=("site",),
            fractions=(0.5, 0.25, 0.25),
            shard_rows=5,
            size=16,
            channels=1,
        )
        data = DataSet(folder, settings)
        random = np.random.default_rng(5)
        for number in range(count):
            path = f"images/Doe_Jane_{number}.png"
            Image.fromarray(random.integers(0, 256, (24, 20), dtype=np.uint8)).save(folder / path)
            data.rows.append((path, ("ill", "well")[number // 2 % 2], f"MRN{number // 2:03d}", ("north", "")[number % 2]))
        data.write_manifest()
        return data

    return make
