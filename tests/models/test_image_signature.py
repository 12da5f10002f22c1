import pytest

from models.image_signature import JPEG_SIGNATURE, PNG_SIGNATURE, is_png_or_jpeg


@pytest.mark.parametrize("encoded", [PNG_SIGNATURE, JPEG_SIGNATURE + b"\xe0"])
def test_signature_tells_a_png_or_jpeg_file(encoded: bytes) -> None:
    assert is_png_or_jpeg(encoded)


@pytest.mark.parametrize("encoded", [b"", PNG_SIGNATURE[:-1], b"GIF89a", b"II*\x00"])
def test_other_bytes_are_neither(encoded: bytes) -> None:
    assert not is_png_or_jpeg(encoded)
