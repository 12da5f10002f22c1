from dataclasses import replace

import pytest

from pipeline.batch.session_model import SessionModel
from pipeline.errors import ConfigError
from serving.client import ClientError, Failure, Prediction, Source
from serving.client.errors import RefusedError


def test_batch_is_asked_as_one_and_a_bad_image_of_several_is_passed_back(version, pictures):
    model = SessionModel(version)
    good = (pictures / "1.png").read_bytes()
    (answer,) = model.ask([(Source("a", b""), good)])
    assert isinstance(answer, Prediction)
    assert (answer.model, answer.version) == (version.name, version.number)
    with pytest.raises(RefusedError) as refused:
        model.ask([(Source("a", b""), good), (Source("b", b""), good[:60])])
    assert refused.value.reason == "invalid_argument"
    assert model.ask([(Source("b", b""), good[:60])]) == [Failure("b", "truncated", "the file ends early")]
    model.close()


def test_model_of_somebody_else_is_refused(version, load_test_module, small_model, tmp_path):
    foreign = load_test_module("serving/client/image_model.py").save(tmp_path / "1", foreign=True)
    with pytest.raises(ConfigError, match="does not say how files become pixels"):
        SessionModel(replace(version, folder=foreign))
    small_model.write_facts(small_model.FACTS, foreign)
    with pytest.raises(ClientError, match="has no signature predict_image as medtfx exports it"):
        SessionModel(replace(version, folder=foreign))
