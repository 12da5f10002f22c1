"""What a load test calls a failure, and one that is short: a swap, a kill, and every answer right."""

import grpc
import pytest

from bench.serving.load import Course, LoadTest, Plan, growth_of, is_allowed, report
from bench.serving.steady_clients import Tally

DOWN = [(100.0, 110.0)]
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def test_answers_stay_right_through_swaps_and_a_kill(tmp_path, warm_servers):
    result = LoadTest(Plan(seconds=8, swap=3, clients=2, size=24, images=8), tmp_path).run()
    assert result["passed"], result
    assert result["swaps"] >= 1
    assert result["versions_that_answered"] >= 2
    assert result["unavailable_while_restarting"] >= 1


@pytest.mark.parametrize(
    ("at", "code", "allowed"),
    [
        (105.0, UNAVAILABLE, True),
        (112.0, UNAVAILABLE, True),  # the client has not found the new server yet
        (99.0, UNAVAILABLE, False),
        (120.0, UNAVAILABLE, False),
        (105.0, grpc.StatusCode.INTERNAL, False),
    ],
)
def test_only_a_server_that_is_down_may_be_unavailable(at, code, allowed):
    assert is_allowed(at, code, DOWN) is allowed


def test_memory_that_grows_is_told_from_memory_that_is_flat():
    assert growth_of([100] * 200) == 1.0
    assert growth_of(range(100, 300)) > 1.3
    assert growth_of(range(100, 150)) == 1.0  # too short to tell


@pytest.mark.parametrize(
    "harm",
    [{"wrong": 1}, {"went_back": 1}, {"refusals": [(1.0, UNAVAILABLE)]}],
    ids=lambda harm: next(iter(harm)),
)
def test_one_wrong_answer_or_error_fails_the_load_test(harm):
    fine = Tally(latencies=[0.1, 0.2])
    fine.answers[1] = 2
    assert report(Plan(10), Course(), fine)["passed"]
    spoiled = Tally(latencies=[0.1, 0.2], **harm)
    spoiled.answers[1] = 2
    assert not report(Plan(10), Course(), spoiled)["passed"]
