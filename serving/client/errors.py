"""What ends the work with a server, as against what is wrong with one image."""

import grpc

from pipeline.errors import MedtfxError


class ClientError(MedtfxError):
    """The server can't be reached, does not serve the model, or does not answer as an export of medtfx does."""


class RefusedError(Exception):
    """The server refused one request; another may be answered.

    Args:
        code: gRPC status code.
        text: the server's words.
    """

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        """Keep the code beside the text."""
        super().__init__(text)
        self.code = code

    @property
    def reason(self) -> str:
        """The code as the account of failures counts it, such as 'deadline_exceeded'."""
        return str(self.code.name).lower()
