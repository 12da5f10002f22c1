import gzip
import io
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from models.image_signature import HEAD_BYTES
from models.rendering.file_kind import is_rendered
from models.rendering.render import render
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason

PLAIN, LIMITS = RenderSettings(), Limits()
PIXELS = np.arange(20, dtype=np.uint8).reshape(4, 5)


def tiff() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "TIFF")
    return buffer.getvalue()


def nifti() -> bytes:
    encoded: bytes = nibabel.Nifti1Image(PIXELS[..., np.newaxis], np.eye(4)).to_bytes()
    return encoded


@pytest.mark.parametrize("encoded", [tiff(), nifti(), gzip.compress(nifti())], ids=["tiff", "nifti", "nifti.gz"])
def test_kind_follows_from_the_first_bytes(encoded: bytes) -> None:
    assert is_rendered(encoded[:HEAD_BYTES])
    assert render(encoded, PLAIN, limits=LIMITS).size == 20


def test_dicom_goes_before_a_tiff_in_its_preamble(shared_data: Path) -> None:
    encoded = (shared_data / "dicom/pydicom/CT_small.dcm").read_bytes()
    both = b"II*\x00" + encoded[4:]
    np.testing.assert_array_equal(render(both, PLAIN, limits=LIMITS), render(encoded, PLAIN, limits=LIMITS))


@given(st.binary(max_size=160))
@example(b"")
@example(b"\x08\x00")
@example(bytes(128) + b"DICM")
def test_arbitrary_bytes_end_in_a_reason(encoded: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        render(encoded, PLAIN, limits=LIMITS)
    assert is_rendered(encoded) or caught.value.reason == Reason.UNSUPPORTED_FORMAT
