"""How much is asked at once, for how long, and what is waited between attempts."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import ConfigError

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds
BATCH_BYTES = 8 * 2**20  # a batch closes there; TF Serving takes messages of any size, `medtfx serve` of 64 MB


@dataclass(frozen=True)
class Pace:
    """How a server is asked.

    Args:
        deadline: seconds for one request with all its attempts.
        batch: images in one request.
        in_flight: requests at once.
    """

    deadline: float = 30.0
    batch: int = 8
    in_flight: int = 4

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: naming the one that is out of its range.
        """
        if not 0 < self.deadline <= 3600:
            raise ConfigError(f"deadline: {self.deadline:g}; expected more than 0 and at most 3600 seconds")
        for name, most in (("batch", 1024), ("in_flight", 256)):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise ConfigError(f"{name}: {value}; expected 1 to {most}")


def waits(chance: random.Random) -> Iterator[float]:
    """Yield seconds to wait before each further attempt: doubled each time, each a random half to the whole of it.

    Jitter keeps clients that lost a server together from coming back together.
    """
    longest = FIRST_WAIT
    while True:
        yield longest * chance.uniform(0.5, 1.0)
        longest = min(2 * longest, LONGEST_WAIT)
