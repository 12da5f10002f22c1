import threading

import grpc
import pytest

from serving.admission import Admission
from serving.serving_error import ServingError


def test_more_than_the_limit_is_refused_until_a_place_is_free():
    admission = Admission(1)
    with admission.admitted(), pytest.raises(ServingError, match="works on 1 requests already") as caught, admission.admitted():
        pass
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    with admission.admitted():
        assert admission.in_work == 1
    assert admission.in_work == 0


def test_draining_waits_for_what_is_in_work_and_takes_nothing_new():
    admission, leave, inside = Admission(2), threading.Event(), threading.Event()

    def work() -> None:
        with admission.admitted():
            inside.set()
            leave.wait(30)

    worker = threading.Thread(target=work)
    worker.start()
    inside.wait(30)
    assert not admission.drain(0.01)
    with pytest.raises(ServingError, match="the server is stopping"), admission.admitted():
        pass
    leave.set()
    assert admission.drain(30)
    worker.join()
