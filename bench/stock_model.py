"""What a user of the stock components writes: preprocessing for Transform and training for Trainer."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.public import tfxio

from bench.images import CLASSES
from models import zoo

SIDE = 224
BATCH = 32


def preprocessing_fn(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Decode, resize and scale, as Transform calls it."""

    def decode(encoded: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(tf.io.decode_jpeg(encoded[0], channels=3), (SIDE, SIDE)) / 255.0

    pixels = tf.map_fn(decode, inputs["image"], fn_output_signature=tf.float32)
    return {"image_xf": tf.ensure_shape(pixels, (None, SIDE, SIDE, 3)), "label_xf": inputs["label"]}


class Served(tf.Module):
    """The trained network behind Transform's graph."""

    def __init__(self, model: Any, graph: tft.TFTransformOutput) -> None:
        """Hold the variables; the network itself is closed over, which Keras 3 needs to be exported."""
        super().__init__()
        self.weights = [variable.value for variable in model.variables]
        self.layer = graph.transform_features_layer()
        self._specification = {name: spec for name, spec in graph.raw_feature_spec().items() if name != "label"}
        self._call = lambda pixels: model(pixels, training=False)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer serialised examples."""
        parsed = tf.io.parse_example(examples, self._specification)
        return {"probabilities": self._call(self.layer(parsed)["image_xf"])}


def run_fn(arguments: FnArgs) -> None:
    """Train and export, as Trainer calls it."""
    graph = tft.TFTransformOutput(arguments.transform_output)
    options = tfxio.TensorFlowDatasetOptions(batch_size=BATCH, label_key="label_xf")
    schema = graph.transformed_metadata.schema
    train, val = (
        arguments.data_accessor.tf_dataset_factory(files, options, schema).map(
            lambda features, label: (features["image_xf"], label)
        )
        for files in (arguments.train_files, arguments.eval_files)
    )
    model = zoo.build("article_cnn", (SIDE, SIDE, 3), len(CLASSES))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, steps_per_epoch=arguments.train_steps, validation_data=val, validation_steps=arguments.eval_steps, verbose=0)
    served = Served(model, graph)
    tf.saved_model.save(served, arguments.serving_model_dir, signatures={"serving_default": served.serve})
