import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from components.clinical_gate.wilson import trials_needed, wilson_interval

CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (81, 263, 0.2553, 0.3662),  # R. G. Newcombe, Stat. Med. 17 (1998) 857-872, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(successes: int, trials: int, lower: float, upper: float) -> None:
    assert wilson_interval(successes, trials, 0.95) == pytest.approx((lower, upper), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))), CONFIDENCES)
def test_interval_is_scipys(counts: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert wilson_interval(*counts, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(1, 500), CONFIDENCES)
def test_rate_lies_in_the_interval_and_successes_mirror_failures(trials: int, confidence: float) -> None:
    for successes in range(0, trials + 1, max(1, trials // 7)):
        lower, upper = wilson_interval(successes, trials, confidence)
        assert 0 <= lower <= successes / trials <= upper <= 1
        mirrored = wilson_interval(trials - successes, trials, confidence)
        assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((lower, upper), abs=1e-12)


def test_no_trials_say_nothing() -> None:
    assert wilson_interval(0, 0, 0.95) == (0.0, 1.0)


@given(st.integers(1, 100), st.integers(0, 100), st.floats(0.05, 0.95), CONFIDENCES)
def test_trials_needed_are_enough_and_one_less_is_not(ten: int, part: int, at_least: float, confidence: float) -> None:
    rate = min(ten, part) / ten
    needed = trials_needed(rate, at_least, confidence)
    if needed is None:
        assert rate <= at_least
        return
    # Multiples of `ten` trials have a whole number of successes at this rate.
    enough = -(-needed // ten) * ten
    assert wilson_interval(round(rate * enough), enough, confidence)[0] >= at_least - 1e-9
    short = (needed - 1) // ten * ten
    if short:
        assert wilson_interval(round(rate * short), short, confidence)[0] < at_least


def test_perfect_bound_is_never_reached() -> None:
    assert trials_needed(1.0, 1.0, 0.95) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 5"):
        wilson_interval(successes, trials, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="expected more than 0 and less than 1"):
        wilson_interval(1, 2, confidence)
