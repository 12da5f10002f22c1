"""The exceptions that reach a user: one message, one exit code, no stack trace."""


class MedtfxError(Exception):
    """Base of every error that medtfx explains to its user."""

    exit_code = 1


class ConfigError(MedtfxError):
    """The configuration, the manifest's form or the command's words are wrong."""

    exit_code = 2


class DataRefusedError(MedtfxError):
    """The data can't be used for training."""

    exit_code = 3


class NotBlessedError(MedtfxError):
    """A node was started without the blessing that it needs."""


class RootInUseError(MedtfxError):
    """Another run works on this root."""


class ImageError(MedtfxError):
    """An image can't be turned into canonical pixels.

    Args:
        reason: short code that the account counts by, such as 'truncated' or 'too_many_pixels'.
        message: what came and what was expected, without the file's name.
    """

    def __init__(self, reason: str, message: str) -> None:
        """Keep the reason code beside the message."""
        super().__init__(message)
        self.reason = reason
