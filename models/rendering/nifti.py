"""NIfTI files (NIfTI-1 and NIfTI-2, plain or compressed by gzip): axial slices are frames.

Whatever way a volume is stored, it is seen as a radiologist sees an axial slice: the patient's right at the left, anterior in
row 0 (the nearest axes of the header's affine, as nibabel's `as_closest_canonical` finds them). Frames count from the feet up. Of
a series in time the first volume counts. Pixels become square.
"""

import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from nibabel import Nifti1Header, Nifti2Header
from nibabel.arrayproxy import ArrayProxy
from nibabel.orientations import io_orientation

from models.rendering.aspect import Size, resize, square_size
from models.rendering.file_kind import GZIP_SIGNATURE, NIFTI_1, NIFTI_2, NIFTI_MAGIC
from models.rendering.frames import chosen_frames
from models.rendering.real_values import render_values
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason, failure

HEADERS = {NIFTI_1: Nifti1Header, NIFTI_2: Nifti2Header}  # by the magic that opens the file
HEADER_BYTES = 540  # of NIfTI-2, the longer one
RIGHT, ANTERIOR, SUPERIOR = 0, 1, 2  # the patient's axes in nibabel's order
RGB_FIELDS = ("R", "G", "B")


@dataclass(frozen=True)
class Volume:
    """The first volume of a file, not yet read.

    Args:
        voxels: what nibabel reads and scales slices of, [i, j, k] as stored.
        axes: the stored axis that lies nearest to each of the patient's axes.
        flipped: for each of the patient's axes whether the stored axis runs against it.
        spacing: of the stored axes in mm.
    """

    voxels: ArrayProxy
    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    spacing: tuple[float, float, float]

    @property
    def slices(self) -> int:
        """Number of axial slices."""
        return int(self.voxels.shape[self.axes[SUPERIOR]])

    @property
    def pixel_aspect(self) -> float:
        """The height of an axial slice's pixel over its width, 1 where the header gives no lengths."""
        height, width = self.spacing[self.axes[ANTERIOR]], self.spacing[self.axes[RIGHT]]
        return height / width if 0 < height < math.inf and 0 < width < math.inf else 1.0

    def values(self, chosen: Sequence[int]) -> np.ndarray:
        """Return neighbouring axial slices, numbered from the feet up, as [i, j, k] in the order of storage."""
        first, last = chosen[0], chosen[-1]
        if self.flipped[SUPERIOR]:
            first, last = self.slices - 1 - last, self.slices - 1 - first
        index = [slice(None)] * 3
        index[self.axes[SUPERIOR]] = slice(first, last + 1)
        return np.asarray(self.voxels[tuple(index)])


def render_nifti(encoded: bytes, settings: RenderSettings, *, limits: Limits, frame: int | None = None) -> np.ndarray:
    """Return the 8-bit pixels of a NIfTI file, uint8 [rows, columns] or [rows, columns, 3].

    Values are scaled by the header's scl_slope and scl_inter and go through `settings.windows`, or their whole range; RGB stays.

    Args:
        encoded: the bytes of the file.
        settings: how values become pixels, and which slice.
        limits: what the file may ask for; of compressed files nothing beyond the header's claim is unpacked.
        frame: the axial slice, from 1; None: as the settings say.

    Raises:
        ImageError: with the reason code.
    """
    try:
        volume = open_volume(encoded, limits)
        return displayed(volume, settings, limits=limits, frame=frame)
    except (ImageError, MemoryError):
        raise
    except EOFError as error:
        raise failure(Reason.TRUNCATED) from error
    except Exception as error:  # nibabel answers damage with HeaderDataError, ValueError, LinAlgError and more
        raise failure(Reason.UNDECODABLE) from error


def open_volume(encoded: bytes, limits: Limits) -> Volume:
    """Read the header, check its claims and unpack what it claims, if that is compressed."""
    header = read_header(unpacked(encoded, HEADER_BYTES))
    shape = (*(int(side) for side in header.get_data_shape()[:3]), 1, 1)[:3]
    needed = header.get_data_offset() + math.prod(shape) * header.get_data_dtype().itemsize
    orientation = io_orientation(header.get_best_affine())
    right, anterior, superior = (int(np.flatnonzero(orientation[:, 0] == axis)[0]) for axis in (RIGHT, ANTERIOR, SUPERIOR))
    check_claims((shape[anterior], shape[right]), shape[superior], needed=needed, limits=limits)
    content = unpacked(encoded, needed)
    if len(content) < needed:
        raise failure(Reason.TRUNCATED)
    x, y, z = (*(float(zoom) for zoom in header.get_zooms()[:3]), 1.0, 1.0)[:3]
    header.set_data_shape(shape)
    return Volume(
        voxels=ArrayProxy(BytesIO(content), header),
        axes=(right, anterior, superior),
        flipped=(orientation[right, 1] < 0, orientation[anterior, 1] < 0, orientation[superior, 1] < 0),
        spacing=(x, y, z),
    )


def unpacked(encoded: bytes, most_bytes: int) -> bytes:
    """Return the first bytes of a file compressed by gzip, however many there would be; of another file all that it has."""
    if not encoded.startswith(GZIP_SIGNATURE):
        return encoded
    with gzip.open(BytesIO(encoded)) as stream:
        return stream.read(most_bytes)


def read_header(begin: bytes) -> Nifti1Header:
    """Return the header at the begin of a file."""
    for magic, place in NIFTI_MAGIC.items():
        if begin[place : place + len(magic)] == magic:
            return HEADERS[magic].from_fileobj(BytesIO(begin))
    raise failure(Reason.UNSUPPORTED_FORMAT)


def check_claims(plane: tuple[int, int], slices: int, *, needed: int, limits: Limits) -> None:
    """Refuse a header that claims too much, before anything is unpacked or read."""
    height, width = plane
    if min(height, width, slices) < 1 or height * width > limits.pixels:
        raise failure(Reason.TOO_MANY_PIXELS)
    if slices > limits.frames:
        raise failure(Reason.TOO_MANY_FRAMES)
    if needed > limits.memory_mb * 2**20:
        raise failure(Reason.TOO_MUCH_MEMORY)


def displayed(volume: Volume, settings: RenderSettings, *, limits: Limits, frame: int | None) -> np.ndarray:
    """Return the chosen slice, or the maximum of all, as it is displayed."""
    chosen = chosen_frames(volume.slices, settings.frames, frame)
    values = number_values(volume.values(chosen))
    plane = np.fmax.reduce(values, axis=volume.axes[SUPERIOR])
    pixels = plane if plane.ndim == 3 else render_values(plane, settings.windows)
    image = radiological(pixels, volume)
    return resize(image, square_size(Size(*image.shape[:2]), volume.pixel_aspect, limits))


def number_values(values: np.ndarray) -> np.ndarray:
    """Return voxels as real numbers [i, j, k], or those of RGB voxels as uint8 [i, j, k, 3].

    Raises:
        ImageError: unsupported_format, for complex numbers.
    """
    if values.dtype.names is not None and values.dtype.names[:3] == RGB_FIELDS:
        return np.stack([values[name] for name in RGB_FIELDS], axis=-1)
    if values.dtype.kind not in "biuf":
        raise failure(Reason.UNSUPPORTED_FORMAT)
    return values


def radiological(plane: np.ndarray, volume: Volume) -> np.ndarray:
    """Turn a stored axial slice so that row 0 is anterior and column 0 the patient's right."""
    if volume.axes[ANTERIOR] > volume.axes[RIGHT]:
        plane = plane.swapaxes(0, 1)
    # The patient's axes run to the left border (right) and to row 0 (anterior), so what runs along them is turned.
    rows = slice(None) if volume.flipped[ANTERIOR] else slice(None, None, -1)
    columns = slice(None) if volume.flipped[RIGHT] else slice(None, None, -1)
    return np.ascontiguousarray(plane[rows, columns])
