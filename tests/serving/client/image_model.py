"""A SavedModel that answers about images as an export does, in a moment: its probabilities follow from the bytes that it gets."""

from pathlib import Path

import tensorflow as tf

from models.image_signature import JPEG_SIGNATURE, PNG_SIGNATURE

CLASSES = ("normal", "nodule")
SLOW = PNG_SIGNATURE + b"slow"  # an image that the model is busy with for minutes
BUCKETS = 1024  # a power of two: every score is a float32


class ImageModel(tf.Module):
    """Bytes in, hash out."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def predict_image(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer about files that begin as PNG or JPEG; any other is an error of the whole batch."""
        known = [tf.strings.substr(image, 0, len(start)) == start for start in (PNG_SIGNATURE, JPEG_SIGNATURE)]
        readable = tf.reduce_all(tf.logical_and(known[0] | known[1], tf.strings.length(image) > len(PNG_SIGNATURE)))
        with tf.control_dependencies([tf.debugging.Assert(readable, ["expected PNG or JPEG"])]):
            score = tf.cast(tf.strings.to_hash_bucket_fast(image, BUCKETS), tf.float32) / BUCKETS
        rounds = tf.where(tf.reduce_any(image == SLOW), 2**31 - 1, 0)
        ended = tf.while_loop(lambda i: i < rounds, lambda i: (i + 1,), (tf.constant(0),), parallel_iterations=1)
        with tf.control_dependencies(ended):
            names = tf.tile([CLASSES], [tf.size(score), 1])
            return {
                "probabilities": tf.stack([score, 1 - score], axis=1),
                "classes": names,
                "decision": tf.gather(tf.constant(CLASSES), tf.cast(score < 0.5, tf.int32)),
            }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def without_decision(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer as a model of somebody else's."""
        return {"probabilities": tf.ones([tf.size(image), 2])}


def save(folder: Path, *, foreign: bool = False) -> Path:
    """Write the model as a version folder; a foreign one does not answer as an export does."""
    model = ImageModel()
    answers = model.without_decision if foreign else model.predict_image
    tf.saved_model.save(model, str(folder), signatures={"predict_image": answers})
    return folder


def score(image: bytes) -> float:
    """Return the probability of the first class."""
    return float(tf.cast(tf.strings.to_hash_bucket_fast(image, BUCKETS), tf.float32) / BUCKETS)
