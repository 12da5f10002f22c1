import pytest

from pipeline.verdict import EXIT_CODES, Verdict


def test_every_verdict_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(Verdict)


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        ("pushed", 0),
        ("unchanged", 0),
        ("pinned", 0),
        ("failed", 1),
        ("data_refused", 3),
        ("model_refused", 4),
        ("insufficient_evidence", 4),
        ("withdrawn", 4),
        ("interrupted", 130),
    ],
)
def test_exit_codes_are_the_documented_ones(verdict: str, code: int) -> None:
    assert Verdict(verdict).exit_code == code
