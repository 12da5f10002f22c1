"""By what first bytes a file's kind is told; without TensorFlow and without decoders, for a client needs them too."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"  # PNG specification, section 5.2
JPEG_SIGNATURE = b"\xff\xd8\xff"  # SOI and the first byte of the next marker, ISO/IEC 10918-1 B.1
HEAD_BYTES = 512  # enough to tell the kind of any file: NIfTI-1 has its magic at 344


def is_png_or_jpeg(encoded: bytes) -> bool:
    """Tell whether a file is a PNG or JPEG file, by its first bytes."""
    return encoded.startswith((PNG_SIGNATURE, JPEG_SIGNATURE))
