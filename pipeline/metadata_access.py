"""Use ML Metadata over a network: wait for a server that restarts, repeat what a lost connection cut off, explain the rest."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ml_metadata import errors
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from pipeline.errors import MedtfxError

T = TypeVar("T")
WAITS = (1.0, 3.0, 6.0, 12.0, 24.0)  # seconds between tries; a server that is restarted is back by then
PASSING = ("Lost connection", "gone away", "real_connect failed", "Deadlock", "Lock wait timeout", "Connection was killed")


class MetadataError(MedtfxError):
    """ML Metadata can't be reached or used."""


class PatientMetadata(metadata.Metadata):
    """TFX's handle, which waits for a server that is away; it makes a connection for each use, and none outlives an executor."""

    def __enter__(self) -> "PatientMetadata":
        """Connect.

        Raises:
            MetadataError: when a server refuses, or stays away.
        """
        if not self._connection_config.HasField("mysql"):
            super().__enter__()
            return self
        mysql = self._connection_config.mysql
        waits, was_there = iter(WAITS), False
        while True:
            try:
                super().__enter__()
            except RuntimeError as error:  # what ML Metadata's C++ code raises here, without saying which error it was
                wait, is_there = next(waits, None), answers(mysql)
                # A server that was there before this try has refused; one that has just come back is asked again.
                if wait is None or is_denied(str(error)) or (was_there and is_there):
                    raise MetadataError(why_unreached(mysql, str(error), is_there=is_there)) from None
                was_there = is_there
                time.sleep(wait)
            else:
                return self


def patiently(action: Callable[[], T], connection: metadata_store_pb2.ConnectionConfig) -> T:
    """Return what an action returns, repeated when a lost connection or a concurrent writer cut it off.

    Args:
        action: which may be repeated after any part of it; it opens a handle of its own, for one that lost its connection is dead.
        connection: named in messages, without its password.

    Raises:
        MetadataError: when that does not help.
    """
    waits = iter(WAITS[:3])
    while True:
        try:
            return action()
        except errors.StatusError as error:
            wait = next(waits, None)
            if wait is None or not is_passing(error):
                told = f"{type(error).__name__}: {error.message}"
                raise MetadataError(f"{name_of(connection)}: {told}. Run the same command again.") from error
            time.sleep(wait * (0.5 + random.random()))


def is_passing(error: errors.StatusError) -> bool:
    """Tell whether an error goes by itself: a connection that was lost, or a writer that came first."""
    if isinstance(error, errors.AbortedError | errors.AlreadyExistsError | errors.UnavailableError):
        return True
    return any(sign in str(error.message) for sign in PASSING)


def is_denied(said: str) -> bool:
    """Tell whether the server has let the user in, and not to the database."""
    return "to database" in said or "Unknown database" in said


def answers(mysql: metadata_store_pb2.MySQLDatabaseConfig) -> bool:
    """Tell whether a server greets who connects to its port."""
    with suppress(OSError), socket.create_connection((mysql.host, mysql.port), timeout=5) as connection:
        connection.settimeout(5)
        return bool(connection.recv(1))
    return False


def why_unreached(mysql: metadata_store_pb2.MySQLDatabaseConfig, said: str, *, is_there: bool) -> str:
    """Return what a user should look at."""
    place = f"ML Metadata at {mysql.host}:{mysql.port}/{mysql.database}"
    if is_denied(said):
        return f"{place}: user {mysql.user} may not use the database, or it does not exist. Create it and grant all rights on it."
    if is_there:
        account = "user, password and TLS; the account's plugin must be mysql_native_password"
        return f"{place}: the server refuses user {mysql.user}. Check {account}."
    return (
        f"{place}: no server answers. Check metadata.host and metadata.port, and that it runs; then run the same command again."
    )


def name_of(connection: metadata_store_pb2.ConnectionConfig) -> str:
    """Return how a store is named in messages."""
    if connection.HasField("mysql"):
        return f"ML Metadata at {connection.mysql.host}:{connection.mysql.port}/{connection.mysql.database}"
    return "ML Metadata"
