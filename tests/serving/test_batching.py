import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.errors import ConfigError
from serving.batching import Batcher, BatchingParameters, read_parameters
from serving.inference import Call
from serving.saved_model import SavedModel
from serving.serving_error import ServingError


class Counting(SavedModel):
    """A model that counts the rows of its runs, and may be held back."""

    def __init__(self, folder):
        super().__init__(folder)
        self.runs: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def run(self, signature, inputs, outputs, *, seconds=None):
        self.entered.set()
        self.gate.wait(30)
        self.runs.append(len(next(iter(inputs.values()))))
        return super().run(signature, inputs, outputs, seconds=seconds)


@pytest.fixture(scope="module")
def loaded(versions):
    model = Counting(versions[1])
    yield model
    model.close()


@pytest.fixture
def model(loaded):
    loaded.runs.clear()
    return loaded


def call(x, outputs=("y",), signature="serving_default", seconds=None):
    return Call(signature, {"x": np.asarray(x, np.float32)}, outputs, seconds)


def together(batcher, model, calls):
    """Run calls from as many threads; return values or errors in order."""

    def one(given):
        try:
            return batcher.run(model, given)
        except ServingError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_waiting_requests_run_as_one_batch_and_each_gets_its_rows(model):
    batcher = Batcher(BatchingParameters(batch=6, wait=10, threads=1))
    answers = together(batcher, model, [call([[row, row]] * rows) for row, rows in ((1, 1), (2, 2), (3, 3))])
    assert model.runs == [6]
    for row, (values,) in enumerate(answers, start=1):
        np.testing.assert_array_equal(values, [[2 * row, 2 * row]] * row)


def test_a_batch_does_not_wait_longer_than_it_may(model):
    (values,) = Batcher(BatchingParameters(batch=100, wait=0.01, threads=1)).run(model, call([[1, 2]]))
    np.testing.assert_array_equal(values, [[2, 4]])


def test_one_bad_request_costs_nobody_else_an_answer(model):
    batcher = Batcher(BatchingParameters(batch=3, wait=10, threads=1))
    good, bad, other = together(batcher, model, [call([[1, 1]]), call([[1, -1]]), call([[2, 2]])])
    assert "expected no negative value" in str(bad)
    np.testing.assert_array_equal(good[0], [[2, 2]])
    np.testing.assert_array_equal(other[0], [[4, 4]])


def test_calls_of_another_kind_do_not_share_a_batch(model):
    batcher = Batcher(BatchingParameters(batch=2, wait=0.05, threads=1))
    together(batcher, model, [call([[1, 1]]), call([[1, 1]], outputs=("total",))])
    assert model.runs == [1, 1]


def test_batches_are_filled_up_to_an_allowed_size(model):
    batcher = Batcher(BatchingParameters(batch=8, sizes=(4, 8), threads=1))
    (values,) = batcher.run(model, call([[1, 2], [3, 4]]))
    assert model.runs == [4]
    np.testing.assert_array_equal(values, [[2, 4], [6, 8]])


def test_a_signature_without_a_batch_in_its_output_runs_alone(model):
    batcher = Batcher(BatchingParameters(batch=4, wait=10, threads=1))
    answers = together(batcher, model, [call([1.0, 2.0], ("sum",), "summed"), call([3.0, 4.0], ("sum",), "summed")])
    assert sorted(float(values[0]) for values in answers) == [3, 7]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"a": np.float32(1), "b": np.zeros(1, bool)}, "input tensors must have at least one dimension"),
        ({"a": np.zeros(2), "b": np.zeros(1, bool)}, "input tensors must have equal 0th-dimension size"),
        ({"x": np.zeros([9, 2], np.float32)}, "Task size 9 is larger than maximum input batch size 8"),
    ],
)
def test_what_cannot_be_part_of_a_batch_is_refused(model, inputs, text):
    with pytest.raises(ServingError, match=text):
        Batcher(BatchingParameters(batch=8, threads=1)).run(model, Call("two", inputs, ("a",)))


def test_full_queue_and_passed_deadline_are_refused_while_a_batch_runs(model, eventually):
    batcher = Batcher(BatchingParameters(batch=1, queued=1, threads=1))
    model.gate.clear()
    model.entered.clear()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(batcher.run, model, call([[1, 2]]))
        assert model.entered.wait(30)
        late = pool.submit(batcher.run, model, call([[1, 2]], seconds=1.0))
        eventually(lambda: batcher.waiting == 1)
        with pytest.raises(ServingError, match="The batch scheduling queue to which this task was submitted is full"):
            batcher.run(model, call([[1, 2]]))
        with pytest.raises(ServingError, match="Deadline Exceeded"):
            late.result()
        model.gate.set()
        np.testing.assert_array_equal(running.result()[0], [[2, 4]])


def test_a_batch_ends_when_nobody_waits_for_it_any_more(model):
    batcher = Batcher(BatchingParameters(batch=2, wait=10, threads=1))
    endless = Call("spin", {"rounds": np.array([2**31 - 1], np.int32)}, ("last",), seconds=0.5)
    for error in together(batcher, model, [endless, endless]):
        assert "Deadline Exceeded" in str(error)
    (values,) = batcher.run(model, call([[1, 2], [3, 4]], seconds=30))
    np.testing.assert_array_equal(values, [[2, 4], [6, 8]])


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "batching.txt").write_text(text)
        return tmp_path / "batching.txt"

    return write


def test_parameters_are_read(written):
    sizes = "max_batch_size { value: 8 } allowed_batch_sizes: [4, 8]"
    others = "batch_timeout_micros { value: 2000 } num_batch_threads { value: 1 }"
    assert read_parameters(written(f"{sizes} {others}")) == BatchingParameters(8, 0.002, 10, 1, (4, 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size { value: 0 }", "max_batch_size: 0 is not allowed; expected at least 1"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros: -1 is not allowed; expected at least 0"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: [8, 4]", "allowed_batch_sizes: expected increasing numbers"),
        ("allowed_batch_sizes: [4]", r"that end with max_batch_size \(1000\)"),
        ("pad_variable_length_inputs: true", "pad_variable_length_inputs is not supported"),
        ("enable_large_batch_splitting { value: true }", "enable_large_batch_splitting is not supported"),
    ],
)
def test_parameters_that_are_not_allowed_are_named(written, text, message):
    with pytest.raises(ConfigError, match=message):
        read_parameters(written(text))
