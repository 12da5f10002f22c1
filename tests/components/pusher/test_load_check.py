import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from components.pusher.load_check import UnloadableModelError, check_loads
from models.canonical_image import CanonicalSpec
from models.warm_up import FILE, WarmUpRequest, warm_up_requests, write_warm_up


@pytest.fixture
def export(model_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of an export that may be damaged."""
    return Path(shutil.copytree(model_folder / "Format-Serving", tmp_path / "export"))


class OneSignature(tf.Module):
    """A model that only answers serving_default."""

    def __init__(self) -> None:
        self.weights = tf.Variable([1.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def predict(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.zeros([tf.shape(image)[0], 1]) + self.weights}


def test_whole_export_passes(export: Path) -> None:
    check_loads(export)


def test_export_without_graph_is_refused(export: Path) -> None:
    (export / "saved_model.pb").unlink()
    with pytest.raises(UnloadableModelError, match="does not load in a TF1 session"):
        check_loads(export)


def test_cut_graph_is_refused(export: Path) -> None:
    graph = export / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:-100])
    with pytest.raises(UnloadableModelError, match="does not load in a TF1 session"):
        check_loads(export)


def test_export_without_variables_index_is_refused(export: Path) -> None:
    (export / "variables" / "variables.index").unlink()
    with pytest.raises(UnloadableModelError):
        check_loads(export)


def test_cut_variables_are_refused(export: Path) -> None:
    (data,) = (export / "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(UnloadableModelError, match="does not load in a TF1 session"):
        check_loads(export)


def test_missing_signature_is_refused(tmp_path: Path) -> None:
    model = OneSignature()
    tf.saved_model.save(model, str(tmp_path), signatures={"serving_default": model.predict})
    with pytest.raises(UnloadableModelError, match="no signature predict_image"):
        check_loads(tmp_path)


def test_variable_that_the_session_loader_leaves_empty_is_refused(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415  slow, for this test only

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def predict(values: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": model(values)}

    holder = tf.Module()
    holder.model = model
    signatures = {"serving_default": predict, "predict_image": predict}
    tf.saved_model.save(holder, str(tmp_path), signatures=signatures)
    with pytest.raises(UnloadableModelError, match=r"leaves \d+ variables without value"):
        check_loads(tmp_path)


def rewrite(export: Path, *requests: WarmUpRequest) -> None:
    (export / FILE).unlink(missing_ok=True)
    write_warm_up(requests, export)


@pytest.mark.parametrize(
    ("fault", "told"), [("absent", "can't be read"), ("cut", "can't be read"), ("empty", "holds no request")]
)
def test_export_without_warm_up_requests_is_refused(fault: str, told: str, export: Path) -> None:
    file = export / FILE
    if fault == "absent":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-3] if fault == "cut" else b"")
    with pytest.raises(UnloadableModelError, match=f"{FILE} {told}"):
        check_loads(export)


def test_export_that_cannot_answer_a_warm_up_request_is_refused(export: Path) -> None:
    good = warm_up_requests(CanonicalSpec(16, 1))[0]
    rewrite(export, good, WarmUpRequest("predict_image", "image", (b"no image",)))
    with pytest.raises(UnloadableModelError, match=r"warm-up request 2 \(predict_image\) gets no answer"):
        check_loads(export)


def test_warm_up_request_to_an_absent_signature_is_refused(export: Path) -> None:
    rewrite(export, WarmUpRequest("predict", "image", (b"",)))
    with pytest.raises(UnloadableModelError, match=r"warm-up request 1 \(predict\) gets no answer"):
        check_loads(export)


def test_export_whose_answers_are_no_numbers_is_refused(save_model, tmp_path: Path) -> None:
    with pytest.raises(UnloadableModelError, match="figures that are no numbers"):
        check_loads(save_model(tmp_path, sharpness=float("nan")))
