"""Work on many items at once, no more than a bound, with results in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered(work: Callable[[Item], Result], items: Iterable[Item], most: int) -> Generator[Result, None, None]:
    """Yield `work(item)` for each item in order; up to `most` are worked on, and no item is taken before there is a place for it.

    Raises:
        Exception: what `work` or `items` raise; what waits is dropped then, and what is in work ends unheard.
    """
    pool = ThreadPoolExecutor(most, thread_name_prefix="predict")
    running: deque[Future[Result]] = deque()
    try:
        for item in items:
            running.append(pool.submit(work, item))
            while len(running) >= most or (running and running[0].done()):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
