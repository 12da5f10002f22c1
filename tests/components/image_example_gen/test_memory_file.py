import os
from collections.abc import Iterator

import numpy as np
import pytest

from components.image_example_gen import memory_file
from components.image_example_gen.memory_file import MemoryFile


@pytest.fixture
def ends() -> Iterator[tuple[MemoryFile, MemoryFile]]:
    """One file, opened twice as by two processes."""
    first = MemoryFile()
    second = MemoryFile(os.dup(first.descriptor))
    yield first, second
    first.close()
    second.close()


def test_what_one_end_writes_the_other_reads(ends) -> None:
    mine, theirs = ends
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert mine.write(pixels.data) == 24
    assert theirs.read(24) == pixels.tobytes()
    assert theirs.write(memoryview(b"short")) == 5
    assert mine.read(5) == b"short"


def test_nothing_is_something_too(ends) -> None:
    mine, theirs = ends
    assert mine.write(memoryview(b"")) == 0
    assert theirs.read(0) == b""


def test_more_than_is_there_is_not_made_up(ends) -> None:
    mine, theirs = ends
    mine.write(memoryview(b"abc"))
    with pytest.raises(EOFError, match="3 bytes; expected 5"):
        theirs.read(5)


def test_only_a_long_file_is_given_back(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_file, "MOST_KEPT", 3)
    mine, theirs = ends
    for content, kept in ((b"abc", 3), (b"abcd", 0)):
        mine.write(memoryview(content))
        theirs.shrink()
        assert os.fstat(mine.descriptor).st_size == kept


def test_it_may_be_closed_twice(ends) -> None:
    ends[0].close()
    ends[0].close()


def test_a_child_inherits_it_only_where_it_is_passed_on(ends) -> None:
    assert not any(os.get_inheritable(end.descriptor) for end in ends)
