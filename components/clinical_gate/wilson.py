"""The score interval for a proportion.

E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22 (1927) 209-212;
recommended for small samples by L. D. Brown, T. T. Cai, A. DasGupta, Stat. Sci. 16 (2001) 101-133.
"""

from math import ceil, sqrt
from statistics import NormalDist


def wilson_interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Return the two-sided interval of the success rate.

    Without trials nothing is known: 0 to 1.

    Raises:
        ValueError: successes are not between 0 and trials, or confidence is not between 0 and 1.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials; expected 0 to {trials}")
    z = _quantile(confidence)
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    spread = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    middle = rate + z * z / (2 * trials)
    lower = 0.0 if successes == 0 else (middle - spread) / scale
    upper = 1.0 if successes == trials else (middle + spread) / scale
    return lower, upper


def trials_needed(rate: float, at_least: float, confidence: float) -> int | None:
    """Return from how many trials on the lower limit reaches a bound, if the rate stays as it is.

    The lower limit L solves (rate - L)^2 = z^2 L (1 - L) / trials. None: not with any number of trials.
    """
    if rate <= at_least or at_least >= 1:
        return None
    z = _quantile(confidence)
    return max(1, ceil(z * z * at_least * (1 - at_least) / (rate - at_least) ** 2 - 1e-9))


def _quantile(confidence: float) -> float:
    """Return z for a two-sided confidence, such as 1.96 for 0.95."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; expected more than 0 and less than 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)
