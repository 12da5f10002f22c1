"""Small DICOM files, written by pydicom."""

import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import MEANING, Reason

DEFAULT = RenderSettings()
LIMITS = Limits()


def image_dataset(stored: np.ndarray, **elements: Any) -> Dataset:
    """Return a dataset of grey values [frames,] height, width, or of RGB with a last axis of 3."""
    colours = stored.ndim > 2 and stored.shape[-1] == 3
    grid = stored.shape[:-1] if colours else stored.shape
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    dataset.Rows, dataset.Columns = grid[-2:]
    if len(grid) == 3:
        dataset.NumberOfFrames = grid[0]
    dataset.SamplesPerPixel = 3 if colours else 1
    if colours:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if colours else "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = stored.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    if stored.dtype.kind == "f":
        dataset.FloatPixelData = stored.tobytes()
        del dataset.BitsStored, dataset.HighBit
    else:
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        dataset.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
        dataset["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def file_of(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """Return the bytes of a file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture
def dataset_of() -> Callable[..., Dataset]:
    return image_dataset


@pytest.fixture
def dicom_file() -> Callable[..., bytes]:
    return file_of


@pytest.fixture
def rendered() -> Callable[..., np.ndarray]:
    """Writes values and elements as a file, and renders that."""

    def render(
        stored: np.ndarray, settings: RenderSettings = DEFAULT, *, frame: int | None = None, **elements: Any
    ) -> np.ndarray:
        return render_dicom(file_of(image_dataset(stored, **elements)), settings, limits=LIMITS, frame=frame)

    return render


@pytest.fixture
def reason_of() -> Callable[..., str]:
    """Renders bytes and gives the reason why that fails."""

    def reason(encoded: bytes, settings: RenderSettings = DEFAULT, *, limits: Limits = LIMITS, frame: int | None = None) -> str:
        with pytest.raises(ImageError) as caught:
            render_dicom(encoded, settings, limits=limits, frame=frame)
        assert str(caught.value) == MEANING[Reason(caught.value.reason)]
        return caught.value.reason

    return reason


@pytest.fixture
def quiet() -> Iterator[None]:
    """Real files make pydicom warn of their faults."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
