import threading
import time

import pytest

from serving.client.in_flight import ordered


def test_results_keep_the_order_of_their_items():
    assert list(ordered(lambda item: (time.sleep(0.01 * (5 - item)), item)[1], range(5), 5)) == list(range(5))


def test_no_more_are_worked_on_and_taken_than_the_bound():
    lock, now, most, taken = threading.Lock(), [0], [0], []

    def work(item):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1
        return item

    def items():
        for item in range(30):
            taken.append(item)
            yield item

    for result in ordered(work, items(), 3):
        assert len(taken) - result <= 4  # three in flight and the one that is handed out
    assert most[0] == 3


def test_error_of_the_work_arrives_at_its_place():
    results = ordered(lambda item: 1 / item, [1, 0, 1], 1)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
