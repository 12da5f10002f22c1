import numpy as np
import pytest

from models.rendering.lookup_table import lookup_table


def test_values_outside_get_the_first_or_the_last_entry() -> None:
    table = lookup_table([3, -1, 16], [7, 8, 9], is_little_endian=True)
    np.testing.assert_array_equal(table(np.array([[-5, -1], [0, 1], [2, 900]])), [[7, 7], [8, 9], [9, 9]])


def test_a_table_of_4096_entries_of_8_bit_does_not_wrap_round() -> None:
    entries = (np.arange(4096) // 16).astype(np.uint8)
    table = lookup_table([4096, 0, 8], entries.tobytes(), is_little_endian=True)
    np.testing.assert_array_equal(table(np.array([0, 255, 256, 4095])), [0, 15, 16, 255])


def test_length_0_means_65536_entries() -> None:
    table = lookup_table([0, 0, 16], np.arange(2**16, dtype="<u2").tobytes(), is_little_endian=True)
    assert table(np.array([65_535])).item() == 65_535


@pytest.mark.parametrize(("little", "order"), [(True, "<u2"), (False, ">u2")])
def test_byte_order_of_words_and_of_packed_bytes(little: bool, order: str) -> None:
    words = lookup_table([2, 0, 16], np.array([1, 258], order).tobytes(), is_little_endian=little)
    assert (words.entries.tolist(), words.bits) == ([1, 258], 16)
    packed = lookup_table([3, 0, 16], np.array([0x0201, 0x0003], order).tobytes(), is_little_endian=little)
    assert (packed.entries.tolist(), packed.bits) == ([1, 2, 3], 8)


def test_entries_beyond_the_stated_bits_fill_the_word() -> None:
    assert lookup_table([2, 0, 8], [0, 0xFF00], is_little_endian=True).bits == 16


def test_data_shorter_than_the_descriptor_is_refused() -> None:
    with pytest.raises(ValueError, match="2 entries; expected 5"):
        lookup_table([5, 0, 16], [1, 2], is_little_endian=True)
