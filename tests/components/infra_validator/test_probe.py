import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.infra_validator.probe import join_bytes, split_bytes


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_byte_strings_survive_the_way_to_the_child(values):
    assert split_bytes(join_bytes("images", values), "images") == values


def test_joined_bytes_need_no_pickle(tmp_path):
    np.savez(tmp_path / "questions.npz", **join_bytes("images", [b"\0a\0", b""]))
    with np.load(tmp_path / "questions.npz", allow_pickle=False) as arrays:
        assert split_bytes(arrays, "images") == [b"\0a\0", b""]
