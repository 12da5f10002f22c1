"""Predicts the images of a shard: files are read and rendered ahead, while batches before them are in the model."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from components.image_example_gen.image_file import read_file
from components.image_example_gen.image_reader import decoding_threads
from components.image_example_gen.shard import in_order
from models.rendering.settings import Limits
from pipeline.batch.archive import ArchivedImage
from pipeline.batch.chosen_version import ChosenVersion
from pipeline.batch.part import Line
from pipeline.batch.session_model import SessionModel
from pipeline.errors import ImageError
from pipeline.reasons import Reason, failure
from serving.client import Failure, Outcome, Source
from serving.client.batches import Batch, Loaded, batches, outcomes
from serving.client.image_loader import ImageLoader
from serving.client.in_flight import ordered

IN_MODEL = 2  # batches: one's images are decoded while the network works on another's
AHEAD = 2  # batches that are read before their turn


class ShardPrediction:
    """A loaded model and the threads that read for it."""

    def __init__(self, version: ChosenVersion, batch: int) -> None:
        """Load the model; `batch` is how many images it is asked about at once.

        Raises:
            MedtfxError: when the model does not load.
        """
        self._batch = batch
        self._model = SessionModel(version)
        self._limits = Limits(pixels=self._model.max_pixels)
        self._loader = ImageLoader(self._model.rendering, self._limits)
        self._pool = ThreadPoolExecutor(decoding_threads(), thread_name_prefix="read")

    def lines(self, images: Sequence[ArchivedImage], progress: Callable[[int], None]) -> Iterator[Line]:
        """Yield what becomes of each image, in order; a bad file never raises.

        Args:
            images: of a shard; batches begin anew with it, so that its predictions depend on nothing else.
            progress: told how many more images are done.

        Raises:
            MedtfxError: when the model does not answer as an export does, or no file can be rendered here.
        """
        digests: deque[str] = deque()

        def loaded() -> Iterator[Loaded]:
            for digest, slot in in_order(self._pool, self._read, images, ahead=AHEAD * self._batch):
                digests.append(digest)
                yield slot

        with closing(ordered(self._outcomes, batches(loaded(), self._batch), IN_MODEL)) as answered:
            for of_batch in answered:
                yield from (Line(digests.popleft(), outcome) for outcome in of_batch)
                progress(len(of_batch))

    def close(self) -> None:
        """End the threads, the processes that they rendered in, and the model."""
        self._pool.shutdown(cancel_futures=True)
        self._loader.close()
        self._model.close()

    def _read(self, image: ArchivedImage) -> tuple[str, Loaded]:
        """Return the digest of a file and what the model is to be sent of it, or why nothing is."""
        named, digest = Source(image.name, b""), ""
        try:
            encoded = read_file(Path(image.path), self._limits)
            digest = hashlib.sha256(encoded).hexdigest()
            if image.sha256 not in ("", digest):
                raise failure(Reason.CHANGED_FILE)
        except ImageError as error:
            return digest, (named, Failure(image.name, error.reason, str(error)))
        return digest, (named, self._loader.load(Source(image.name, encoded, image.frame)))

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        return outcomes(batch, self._model.ask)
