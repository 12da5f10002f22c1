"""The client: images in, outcomes out, in order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from models.rendering.settings import RenderSettings
from serving.client.batches import Batch, Sent, batches, outcomes
from serving.client.calls import Calls
from serving.client.errors import ClientError, RefusedError
from serving.client.image_loader import ImageLoader
from serving.client.in_flight import ordered
from serving.client.messages import GetModelStatusRequest, ModelSpec, PredictRequest
from serving.client.outcome import Outcome, Prediction, predictions_of
from serving.client.pace import Pace
from serving.client.server import Server
from serving.client.source import Source, found
from serving.client.tensors import text_tensor

SIGNATURE, INPUT = "predict_image", "image"
AVAILABLE = 30  # ModelVersionStatus.State


@dataclass(frozen=True)
class Model:
    """Which model is asked.

    Args:
        name: that it is served under.
        version: None: the newest that is served.
    """

    name: str
    version: int | None = None

    def spec(self, signature: str = "") -> Any:
        """Return it as a ModelSpec."""
        spec = ModelSpec(name=self.name, signature_name=signature)
        if self.version is not None:
            spec.version.value = self.version
        return spec


class Client:
    """Asks one model of one server."""

    def __init__(
        self,
        server: Server,
        model: str | Model,
        *,
        rendering: RenderSettings | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            server: where it is.
            model: its name, or name and version.
            rendering: how DICOM, NIfTI and TIFF files become pixels: what the model was trained with (`read_rendering`);
                None: the defaults of a configuration.
            pace: how much is asked at once, and for how long.

        Raises:
            ConfigError: when a file of TLS can't be read.
        """
        self.model = Model(model) if isinstance(model, str) else model
        self._pace = pace or Pace()
        self._loader = ImageLoader(rendering or RenderSettings())
        self._channel = server.channel()
        self._calls = Calls(self._channel, self._pace.deadline)

    def versions(self) -> tuple[int, ...]:
        """Return the versions of the model that are ready to answer, the newest first.

        Raises:
            ClientError: when the server can't be reached or does not know the model.
        """
        try:
            response = self._calls.status(GetModelStatusRequest(model_spec=ModelSpec(name=self.model.name)))
        except RefusedError as error:
            raise ClientError(f"the server refused: {error.code.name}: {error}") from error
        ready = (status.version for status in response.model_version_status if status.state == AVAILABLE)
        return tuple(sorted(ready, reverse=True))

    def predict(
        self, images: Iterable[str | Path | bytes | Source], *, progress: Callable[[int], None] | None = None
    ) -> Iterator[Outcome]:
        """Yield a prediction or a failure for each image, in order; an image that fails stops no other.

        Images are loaded as outcomes are taken, so that memory holds what is in flight and no more.

        Args:
            images: paths of files, of folders (every file below, by name), or the bytes of files.
            progress: told how many images have an outcome, after each request.

        Raises:
            ClientError: when the server can't be reached, does not serve the model, or does not answer as an export does.
            ConfigError: when a file needs decoders that are not installed.
        """
        loaded = ((source, self._loader.load(source)) for source in found(images))
        done = 0
        with closing(ordered(self._outcomes, batches(loaded, self._pace.batch), self._pace.in_flight)) as answered:
            for answers in answered:
                yield from answers
                done += len(answers)
                if progress is not None:
                    progress(done)

    @property
    def rendered(self) -> int:
        """How many images so far were rendered, being neither PNG nor JPEG."""
        return self._loader.rendered

    def close(self) -> None:
        """End calls in flight, the channel and the rendering process."""
        self._calls.stop()
        self._channel.close()
        self._loader.close()

    def __enter__(self) -> Self:
        """Return the client; leaving the block closes it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        return outcomes(batch, self._predictions)

    def _predictions(self, images: Sequence[Sent]) -> list[Prediction]:
        request = PredictRequest(model_spec=self.model.spec(SIGNATURE))
        request.inputs.add(key=INPUT, value=text_tensor([content for _, content in images]))
        return predictions_of(self._calls.predict(request), [source for source, _ in images])
