"""Fitting a network: one compiled training step, validation after each epoch, early stopping, best weights."""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components import progress
from models.augmentation import augment
from models.checkpoint import Array, Checkpoint, State
from models.input_pipeline import ImageSplit, Rows, ahead, training_rows
from models.normalisation import PixelMoments, normalise
from models.optimizer import FusedAdam
from pipeline.config import Training
from pipeline.errors import MedtfxError

PIXELS_AT_ONCE = 8 * 224 * 224  # of float32 images whose activations are in memory together: half would cost a fifth of the speed
MOST_PARTS = 8  # of a batch; each makes the compiled step larger
WEIGHTS, OPTIMIZER, BEST, EPOCHS = "weights", "optimizer", "best", "epochs"  # parts of a checkpoint
WARM_UP = 0.05  # share of the steps in which the learning rate rises to its peak; then it falls along a cosine


@dataclass(frozen=True)
class Epoch:
    """One epoch; losses are class-weighted in both splits, those of train with augmentation.

    Args:
        epoch: from 1.
        steps: taken since the beginning.
    """

    epoch: int
    steps: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


class Learner:
    """A network, its optimizer and the compiled steps."""

    def __init__(self, model: keras.Model, training: Training, moments: PixelMoments, class_weights: Sequence[float]) -> None:
        """Prepare to train `model` as configured; a class weight per class."""
        self.model = model
        self.training = training
        self._moments = moments
        self._class_weights = tf.constant(class_weights, tf.float32)
        self._optimizer = FusedAdam(learning_rate(training))
        self._optimizer.build(model.trainable_variables)
        self.val_batch_size = parts(model, training.batch_size)[0].stop
        self.train_step = self._compiled(self._train_step, training.batch_size)
        self.val_step = self._compiled(self._val_step, self.val_batch_size)

    def _compiled(self, step: Callable[..., tf.Tensor], batch_size: int) -> Callable[..., tf.Tensor]:
        """Return the graph of a step, made without autograph, whose rewriting of Python takes longer than the tracing."""
        images = tf.TensorSpec((batch_size, *self.model.input_shape[1:]), tf.uint8)
        labels = tf.TensorSpec([batch_size], tf.int64)
        return tf.function(step, input_signature=[images, labels, tf.TensorSpec([], tf.int32)], autograph=False)

    def _train_step(self, pixels: tf.Tensor, labels: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Learn from one batch; return loss and accuracy, float32 [2]."""
        seed = tf.stack([seed32(self.training.seed), step])
        images = normalise(augment(tf.cast(pixels, tf.float32), seed, self.training.augmentation), self._moments)
        gradients, figures = None, []
        for part in parts(self.model, self.training.batch_size):
            # One part after the other: that is what keeps memory low.
            with tf.control_dependencies(gradients or []):
                found, part_figures = self._gradients(tf.identity(images[part]), labels[part])
            gradients = found if gradients is None else [a + b for a, b in zip(gradients, found, strict=True)]
            figures.append(part_figures)
        self._optimizer.apply(gradients, self.model.trainable_variables)
        return tf.add_n(figures)

    def _gradients(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return a part's share of the batch's gradients and of its loss and accuracy, float32 [2]."""
        share = 1.0 / self.training.batch_size
        with tf.GradientTape() as tape:
            probabilities = self.model(images, training=True)
            loss = tf.reduce_sum(self._losses(labels, probabilities)) * share
        gradients = tape.gradient(loss, self.model.trainable_variables)
        return gradients, tf.stack([loss, tf.reduce_sum(correct(labels, probabilities)) * share])

    def _val_step(self, pixels: tf.Tensor, labels: tf.Tensor, used: tf.Tensor) -> tf.Tensor:
        """Return the sums of loss and of correct decisions over the first `used` images, float32 [2]."""
        probabilities = self.model(normalise(pixels, self._moments), training=False)
        sums = tf.stack([self._losses(labels, probabilities)[:used], correct(labels, probabilities)[:used]])
        return tf.reduce_sum(sums, axis=1)

    def _losses(self, labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        losses = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
        return losses * tf.gather(self._class_weights, labels)

    def weights(self) -> Iterator[Array]:
        """Yield copies of the model's variables, in order."""
        return (variable.numpy() for variable in self.model.variables)

    def optimizer_state(self) -> Iterator[Array]:
        """Yield copies of the optimizer's variables, in order."""
        return (variable.numpy() for variable in self._optimizer.variables)

    def restore(self, state: State) -> None:
        """Go back to a state."""
        self.take_weights(state.group(WEIGHTS))
        for variable, value in zip(self._optimizer.variables, state.group(OPTIMIZER), strict=True):
            variable.assign(value)

    def take_weights(self, weights: Iterable[Array]) -> None:
        """Replace the model's variables."""
        for variable, value in zip(self.model.variables, weights, strict=True):
            variable.assign(value)


def fit(
    learner: Learner, train: ImageSplit, val: ImageSplit, *, checkpoint: Checkpoint, on_epoch: Callable[[Epoch], None]
) -> tuple[list[Epoch], int]:
    """Train to the last step or until the val loss no longer falls; leave the weights of the best epoch in the model.

    Returns:
        The epochs, and the step that an earlier, killed training was continued from (0: none).

    Raises:
        MedtfxError: when the loss is no longer a number.
    """
    training = learner.training
    per_epoch = training.steps_per_epoch or math.ceil(len(train) / training.batch_size)
    epochs, best = _resume(learner, checkpoint)
    resumed_from = epochs[-1].steps if epochs else 0
    for epoch in epochs:
        on_epoch(epoch)
    while not finished(epochs, training):
        epochs.append(
            _run_epoch(learner, train, val, steps=_next_steps(epochs, per_epoch, training.steps), number=len(epochs) + 1)
        )
        on_epoch(epochs[-1])
        if best_epoch(epochs) == epochs[-1].epoch:
            best = tuple(learner.weights())
        if not finished(epochs, training):
            groups = {WEIGHTS: learner.weights(), OPTIMIZER: learner.optimizer_state(), BEST: best}
            checkpoint.save({EPOCHS: [asdict(epoch) for epoch in epochs]}, groups)
    learner.take_weights(best)
    return epochs, resumed_from


def _resume(learner: Learner, checkpoint: Checkpoint) -> tuple[list[Epoch], tuple[Array, ...]]:
    state = checkpoint.load()
    if state is None:
        return [], ()
    learner.restore(state)
    return [Epoch(**epoch) for epoch in state.facts[EPOCHS]], tuple(state.group(BEST))


def _next_steps(epochs: Sequence[Epoch], per_epoch: int, steps: int) -> range:
    done = epochs[-1].steps if epochs else 0
    return range(done, min(done + per_epoch, steps))


def _run_epoch(learner: Learner, train: ImageSplit, val: ImageSplit, *, steps: range, number: int) -> Epoch:
    began = time.monotonic()
    batch_size, seed = learner.training.batch_size, seed32(learner.training.seed)
    batches = (train.batch(training_rows(len(train), batch_size, seed, step)) for step in steps)
    figures = []
    for step, (pixels, labels) in zip(steps, ahead(batches), strict=True):
        figures.append(learner.train_step(pixels, labels, tf.constant(step)).numpy())
        if not math.isfinite(figures[-1][0]):
            raise MedtfxError(
                f"The loss is {figures[-1][0]} at step {step + 1}; lower training.learning_rate or check the images."
            )
        progress.report(step + 1, learner.training.steps, "steps")
    loss, accuracy = map(float, np.mean(figures, axis=0))
    val_loss, val_accuracy = validate(learner, val)
    return Epoch(number, steps.stop, loss, accuracy, val_loss, val_accuracy, round(time.monotonic() - began, 3))


def validate(learner: Learner, val: ImageSplit) -> tuple[float, float]:
    """Return class-weighted loss and accuracy over a split."""
    chunks = _padded_chunks(len(val), learner.val_batch_size)
    batches = ((val.batch(rows), used) for rows, used in chunks)
    sums = [learner.val_step(pixels, labels, tf.constant(used)).numpy() for (pixels, labels), used in ahead(batches)]
    loss, correct_decisions = np.sum(sums, axis=0)
    return float(loss) / len(val), float(correct_decisions) / len(val)


def _padded_chunks(images: int, batch_size: int) -> list[tuple[Rows, int]]:
    """Cut all rows into batches of one size, so that one graph serves all; the last repeats its final row."""
    chunks = [np.arange(start, min(start + batch_size, images)) for start in range(0, images, batch_size)]
    return [(np.pad(rows, (0, batch_size - len(rows)), mode="edge"), len(rows)) for rows in chunks]


def parts(model: keras.Model, batch_size: int) -> list[slice]:
    """Cut a batch so that the activations of large images fit; their gradients add up to those of the whole batch.

    A network with batch normalisation sees the batch whole: its statistics are those of the batch.
    """
    height, width, _ = model.input_shape[1:]
    size = min(tf.as_dtype(layer.compute_dtype).size for layer in model.layers)  # bytes of an activation
    count = min(math.ceil(batch_size * height * width * size / tf.float32.size / PIXELS_AT_ONCE), MOST_PARTS, batch_size)
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers):
        count = 1
    edges = [batch_size * number // count for number in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def learning_rate(training: Training) -> keras.optimizers.schedules.LearningRateSchedule:
    """Rise linearly to the configured rate, then fall along half a cosine to zero (Loshchilov and Hutter, 2017)."""
    warm_up = max(1, round(WARM_UP * training.steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, training.steps - warm_up), warmup_target=training.learning_rate, warmup_steps=warm_up
    )


def correct(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Return 1.0 where the most probable class is the label, else 0.0."""
    return tf.cast(tf.equal(tf.argmax(probabilities, axis=1), labels), tf.float32)


def best_epoch(epochs: Sequence[Epoch]) -> int:
    """Return the number of the epoch with the lowest val loss, the first of equals."""
    return min(epochs, key=lambda epoch: epoch.val_loss).epoch


def finished(epochs: Sequence[Epoch], training: Training) -> bool:
    """Tell whether all steps are done, or the val loss has not fallen for `early_stopping` epochs."""
    if not epochs:
        return False
    patience_over = 0 < training.early_stopping <= len(epochs) - best_epoch(epochs)
    return patience_over or epochs[-1].steps >= training.steps


def balanced_weights(labels: npt.NDArray[np.int64], classes: int) -> list[float]:
    """Return a weight per class that makes all classes count alike: images / (classes * images of the class)."""
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return (len(labels) / (classes * counts)).tolist()


def seed32(seed: int) -> int:
    """Fold a configured seed into what both TensorFlow (int32) and NumPy (not negative) take."""
    return seed % 2**31
