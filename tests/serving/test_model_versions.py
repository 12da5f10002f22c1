from pathlib import Path
from threading import Condition

import grpc
import pytest

from serving.model_versions import ModelVersions, Retry
from serving.serving_error import ServingError

ONE = {1: Path("1")}


class Servable:
    """What a load yields, without TensorFlow."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def model():
    return ModelVersions("demo", lambda *_: Servable(), Retry(0, 0), Condition())


def state(model):
    return model.versions[1].state.name


def test_a_version_that_is_wanted_again_while_it_is_in_use_comes_back(model):
    model.want(ONE)
    model.advance()
    with model.use(None):
        model.want({})
        model.advance()
        assert state(model) == "UNLOADING"
        model.want(ONE)
        with pytest.raises(ServingError, match=r"Specific\(demo, 1\)"), model.use(1):
            pass
    assert state(model) == "END"
    model.want(ONE)
    model.advance()
    assert state(model) == "AVAILABLE"


def test_a_version_that_is_not_yet_replaced_may_be_wanted_again(model):
    model.want(ONE)
    model.advance()
    model.load = failing
    model.want({2: Path("2")})
    model.advance()
    assert [version.state.name for version in model.versions.values()] == ["AVAILABLE", "END"]
    model.want(ONE)
    model.advance()
    with model.use(None) as lease:
        assert lease.version == 1


def failing(*_):
    raise ServingError(grpc.StatusCode.DATA_LOSS, "broken")


def test_a_load_that_fails_in_an_unforeseen_way_is_a_failed_load(model):
    def strange(*_):
        raise ZeroDivisionError

    model.load = strange
    model.want(ONE)
    model.advance()
    assert (state(model), str(model.versions[1].error)) == ("END", "internal error: ZeroDivisionError")


def test_closing_unloads_everything(model):
    model.want(ONE)
    model.advance()
    with model.use(None) as lease:
        servable = lease.model
    model.close()
    assert servable.is_closed
