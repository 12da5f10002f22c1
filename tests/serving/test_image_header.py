import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.image_header import JPEG_SIGNATURE, PNG_SIGNATURE, check_images, claimed_size
from serving.serving_error import ServingError

PIXELS = np.zeros([17, 31, 3], np.uint8)


def test_png_and_jpeg_claim_their_size():
    assert claimed_size(tf.io.encode_png(PIXELS).numpy()) == (17, 31)
    assert claimed_size(tf.io.encode_jpeg(PIXELS).numpy()) == (17, 31)
    assert claimed_size(tf.io.encode_jpeg(PIXELS, progressive=True).numpy()) == (17, 31)


def test_real_files_claim_what_tensorflow_decodes(shared_data):
    files = sorted((shared_data / "hostile" / "pngsuite").glob("basn*.png"))
    assert files
    for file in files:
        encoded = file.read_bytes()
        assert claimed_size(encoded) == tuple(tf.io.decode_png(encoded).shape[:2])


@pytest.mark.parametrize(
    "value", [b"", b"text", PNG_SIGNATURE, JPEG_SIGNATURE, JPEG_SIGNATURE + b"\xe0\xff", b"\xff\xd8\xff\xd9\x00"]
)
def test_what_has_no_header_claims_nothing(value):
    assert claimed_size(value) is None


def test_a_claim_above_the_limit_is_refused():
    bomb = bytearray(tf.io.encode_png(PIXELS).numpy())
    struct.pack_into(">II", bomb, 16, 100_000, 100_000)
    with pytest.raises(ServingError, match="claims 100000 x 100000 pixels; expected at most 50000000"):
        check_images([b"text", bytes(bomb)], 50_000_000)


@settings(deadline=None)
@given(st.sampled_from([PNG_SIGNATURE, JPEG_SIGNATURE, b"\xff\xd8"]), st.binary(max_size=64))
def test_reading_a_header_never_fails(signature, rest):
    size = claimed_size(signature + rest)
    assert size is None or all(side >= 0 for side in size)
