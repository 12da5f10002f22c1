"""The batch as a Beam pipeline: an element is a shard's place in the plan; a step reads, predicts and writes its part itself.

No image and no prediction is ever an element, so that memory stays flat on the in-memory runner. TFX's BulkInferrer, and
RunInference of tfx_bsl below it, do not fit (tfx 1.21, tfx_bsl 1.21, tried with the signature predict_image):
- RunInference fails on an output of one text an image, such as `decision`: "'bytes' object has no attribute 'dtype'".
- Its batches follow from measured time (the wrapper around its handlers drops `batch_parameters`), and float32 probabilities
  differ by 1e-7 between batch sizes: a continued run would not equal an undisturbed one.
- One file that can't be decoded fails the whole pipeline; a PredictionLog carries the image's bytes on beside the answer.
- BulkInferrer reads tf.Examples, for which every file would be stored a second time, and writes all or nothing.
What they do besides, loading the SavedModel in a TF1 session in each worker, is done here by the class that serves it.
"""

from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam

from components import progress
from pipeline import interruption, memory
from pipeline.batch.chosen_version import ChosenVersion
from pipeline.batch.part import write_part
from pipeline.batch.plan import Plan, read_shard
from pipeline.batch.shard_prediction import ShardPrediction
from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_job import EndedWithNode
from pipeline.beam_memo import remembered
from pipeline.errors import MedtfxError

_stopped: list[Exception] = []  # what ended a step: the runner makes a text of it


def predict_missing(plan: Plan, version: ChosenVersion, batch: int) -> None:
    """Predict the shards of a plan that have no part yet.

    Raises:
        MedtfxError: when the model can't be asked.
        OSError: when a part can't be written.
        KeyboardInterrupt: when interrupted.
    """
    _stopped.clear()
    step = PredictShard(plan, version, batch)
    try:
        with remembered(), EndedWithNode(IN_PROCESS) as pipeline:
            _ = pipeline | "Shards" >> beam.Create(plan.missing) | "Predict" >> beam.ParDo(step)
    except Exception as error:
        if interruption.came():
            raise KeyboardInterrupt from error
        raise (_stopped[0] if _stopped else error) from error


class PredictShard(beam.DoFn):
    """Writes the part of a shard and yields its place."""

    def __init__(self, plan: Plan, version: ChosenVersion, batch: int) -> None:
        """Keep what every worker needs.

        Args:
            plan: of the batch.
            version: that predicts.
            batch: images that it is asked about at once.
        """
        super().__init__()
        self.file, self.version, self.batch = plan.file, version, batch
        self.total, self.done = plan.images, plan.images - plan.missing_images

    def setup(self) -> None:
        """Load the model where the work is done."""
        try:
            self._prediction = ShardPrediction(self.version, self.batch)
        except (MedtfxError, OSError) as error:
            _stopped.append(error)
            raise

    def process(self, place: int) -> Iterator[int]:
        """Predict the images of a shard and write what became of them."""
        shard = read_shard(self.file, place)
        try:
            write_part(self.folder, shard.key, self._prediction.lines(shard.images, self._progress))
        except (MedtfxError, OSError) as error:
            _stopped.append(error)
            raise
        memory.release()
        yield place

    def teardown(self) -> None:
        """End what was started."""
        self._prediction.close()

    @property
    def folder(self) -> Path:
        """Where the parts are written."""
        return self.file.parent

    def _progress(self, more: int) -> None:
        self.done += more
        progress.report(self.done, self.total, "images")
