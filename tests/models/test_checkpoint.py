import logging

import numpy as np
import pytest

from models.checkpoint import STATE_FILE, Checkpoint, inputs_digest

GROUPS = {"weights": (np.arange(6.0).reshape(2, 3), np.float32(1)[np.newaxis]), "optimizer": (np.array(7),), "best": ()}


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "train-1")


def test_state_reads_back_as_saved(checkpoint):
    checkpoint.save({"epochs": [1]}, GROUPS)
    state = checkpoint.load()
    assert state.facts == {"epochs": [1]}
    for name, arrays in GROUPS.items():
        found = list(state.group(name))
        assert [array.dtype for array in found] == [array.dtype for array in arrays]
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, arrays, strict=True))


def test_no_checkpoint_is_no_state(checkpoint):
    assert checkpoint.load() is None


def test_later_state_replaces_the_earlier(checkpoint):
    checkpoint.save({"epochs": []}, GROUPS)
    checkpoint.save({"epochs": [1, 2]}, GROUPS)
    assert checkpoint.load().facts["epochs"] == [1, 2]


@pytest.mark.parametrize(
    "damage", [lambda content: content[: len(content) // 2], lambda content: content.replace(b"\0\0\xf0?", b"\0\0\xf1?")]
)
def test_damaged_state_is_none_and_said_so(checkpoint, tmp_path, caplog, damage):
    checkpoint.save({"epochs": [1]}, GROUPS)
    file = tmp_path / "train-1" / STATE_FILE
    file.write_bytes(damage(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert checkpoint.load() is None
    assert "training starts over" in caplog.text


def test_removed_checkpoint_leaves_nothing(checkpoint, tmp_path):
    checkpoint.save({}, GROUPS)
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []


def test_digest_follows_settings_code_and_bytes_but_not_places(tmp_path):
    def digest(seed=1, code="c", content=b"x", folder="a"):
        file = tmp_path / folder / "data"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        return inputs_digest({"seed": seed}, code, [file])

    assert digest() == digest(folder="b")
    assert len({digest(), digest(seed=2), digest(code="d"), digest(content=b"y")}) == 4
