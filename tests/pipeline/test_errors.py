import pytest

from pipeline import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.DataRefusedError("x"), 3),
        (errors.NotBlessedError("x"), 1),
        (errors.RootInUseError("x"), 1),
        (errors.ImageError("truncated", "x"), 1),
    ],
)
def test_every_error_is_ours_and_has_its_exit_code(error: errors.MedtfxError, code: int) -> None:
    assert isinstance(error, errors.MedtfxError)
    assert error.exit_code == code


def test_image_error_keeps_the_reason_it_is_counted_by() -> None:
    assert errors.ImageError("truncated", "the file ends early").reason == "truncated"
