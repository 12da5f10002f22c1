import pytest

from pipeline.batch.part import Line, is_done, part_file, read_part, write_part


@pytest.fixture
def lines(prediction, failed):
    return [Line("ab" * 32, prediction("a.png")), Line("", failed("b.png"))]


def test_lines_come_back_with_every_digit(tmp_path, lines):
    write_part(tmp_path, "key", lines)
    predicted, set_aside = read_part(tmp_path, "key")
    assert (predicted.sha256, set_aside) == ("ab" * 32, lines[1])
    assert predicted.outcome.probabilities.tobytes() == lines[0].outcome.probabilities.tobytes()
    assert predicted.outcome.classes == ("a", "b")


def test_part_is_done_for_its_own_number_of_images(tmp_path, lines):
    write_part(tmp_path, "key", lines)
    assert is_done(tmp_path, "key", 2)
    assert not is_done(tmp_path, "key", 3)
    assert not is_done(tmp_path, "other", 2)
    assert not is_done(tmp_path, "key", 2, again=True)


@pytest.mark.parametrize("length", [0, 10, -1])
def test_part_that_was_cut_is_not_done(tmp_path, lines, length):
    write_part(tmp_path, "key", lines)
    file = part_file(tmp_path, "key")
    file.write_bytes(file.read_bytes()[:length])
    assert not is_done(tmp_path, "key", 2)


def test_nothing_is_left_when_the_lines_end_with_an_error(tmp_path, lines):
    def broken():
        yield lines[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_part(tmp_path, "key", broken())
    assert list(tmp_path.iterdir()) == []
