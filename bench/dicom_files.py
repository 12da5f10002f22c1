"""Generated DICOM files of real sizes: a CT slice and a radiograph, uncompressed and as lossless JPEG 2000."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    generate_uid,
)

HIDDEN = "generated"  # entropy of the UIDs: the same files every time


def generated_files() -> dict[str, bytes]:
    """Return files by name."""
    slices = {"CT 512 x 512": ct_slice(), "CR 2500 x 2048": radiograph()}
    native = {f"{name}, uncompressed": encoded(dataset) for name, dataset in slices.items()}
    for dataset in slices.values():
        dataset.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    return native | {f"{name}, JPEG 2000": encoded(dataset) for name, dataset in slices.items()}


def ct_slice() -> Dataset:
    """Return 512 x 512 signed values of 16 bit in Hounsfield units with a window for the abdomen and padding round the circle."""
    values = tissue(512, 512, low=-1000, high=400, noise=12).astype("<i2")
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    values[x**2 + y**2 > 1] = -2000
    scale = {"RescaleSlope": 1, "RescaleIntercept": 0, "WindowCenter": 40, "WindowWidth": 400, "PixelPaddingValue": -2000}
    return image(values, CTImageStorage, PixelRepresentation=1, PhotometricInterpretation="MONOCHROME2", BitsStored=16, **scale)


def radiograph() -> Dataset:
    """Return 2500 x 2048 unsigned values of 15 bit, dark where they are high, with a window."""
    values = tissue(2500, 2048, low=800, high=26_000, noise=60).astype("<u2")
    scale: Mapping[str, int] = {"WindowCenter": 15_000, "WindowWidth": 20_000}
    kind = ComputedRadiographyImageStorage
    return image(values, kind, PixelRepresentation=0, PhotometricInterpretation="MONOCHROME1", BitsStored=15, **scale)


def tissue(height: int, width: int, *, low: float, high: float, noise: float) -> np.ndarray:
    """Return float32 [height, width]: smooth shades from `low` to `high` and the noise of a detector."""
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.uniform(low, high, (24, 24)).astype(np.float32))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return (smooth + random.normal(0, noise, (height, width)).astype(np.float32)).clip(low, high)


def image(values: np.ndarray, kind: str, **elements: object) -> Dataset:
    """Return the dataset of an uncompressed image of 16 bit."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, generate_uid(entropy_srcs=[HIDDEN, kind])
    dataset.PatientName, dataset.PatientID, dataset.StudyDescription = "Generated^Image", "0", "Bench"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.BitsAllocated, dataset.PixelSpacing = 1, 16, [0.5, 0.5]
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = kind, dataset.SOPInstanceUID
    return dataset


def encoded(dataset: Dataset) -> bytes:
    """Return the bytes of a file."""
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()
