"""By what first bytes the kinds of files are told that TensorFlow does not decode; nothing here imports a decoder."""

import struct

DICOM_PREFIX, DICOM_PREFIX_AT = b"DICM", 128  # PS3.10 section 7.1
FIRST_GROUPS = (0x0002, 0x0008)  # file meta information, or the data set at once
SHORT_VALUE = 64  # bytes: the first elements of group 0008 are a length, a character set or an image type
VALUE_REPRESENTATIONS = frozenset(  # PS3.5 section 6.2
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # TIFF and BigTIFF, either byte order
NIFTI_1, NIFTI_2 = b"n+1\x00", b"n+2\x00"
NIFTI_MAGIC = {NIFTI_1: 344, NIFTI_2: 4}  # and where it stands
GZIP_SIGNATURE = b"\x1f\x8b"


def is_rendered(head: bytes) -> bool:
    """Tell from the first HEAD_BYTES (models/image_signature.py) of a file whether `render` takes it."""
    return is_dicom(head) or is_nifti(head) or head.startswith((*TIFF_SIGNATURES, GZIP_SIGNATURE))


def is_dicom(head: bytes) -> bool:
    """Tell whether a file begins as DICOM: with the prefix, or without a preamble with a first element that can be one."""
    if head[DICOM_PREFIX_AT : DICOM_PREFIX_AT + len(DICOM_PREFIX)] == DICOM_PREFIX:
        return True
    if len(head) < 8:
        return False
    if any(struct.unpack_from(f"{order}H", head)[0] in FIRST_GROUPS for order in "<>") and head[4:6] in VALUE_REPRESENTATIONS:
        return True
    group, _, length = struct.unpack_from("<HHI", head)  # implicit VR
    return bool(group == FIRST_GROUPS[1] and length <= SHORT_VALUE)


def is_nifti(head: bytes) -> bool:
    """Tell whether bytes begin as a NIfTI file does that holds header and voxels in one."""
    return any(head[place : place + len(magic)] == magic for magic, place in NIFTI_MAGIC.items())
