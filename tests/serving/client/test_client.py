import subprocess
import sys

import numpy as np
import pytest

from components.image_example_gen.png_file import png_file
from models.image_signature import PNG_SIGNATURE
from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings
from serving.client import Client, ClientError, Failure, Model, Pace, Prediction, Server, Source
from serving.client.pace import BATCH_BYTES

LOADED = "import sys, serving.client, pipeline.predict_command; print([n for n in sys.argv[1:] if n in sys.modules])"


def test_import_loads_neither_tensorflow_nor_decoders(project):
    heavy = ["tensorflow", "tfx", "keras", "tensorflow_serving", "pydicom", "nibabel", "PIL", "pydantic"]
    done = subprocess.run([sys.executable, "-c", LOADED, *heavy], capture_output=True, text=True, check=True, cwd=project)
    assert done.stdout == "[]\n"


def test_prediction_holds_what_the_model_says(address, images, image_model):
    with Client(Server(address), "demo") as client:
        (prediction,) = client.predict([Source("study 1", images[3])])
    score = image_model.score(images[3])
    assert isinstance(prediction, Prediction)
    assert (prediction.source, prediction.model, prediction.version) == ("study 1", "demo", 1)
    assert (prediction.classes, prediction.decision) == (("normal", "nodule"), "normal" if score >= 0.5 else "nodule")
    assert prediction.probabilities.dtype == np.float32
    np.testing.assert_array_equal(prediction.probabilities, np.array([score, 1 - np.float32(score)], np.float32))
    assert prediction.probability == pytest.approx(max(score, 1 - score), abs=1e-6)


@pytest.mark.parametrize("batch", [1, 7])
def test_many_images_come_back_in_order_within_the_bound(serve, base_path, images, image_model, batch):
    """The server refuses a fifth request at once: none is refused."""
    server, _ = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_in_flight=4")
    done = []
    with Client(Server(f"127.0.0.1:{server.grpc_server.port}"), "demo", pace=Pace(batch=batch, in_flight=4)) as client:
        outcomes = list(client.predict(images, progress=done.append))
    assert [outcome.source for outcome in outcomes] == [f"image {number}" for number in range(1, 501)]
    first = [float(outcome.probabilities[0]) for outcome in outcomes]
    np.testing.assert_array_equal(first, [image_model.score(image) for image in images])
    assert done == sorted(done)
    assert done[-1] == 500


def test_bad_images_fail_by_reason_and_the_others_are_predicted(address, images, tmp_path):
    (tmp_path / "note.txt").write_text("no image")
    given = [images[0], PNG_SIGNATURE, tmp_path / "gone.png", b"", tmp_path / "note.txt", images[1]]
    with Client(Server(address), "demo") as client:
        outcomes = list(client.predict(given))
    reasons = [outcome.reason if isinstance(outcome, Failure) else "" for outcome in outcomes]
    assert reasons == ["", "invalid_argument", "missing_file", "truncated", "unsupported_format", ""]


def test_dicom_is_answered_as_the_png_of_the_pixels_that_training_has(address, shared_data, image_model):
    settings = RenderSettings(windows=((40.0, 400.0),))
    path = shared_data / "dicom/pydicom/CT_small.dcm"
    pixels = render_dicom(path.read_bytes(), settings, limits=Limits())
    with Client(Server(address), "demo", rendering=settings) as client:
        from_dicom, from_png = client.predict([path, png_file(pixels[..., np.newaxis])])
        assert client.rendered == 1
    np.testing.assert_array_equal(from_dicom.probabilities, from_png.probabilities)
    assert from_dicom.probabilities[0] == np.float32(image_model.score(png_file(pixels[..., np.newaxis])))


def test_series_is_predicted_file_by_file_and_what_holds_no_image_is_named(address, shared_data):
    folder = shared_data / "dicom/dcmqi/sr-example"
    with Client(Server(address), "demo") as client:
        outcomes = list(client.predict([folder]))
    assert [outcome.source for outcome in outcomes] == sorted(str(file) for file in folder.iterdir())
    assert (
        Failure(str(folder / "sr.dcm"), "no_pixels", "the DICOM file holds no image: a report, a plan, a directory") in outcomes
    )


def test_deadline_is_a_failure_of_its_image(address, images, image_model):
    with Client(Server(address), "demo", pace=Pace(deadline=0.5, batch=1)) as client:
        slow, quick = client.predict([image_model.SLOW, images[0]])
    assert slow.reason == "deadline_exceeded"
    assert isinstance(quick, Prediction)


@pytest.mark.parametrize("model", ["other", Model("demo", 7)])
def test_unknown_model_or_version_ends_it(address, images, model):
    with (
        Client(Server(address), model) as client,
        pytest.raises(ClientError, match=r"the server refused: NOT_FOUND: "),
    ):
        list(client.predict(images[:1]))


def test_version_can_be_named(address, images):
    with Client(Server(address), Model("demo", 1)) as client:
        (prediction,) = client.predict(images[:1])
        assert prediction.version == 1
        assert client.versions() == (1,)


def test_unknown_model_has_no_versions(address):
    with Client(Server(address), "other") as client, pytest.raises(ClientError, match="NOT_FOUND: Could not find any versions"):
        client.versions()


def test_answer_of_a_foreign_model_is_refused_with_what_it_lacks(serve, image_model, images, tmp_path):
    image_model.save(tmp_path / "foreign" / "1", foreign=True)
    server, _ = serve("--model_name=demo", f"--model_base_path={tmp_path / 'foreign'}")
    with (
        Client(Server(f"127.0.0.1:{server.grpc_server.port}"), "demo") as client,
        pytest.raises(ClientError, match="the model's answer has no classes, decision; expected a model that medtfx"),
    ):
        list(client.predict(images[:1]))


def test_large_images_go_in_requests_of_their_own(address):
    large = [PNG_SIGNATURE + bytes(BATCH_BYTES), PNG_SIGNATURE + bytes(BATCH_BYTES + 1)]
    done = []
    with Client(Server(address), "demo") as client:
        assert all(isinstance(outcome, Prediction) for outcome in client.predict(large, progress=done.append))
    assert done == [1, 2]


def test_closed_client_says_so(address, images):
    client = Client(Server(address), "demo")
    client.close()
    with pytest.raises(ClientError, match="the client was closed"):
        list(client.predict(images[:1]))


@pytest.mark.parametrize("verify", [False, True])
def test_tls_and_mutual_tls(serve, base_path, certificates, ssl_config, tmp_path, images, verify):
    config = tmp_path / "ssl.txt"
    config.write_text(ssl_config(certificates, verify=verify))
    server, _ = serve("--model_name=demo", f"--model_base_path={base_path}", f"--ssl_config_file={config}")
    address, pace = f"localhost:{server.grpc_server.port}", Pace(deadline=1.0)
    ca, certificate, key = (certificates / name for name in ("ca.crt", "client.crt", "client.key"))
    with Client(Server(address, ca, certificate, key), "demo") as known:
        assert all(isinstance(outcome, Prediction) for outcome in known.predict(images[:3]))
    with (
        Client(Server(address, *([ca] if verify else [])), "demo", pace=pace) as stranger,
        pytest.raises(ClientError, match="no server answered within 1 s"),
    ):
        list(stranger.predict(images[:1]))
