import gc
import shutil
import threading
import weakref
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import model_pb2

from serving.model_config import ModelConfig
from serving.model_manager import ModelManager
from serving.model_versions import Retry
from serving.serving_error import ServingError
from serving.version_policy import State, VersionPolicy


class Servable:
    """What a load yields, without TensorFlow."""

    def __init__(self, number: int) -> None:
        self.number, self.is_closed = number, False

    def close(self) -> None:
        self.is_closed = True


class Loads:
    """Loads servables, except those told to fail."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.made: list[Servable] = []
        self.tries: list[int] = []

    def __call__(self, _name: str, number: int, _folder: Path) -> Servable:
        self.tries.append(number)
        if number in self.failing:
            raise ServingError(grpc.StatusCode.DATA_LOSS, "broken")
        self.made.append(Servable(number))
        return self.made[-1]


@pytest.fixture
def loads():
    return Loads()


@pytest.fixture
def base(tmp_path):
    (tmp_path / "demo" / "1").mkdir(parents=True)
    return tmp_path / "demo"


@pytest.fixture
def manager(loads, base):
    made = ModelManager(loads, Retry(1, 0))
    made.configure([ModelConfig("demo", base)])
    made.poll()
    return made


def spec(version=None, label=None, name="demo"):
    made = model_pb2.ModelSpec(name=name)
    if version is not None:
        made.version.value = version
    if label is not None:
        made.version_label = label
    return made


def answering(manager, **choice):
    with manager.use(spec(**choice)) as lease:
        return lease.version


def states(manager):
    return {version.number: version.state.name for version in manager.versions("demo")}


def test_newest_version_answers(manager, base):
    (base / "2").mkdir()
    assert answering(manager) == 1
    manager.poll()
    assert answering(manager) == 2
    assert states(manager) == {2: "AVAILABLE", 1: "END"}


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"version": 99}, r"Servable not found for request: Specific\(demo, 99\)"),
        ({"name": "other"}, r"Servable not found for request: Latest\(other\)"),
        ({"label": "stable"}, "Unrecognized servable version label: stable"),
        ({"name": ""}, r"ModelSpec has no name specified\."),
    ],
)
def test_what_is_not_there_is_named(manager, choice, text):
    with pytest.raises(ServingError, match=text):
        answering(manager, **choice)


def test_failed_version_leaves_the_one_before_answering_and_is_tried_as_often_as_allowed(manager, loads, base):
    loads.failing.add(2)
    (base / "2").mkdir()
    for _ in range(5):
        manager.poll()
    assert answering(manager) == 1
    assert loads.tries == [1, 2, 2]
    assert states(manager) == {2: "END", 1: "AVAILABLE"}
    assert str(manager.versions("demo")[0].error) == "broken"


def test_failed_version_is_tried_anew_after_it_was_gone(manager, loads, base):
    loads.failing.add(2)
    (base / "2").mkdir()
    for _ in range(3):
        manager.poll()
    (base / "2").rmdir()
    manager.poll()
    loads.failing.clear()
    (base / "2").mkdir()
    manager.poll()
    assert answering(manager) == 2


def test_a_version_that_vanishes_while_it_is_tried_is_cancelled(loads, base):
    manager = ModelManager(loads, Retry(5, 60))
    manager.configure([ModelConfig("demo", base)])
    loads.failing.add(1)
    manager.poll()
    assert states(manager) == {1: "LOADING"}
    (base / "1").rmdir()
    manager.poll()
    (version,) = manager.versions("demo")
    assert (version.state, version.error.code) == (State.END, grpc.StatusCode.CANCELLED)


def test_vanished_base_path_unloads_nothing(manager, base):
    shutil.rmtree(base)
    manager.poll()
    assert answering(manager) == 1


def test_empty_base_path_unloads_everything(manager, base):
    (base / "1").rmdir()
    manager.poll()
    with pytest.raises(ServingError, match="Servable not found"):
        answering(manager)


def test_a_version_in_use_is_closed_when_the_last_request_has_ended(manager, loads, base):
    with manager.use(spec()) as lease:
        (base / "2").mkdir()
        manager.poll()
        assert states(manager) == {2: "AVAILABLE", 1: "UNLOADING"}
        assert not lease.model.is_closed
    assert loads.made[0].is_closed
    assert states(manager)[1] == "END"


def test_what_an_unloaded_version_held_is_freed_at_once_though_it_is_full_of_cycles(base):
    made = []

    def load(_name: str, number: int, _folder: Path) -> Servable:
        servable = Servable(number)
        servable.itself = servable
        made.append(weakref.ref(servable))
        return servable

    manager = ModelManager(load, Retry(0, 0))
    manager.configure([ModelConfig("demo", base)])
    manager.poll()
    gc.disable()
    try:
        (base / "2").mkdir()
        manager.poll()
        assert [one() is None for one in made] == [True, False]
    finally:
        gc.enable()


def test_labels_move_between_available_versions_only(loads, base):
    (base / "2").mkdir()
    policy = VersionPolicy("all")
    manager = ModelManager(loads, Retry(0, 0))
    manager.configure([ModelConfig("demo", base, policy)])
    manager.poll()
    manager.configure([ModelConfig("demo", base, policy, {"stable": 1})])
    assert answering(manager, label="stable") == 1
    manager.configure([ModelConfig("demo", base, policy, {"stable": 2})])
    assert answering(manager, label="stable") == 2
    text = "Request to assign label to version 3 of model demo, which is not currently available for inference"
    with pytest.raises(ServingError, match=text) as caught:
        manager.configure([ModelConfig("demo", base, policy, {"stable": 3})])
    assert caught.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert answering(manager, label="stable") == 2


def test_a_new_label_may_come_before_its_version_where_that_is_allowed(loads, base):
    manager = ModelManager(loads, Retry(0, 0), labels_before_load=True)
    manager.configure([ModelConfig("demo", base, labels={"canary": 1})])
    manager.poll()
    assert answering(manager, label="canary") == 1
    with pytest.raises(ServingError, match="Request to assign label to version 7"):  # moving one is another thing
        manager.configure([ModelConfig("demo", base, labels={"canary": 7})])


def test_model_that_is_no_longer_configured_is_unloaded(manager, loads):
    manager.configure([])
    with pytest.raises(ServingError, match="Servable not found"):
        answering(manager)
    assert loads.made[0].is_closed


def test_waiting_ends_with_the_reason_when_the_newest_version_fails(loads, base):
    loads.failing.add(1)
    manager = ModelManager(loads, Retry(0, 0))
    manager.configure([ModelConfig("demo", base)])
    manager.poll()
    with pytest.raises(
        ServingError,
        match=r"1 model\(s\) did not become available: \{\{\{name: demo version: 1\} due to error: DATA_LOSS: broken\}, \}",
    ):
        manager.wait_until_available(["demo"])


def test_waiting_has_an_end(loads, tmp_path):
    manager = ModelManager(loads, Retry(0, 0))
    manager.configure([ModelConfig("demo", tmp_path)])
    with pytest.raises(ServingError, match="not available in time"):
        manager.wait_until_available(["demo"], 0.01)


def test_watching_finds_a_version_that_comes_later(loads, tmp_path):
    manager = ModelManager(loads, Retry(0, 0))
    manager.configure([ModelConfig("demo", tmp_path)])
    manager.watch(0.01)
    (tmp_path / "3").mkdir()
    manager.wait_until_available(["demo"], 10)
    assert answering(manager) == 3
    manager.stop()
    assert loads.made[0].is_closed


def test_failed_load_is_tried_again_where_folders_are_looked_at_once_only(loads, base, eventually):
    manager = ModelManager(loads, Retry(5, 0.01))
    manager.configure([ModelConfig("demo", base)])
    loads.failing.add(1)
    manager.poll()
    loads.failing.clear()
    manager.watch(0)
    eventually(lambda: states(manager) == {1: "AVAILABLE"})
    manager.stop()


def test_no_request_fails_while_versions_change(manager, loads, base):
    stop, failures = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                with manager.use(spec()) as lease:
                    assert not lease.model.is_closed
            except (ServingError, AssertionError) as error:
                failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for number in range(2, 30):
        (base / str(number)).mkdir()
        manager.poll()
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert sum(not made.is_closed for made in loads.made) == 1


def test_stopping_does_not_wait_for_a_load_that_hangs(base, monkeypatch):
    monkeypatch.setattr("serving.model_manager.STOP_SECONDS", 0.1)
    entered, go_on = threading.Event(), threading.Event()

    def hanging(_name: str, number: int, _folder: Path) -> Servable:
        entered.set()
        go_on.wait(30)
        return Servable(number)

    manager = ModelManager(hanging, Retry(1, 0))
    manager.configure([ModelConfig("demo", base)])
    manager.watch(0.01)
    assert entered.wait(30)
    stopping = threading.Thread(target=manager.stop)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()
    go_on.set()
