"""What Transform found out, as training and export use it: label ids and the moments of the train split's pixels."""

import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.saved.saved_transform_io_v2 import SavedModelLoader

from models import features
from models.normalisation import PixelMoments


class TransformGraph:
    """The transform graph of an artifact, fed with the features that a result needs and no others."""

    def __init__(self, directory: str) -> None:
        """Load the graph below the directory of a TransformGraph artifact."""
        output = tft.TFTransformOutput(directory)
        self._specification = output.raw_feature_spec()
        # Not output.transform_features_layer(): that is a Keras 2 model.
        self._loader = SavedModelLoader(output.transform_savedmodel_dir)
        signature = [tf.TensorSpec([None], tf.string)]
        self.label_ids = tf.function(self._label_ids, input_signature=signature, autograph=False)

    @property
    def trackable(self) -> object:
        """What a SavedModel has to hold so that this graph's tables are restored with it."""
        return self._loader._imported

    def _label_ids(self, serialized: tf.Tensor) -> tf.Tensor:
        """Return the label ids, int64 [batch], of serialised examples, string [batch]; -1 for a label outside the classes."""
        wanted = {features.LABEL: self._specification[features.LABEL]}
        transformed = self._loader.apply_transform_model(tf.io.parse_example(serialized, wanted))
        return tf.reshape(transformed[features.LABEL_ID], [-1])

    def pixel_moments(self) -> PixelMoments:
        """Return mean and variance of pixels / 255 over the train split."""
        zero = tf.train.Feature(float_list=tf.train.FloatList(value=[0.0]))
        names = (features.MEAN, features.STANDARD_DEVIATION)
        example = tf.train.Example(features=tf.train.Features(feature=dict.fromkeys(names, zero)))
        wanted = {name: self._specification[name] for name in names}
        parsed = tf.io.parse_example(tf.constant([example.SerializeToString()]), wanted)
        transformed = self._loader.apply_transform_model(parsed)
        names = (features.PIXEL_MEAN, features.PIXEL_VARIANCE)
        return PixelMoments(*(float(tf.reshape(transformed[name], [-1])[0]) for name in names))
