"""What a DICOM header may ask for, checked before any pixel is decoded."""

from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEGExtended12Bit

from models.rendering.codestream import claimed_size
from models.rendering.settings import Limits, RenderSettings
from pipeline.reasons import Reason, failure

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
PHOTOMETRIC = {
    "MONOCHROME1",
    "MONOCHROME2",
    "PALETTE COLOR",
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_ICT",
    "YBR_RCT",
}
MOST_COMPONENTS = 4


def check_header(dataset: Dataset, settings: RenderSettings, limits: Limits) -> None:
    """Refuse a file by its header.

    Raises:
        ImageError: no pixels, burned-in text, an unknown transfer syntax or colour space, more pixels, frames or
            compression than the limits allow, or fewer bytes than the header claims.
    """
    if not pixel_bytes(dataset):
        raise failure(Reason.NO_PIXELS)
    if settings.burned_in != "accept" and str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        raise failure(Reason.BURNED_IN_TEXT)
    check_decodable(dataset)
    check_claim(dataset, limits)


def pixel_bytes(dataset: Dataset) -> int:
    """Return the length of the pixel data, 0 where there is none."""
    return sum(len(dataset[keyword].value or b"") for keyword in PIXEL_KEYWORDS if keyword in dataset)


def frame_count(dataset: Dataset) -> int:
    """Return how many frames the header claims; absent, empty and 0 mean one."""
    return int(dataset.get("NumberOfFrames") or 1)


def check_decodable(dataset: Dataset) -> None:
    """Refuse a transfer syntax without decoder, and colours that become neither grey nor RGB."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError as error:
        raise failure(Reason.UNSUPPORTED_TRANSFER_SYNTAX) from error
    if not available or (syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8):  # no free decoder reads its 12 bit
        raise failure(Reason.UNSUPPORTED_TRANSFER_SYNTAX)
    if dataset.get("PhotometricInterpretation") and dataset.PhotometricInterpretation not in PHOTOMETRIC:
        raise failure(Reason.UNSUPPORTED_PHOTOMETRIC)


def check_claim(dataset: Dataset, limits: Limits) -> None:
    """Refuse more pixels, frames or raw bytes than the limits and the file's own length allow."""
    frames, pixels = frame_count(dataset), int(dataset.Rows) * int(dataset.Columns)
    if not 1 <= pixels <= limits.pixels:
        raise failure(Reason.TOO_MANY_PIXELS)
    if frames < 1:
        raise failure(Reason.UNDECODABLE)
    if frames > limits.frames:
        raise failure(Reason.TOO_MANY_FRAMES)
    raw = frames * pixels * int(dataset.SamplesPerPixel) * int(dataset.BitsAllocated) / 8
    if UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated:
        if raw > limits.ratio * pixel_bytes(dataset):
            raise failure(Reason.IMPLAUSIBLE_COMPRESSION)
    elif pixel_bytes(dataset) < stored_share(dataset) * raw:
        raise failure(Reason.TRUNCATED)


def stored_share(dataset: Dataset) -> float:
    """Return the share of the raw bytes that uncompressed pixel data stores: YBR_FULL_422 keeps half of the colour."""
    return 2 / 3 if dataset.get("PhotometricInterpretation") == "YBR_FULL_422" else 1.0


def check_codestream(frame: bytes, limits: Limits) -> None:
    """Refuse a compressed frame whose own header claims more than the limits; decoders believe it, not the dataset.

    Raises:
        ImageError: when it does.
    """
    claim = claimed_size(frame)
    if claim is None:
        return
    if not 1 <= claim.height * claim.width <= limits.pixels:
        raise failure(Reason.TOO_MANY_PIXELS)
    if claim.components > MOST_COMPONENTS:
        raise failure(Reason.UNDECODABLE)
