import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from sklearn.metrics import accuracy_score, roc_auc_score
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_model_analysis.proto import config_pb2
from tfx_bsl.tfxio.tf_example_record import TFExampleBeamRecord

from models import export, records, zoo
from models.canonical_image import CanonicalSpec, canonical_pixels, encode_png
from models.model_facts import ModelFacts, read_facts
from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings
from models.transform_graph import TransformGraph
from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_job import EndedWithNode
from pipeline.beam_memo import remembered
from serving.saved_model import SavedModel


def save(inputs, maker, folder, dtype="float32"):
    model = zoo.build("compact_resnet", (maker.SIZE, maker.SIZE, 1), len(maker.CLASSES), seed=3, dtype=dtype)
    # Zero-initialised biases would hide a variable that was not restored.
    for variable in model.trainable_variables:
        variable.assign_add(tf.random.stateless_normal(variable.shape, [1, 2], stddev=0.05))
    # TFMA's AUC has 10,000 buckets between 0 and 1: probabilities must not all lie at the ends.
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 0.1)
    facts = ModelFacts(CanonicalSpec(maker.SIZE, 1), maker.CLASSES, "bfloat16" if dtype == "mixed_bfloat16" else "float32")
    export.save(export.Served(model, TransformGraph(str(inputs.transform_graph)), facts), folder)
    return model, facts


@pytest.fixture(scope="module")
def saved(training_inputs, training_maker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "model"
    return folder, *save(training_inputs, training_maker, folder)


@pytest.fixture(scope="module")
def serialized(training_inputs):
    examples = records.index(training_inputs.split("test"))
    return examples.read(np.arange(len(examples)))


@pytest.fixture(scope="module")
def encoded(serialized):
    return [tf.train.Example.FromString(one).features.feature["image"].bytes_list.value[0] for one in serialized]


@pytest.fixture(scope="module")
def ask_session():
    """Return a function that answers as TF Serving would: through the TF1 session loader, an export loaded once."""
    sessions = {}

    def load(folder):
        session = tf.compat.v1.Session(graph=tf.Graph())
        with session.graph.as_default():
            loaded = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(folder))
        return session, loaded.signature_def

    def ask(folder, signature, batch):
        if folder not in sessions:
            sessions[folder] = load(folder)
        session, signatures = sessions[folder]
        (given,) = signatures[signature].inputs.values()
        outputs = {name: info.name for name, info in signatures[signature].outputs.items()}
        return session.run(outputs, {given.name: np.array(batch, object)})

    yield ask
    for session, _ in sessions.values():
        session.close()


def test_session_loader_answers_as_the_model_does(saved, encoded, training_inputs, training_maker, ask_session):
    folder, model, _ = saved
    scaled = training_inputs.pixels["train"] / 255
    normal = (training_inputs.pixels["test"] / 255 - scaled.mean()) / scaled.std()
    answer = ask_session(folder, export.PREDICT_IMAGE, encoded)
    np.testing.assert_allclose(answer["probabilities"], model(normal.astype(np.float32)), atol=1e-5)
    names = np.array(training_maker.CLASSES, "S").astype(object)
    assert (answer["classes"] == names).all()
    np.testing.assert_array_equal(answer["decision"], names[answer["probabilities"].argmax(axis=1)])


def test_serving_default_reads_the_image_alone_and_equals_predict_image(saved, serialized, encoded, ask_session):
    folder = saved[0]
    stripped = [export_example(image) for image in encoded]
    reference = ask_session(folder, export.PREDICT_IMAGE, encoded)["probabilities"]
    for examples in (serialized, stripped):
        np.testing.assert_array_equal(ask_session(folder, export.SERVING_DEFAULT, examples)["probabilities"], reference)


def test_with_constants_for_variables_every_signature_answers_as_before(saved, serialized, encoded, ask_session):
    model = SavedModel(saved[0], bfloat16=True)
    assert "VarHandleOp" not in {node.op for node in model._session.graph.as_graph_def().node}
    examples = {export.SERVING_DEFAULT, export.TRANSFORM_FEATURES}
    for signature in examples | {export.PREDICT_IMAGE, export.EXPLAIN_IMAGE, export.CANONICAL_IMAGE}:
        batch = serialized if signature in examples else encoded
        for name, expected in ask_session(saved[0], signature, batch).items():
            (given,) = model.run(signature, {only_input(model, signature): np.array(batch, object)}, [name])
            if expected.dtype == np.float32:
                np.testing.assert_allclose(given, expected, atol=0.02)  # rounded to bfloat16 where the CPU has it
            else:
                np.testing.assert_array_equal(given, expected)


def only_input(model, signature):
    (name,) = model.signatures[signature].inputs
    return name


def export_example(image):
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    return tf.train.Example(features=tf.train.Features(feature={"image": feature})).SerializeToString()


def test_served_pixels_are_the_canonical_ones_of_any_file(saved, shared_data, ask_session):
    folder, _, facts = saved
    files = sorted((shared_data / "hostile" / "pngsuite").glob("basn*.png"))
    images = [file.read_bytes() for file in files]
    pixels = ask_session(folder, export.CANONICAL_IMAGE, images)["pixels"]
    expected = [canonical_pixels(tf.constant(image), facts.canonical).numpy() for image in images]
    np.testing.assert_array_equal(pixels, expected)


DICOM = (
    "pydicom/693_J2KI.dcm",  # CT, JPEG 2000, its own window
    "pydicom/dicomdirtests/77654033/CR1/6154",  # MONOCHROME1
    "pydicom/examples_palette.dcm",
    "pydicom/examples_ybr_color.dcm",  # 30 frames
    "pydicom/SC_rgb_rle.dcm",
)


@pytest.mark.parametrize("windows", [(), ((40.0, 400.0),), ((40.0, 400.0), (-600.0, 1500.0), (50.0, 100.0))])
def test_a_rendered_dicom_is_served_from_the_very_pixels_that_training_sees(saved, shared_data, windows, ask_session):
    folder, _, facts = saved
    settings = RenderSettings(windows)
    files = [(shared_data / "dicom" / name).read_bytes() for name in DICOM]
    rendered = [render_dicom(encoded, settings, limits=Limits()) for encoded in files]
    images = [encode_png(pixels[..., None] if pixels.ndim == 2 else pixels).numpy() for pixels in rendered]
    canonical = [canonical_pixels(tf.constant(image), facts.canonical).numpy() for image in images]
    np.testing.assert_array_equal(ask_session(folder, export.CANONICAL_IMAGE, images)["pixels"], canonical)
    stored = [encode_png(pixels).numpy() for pixels in canonical]  # as ingest keeps them
    asked, reference = (ask_session(folder, export.PREDICT_IMAGE, batch)["probabilities"] for batch in (images, stored))
    np.testing.assert_array_equal(asked, reference)
    assert len(np.unique(asked, axis=0)) == len(DICOM)


def test_explain_image_predicts_the_same_and_adds_a_heat_map_of_the_canonical_size(saved, encoded, training_maker, ask_session):
    folder = saved[0]
    explained, predicted = (ask_session(folder, name, encoded) for name in (export.EXPLAIN_IMAGE, export.PREDICT_IMAGE))
    for output, values in predicted.items():
        np.testing.assert_array_equal(explained[output], values)
    heat = explained[export.HEAT_MAP]
    assert (heat.shape, heat.dtype) == ((len(encoded), training_maker.SIZE, training_maker.SIZE), np.float32)
    assert heat.min() >= 0
    assert set(heat.max(axis=(1, 2))) <= {0, 1}
    assert heat.any()


def test_what_signatures_share_is_in_the_export_once(saved):
    """The decoding that four of them do; of the network, that two predict with, and that of the heat map."""
    written = saved_model_pb2.SavedModel.FromString((saved[0] / "saved_model.pb").read_bytes())
    graph = written.meta_graphs[0].graph_def
    kinds = [node.op for function in graph.library.function for node in function.node_def]
    assert kinds.count("ResizeArea") == 1
    assert kinds.count("Softmax") == 2


def test_transform_features_gives_the_label_ids(saved, serialized, training_inputs, training_maker, ask_session):
    found = ask_session(saved[0], export.TRANSFORM_FEATURES, serialized)["label_id"]
    assert [training_maker.CLASSES[label] for label in found] == training_inputs.labels["test"]


def test_bfloat16_export_answers_in_float32_near_the_float32_one(
    saved, encoded, training_inputs, training_maker, tmp_path, ask_session
):
    save(training_inputs, training_maker, tmp_path / "model", "mixed_bfloat16")
    probabilities = ask_session(tmp_path / "model", export.PREDICT_IMAGE, encoded)["probabilities"]
    assert probabilities.dtype == np.float32
    explained = ask_session(tmp_path / "model", export.EXPLAIN_IMAGE, encoded)
    np.testing.assert_array_equal(explained["probabilities"], probabilities)
    assert explained["heat_map"].dtype == np.float32
    np.testing.assert_allclose(probabilities, ask_session(saved[0], export.PREDICT_IMAGE, encoded)["probabilities"], atol=0.05)
    assert read_facts(tmp_path / "model").precision == "bfloat16"


def test_a_file_that_is_no_image_is_an_error_of_the_request(saved, ask_session):
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected the bytes of a PNG or JPEG file"):
        ask_session(saved[0], export.PREDICT_IMAGE, [b"no image"])


def test_tfma_evaluates_the_export_as_scikit_learn_does(
    saved, serialized, encoded, training_inputs, training_maker, tmp_path, ask_session
):
    config = config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name=export.SERVING_DEFAULT,
                prediction_key=export.PROBABILITIES,
                label_key="label_id",
                preprocessing_function_names=[export.TRANSFORM_FEATURES],
            )
        ],
        slicing_specs=[config_pb2.SlicingSpec()],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[config_pb2.MetricConfig(class_name="SparseCategoricalAccuracy", config='{"name": "accuracy"}')]
            ),
            config_pb2.MetricsSpec(
                metrics=[config_pb2.MetricConfig(class_name="AUC", config='{"name": "auc"}')],
                binarize=config_pb2.BinarizationOptions(class_ids={"values": [0, 1, 2]}),
            ),
        ],
    )
    shared = tfma.default_eval_shared_model(str(saved[0]), tags=[tf.saved_model.SERVING], eval_config=config)
    reader = TFExampleBeamRecord("inmem", telemetry_descriptors=["test"], raw_record_column_name=tfma.ARROW_INPUT_COLUMN)
    with remembered(), EndedWithNode(IN_PROCESS) as pipeline:
        batches = pipeline | beam.Create(serialized) | reader.BeamSource(batch_size=7)
        _ = batches | tfma.ExtractEvaluateAndWriteResults(
            eval_config=config, eval_shared_model=shared, output_path=str(tmp_path), tensor_adapter_config=None
        )
    result = tfma.load_eval_result(str(tmp_path))
    probabilities = ask_session(saved[0], export.PREDICT_IMAGE, encoded)["probabilities"]
    labels = np.array([training_maker.CLASSES.index(label) for label in training_inputs.labels["test"]])
    accuracy = result.get_metrics_for_slice()["accuracy"]["doubleValue"]
    assert accuracy == pytest.approx(accuracy_score(labels, probabilities.argmax(axis=1)))
    for class_id in range(3):
        auc = result.get_metrics_for_slice(class_id=class_id)["auc"]["doubleValue"]
        assert auc == pytest.approx(roc_auc_score(labels == class_id, probabilities[:, class_id]), abs=1e-3)
