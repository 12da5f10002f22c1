import random
from itertools import islice

import pytest

from pipeline.errors import ConfigError
from serving.client.pace import FIRST_WAIT, LONGEST_WAIT, Pace, waits


def test_waits_double_up_to_the_longest_each_with_jitter():
    longest = [min(FIRST_WAIT * 2**attempt, LONGEST_WAIT) for attempt in range(20)]
    waited = list(islice(waits(random.Random(1)), 20))
    assert all(most / 2 <= seconds <= most for seconds, most in zip(waited, longest, strict=True))
    assert waited != list(islice(waits(random.Random(2)), 20))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deadline": 0.0}, "deadline: 0; expected more than 0 and at most 3600 seconds"),
        ({"deadline": float("nan")}, "deadline: nan"),
        ({"batch": 0}, "batch: 0; expected 1 to 1024"),
        ({"in_flight": 257}, "in_flight: 257; expected 1 to 256"),
    ],
)
def test_number_out_of_range_is_named(change, message):
    with pytest.raises(ConfigError, match=message):
        Pace(**change)
