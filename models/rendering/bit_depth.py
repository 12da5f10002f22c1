"""How many bits a DICOM, NIfTI or TIFF file has for each of its values: 12 of a detector, 8 of a photograph, 1 of a mask.

A file of another depth than the rest came another way: an export at 8 bit of what was 16 loses grey levels that no later step
brings back.
"""

from io import BytesIO

from models.rendering.decoder_faults import silence, stated_reasons
from models.rendering.file_kind import TIFF_SIGNATURES, is_dicom

BYTE = 8  # bits
BITS_ALLOCATED, BITS_STORED = 0x00280100, 0x00280101


def bit_depth(encoded: bytes) -> int:
    """Return the bits per value of a file that has been rendered.

    Raises:
        ImageError: when the header can't be read a second time.
    """
    with stated_reasons(), silence():
        if is_dicom(encoded):
            return _dicom_depth(encoded)
        return _tiff_depth(encoded) if encoded.startswith(TIFF_SIGNATURES) else _nifti_depth(encoded)


def _dicom_depth(encoded: bytes) -> int:
    """Return (0028,0101) Bits Stored, of floating values (0028,0100) Bits Allocated; what follows them is not read."""
    from pydicom.filereader import read_partial  # noqa: PLC0415 - what a kind needs has loaded with its renderer
    from pydicom.tag import BaseTag  # noqa: PLC0415

    wanted: list[BaseTag | int] = [BITS_ALLOCATED, BITS_STORED]
    header = read_partial(BytesIO(encoded), lambda tag, _vr, _length: int(tag) > BITS_STORED, force=True, specific_tags=wanted)
    return int(header.get("BitsStored") or header.BitsAllocated)


def _tiff_depth(encoded: bytes) -> int:
    from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile  # noqa: PLC0415

    return int(max(TiffImageFile(BytesIO(encoded)).tag_v2.get(BITSPERSAMPLE, (1,))))


def _nifti_depth(encoded: bytes) -> int:
    from models.rendering.nifti import HEADER_BYTES, read_header, unpacked  # noqa: PLC0415

    kind = read_header(unpacked(encoded, HEADER_BYTES)).get_data_dtype()
    return BYTE if kind.fields else BYTE * kind.itemsize  # the fields of RGB have 8 bits each
