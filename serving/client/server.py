"""Where a server is, and how the way to it is protected."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from pipeline.errors import ConfigError

OPTIONS = (
    ("grpc.max_receive_message_length", 64 * 2**20),  # bytes; gRPC's own 4 MB are few for long lists of classes
    # A server that comes back is found within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


@dataclass(frozen=True)
class Server:
    """A server's address and the files of TLS.

    Args:
        address: host:port.
        ca: PEM file of the authority that signed the server's certificate; turns TLS on.
        certificate: PEM file of the client's own certificate, for mutual TLS.
        key: PEM file of its private key.
    """

    address: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Check what goes together.

        Raises:
            ConfigError: naming what is wrong.
        """
        host, colon, port = self.address.rpartition(":")
        if not (host and colon and port.isdecimal() and 1 <= int(port) <= 65_535):
            raise ConfigError(f"server: {self.address!r}; expected HOST:PORT, such as localhost:8500")
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("certificate and key of the client go together; one of them is missing")
        if self.certificate is not None and self.ca is None:
            raise ConfigError("a client certificate needs TLS; name the authority of the server's certificate (ca) as well")

    def channel(self) -> grpc.Channel:
        """Open a channel; nothing is sent yet.

        Raises:
            ConfigError: when a file of TLS can't be read.
        """
        if self.ca is None:
            return grpc.insecure_channel(self.address, OPTIONS)
        ca, key, certificate = (pem(name, getattr(self, name)) for name in ("ca", "key", "certificate"))
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(ca, key, certificate), OPTIONS)


def pem(name: str, path: Path | None) -> bytes | None:
    """Return a PEM file of TLS, None where there is none.

    Raises:
        ConfigError: when it can't be read or is none.
    """
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}: the file can't be read: {error.strerror}") from error
    if b"-----BEGIN " not in content:
        raise ConfigError(f"{name}: the file is no PEM; expected text with -----BEGIN ...-----")
    return content
