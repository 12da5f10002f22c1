"""A pushed model, an archive of real files, and batches over it in this process."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.batch.archive import ArchivedImage
from pipeline.batch.chosen_version import ChosenVersion, chosen_version
from serving.client import Failure, Prediction


@pytest.fixture(scope="session")
def small_model(load_test_module: Callable[[str], ModuleType]) -> ModuleType:
    """The maker of the model."""
    return load_test_module("pipeline/batch/small_model.py")


@pytest.fixture(scope="session")
def serving_folder(small_model: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two versions; no test changes it."""
    return small_model.push_versions(tmp_path_factory.mktemp("pushed"))


@pytest.fixture(scope="session")
def version_numbers(serving_folder: Path) -> list[int]:
    """Both versions, the served one last."""
    return sorted(int(entry.name) for entry in serving_folder.iterdir() if entry.name.isdecimal())


@pytest.fixture(scope="session")
def version(serving_folder: Path) -> ChosenVersion:
    """The served one."""
    return chosen_version(str(serving_folder))


@pytest.fixture(scope="session")
def real_archive(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real files in some levels: DICOM, JPEG, PNG, damaged ones, and what a system leaves there."""
    folder = tmp_path_factory.mktemp("archive")
    dicom = sorted((shared_data / "dicom" / "pydicom").glob("*.dcm"))[::4]
    hostile = [path for path in sorted((shared_data / "hostile").rglob("*")) if path.is_file()]
    for number, file in enumerate([*dicom, *hostile[:: len(hostile) // 24]]):
        place = folder / f"study-{number % 3}" / f"{number:03}-{file.name}"
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, place)
    (folder / ".DS_Store").write_bytes(b"x")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of ten small PNG files."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(3)
    for number in range(10):
        pixels = random.integers(0, 256, (20 + number, 30, 1), np.uint8)
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return folder


@pytest.fixture
def images(pictures: Path) -> list[ArchivedImage]:
    return [ArchivedImage(str(path)) for path in sorted(pictures.iterdir())]


@pytest.fixture
def prediction() -> Callable[[str], Prediction]:
    return lambda name: Prediction(name, ("a", "b"), np.array([0.3, 0.7], np.float32), "b", "demo", 7)


@pytest.fixture
def failed() -> Callable[[str], Failure]:
    return lambda name: Failure(name, "truncated", "the file ends early")


@pytest.fixture
def reasons() -> Callable[[Any], Counter[str]]:
    """Count the outcomes of lines, a prediction under ''."""
    return lambda lines: Counter(getattr(line.outcome, "reason", "") for line in lines)
