"""How the ML Metadata of a run is reached: a file below the root, or a MySQL or MariaDB server."""

import os

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import Config, MysqlMetadata, Tls
from pipeline.errors import ConfigError
from pipeline.root import Root, write_atomically

SERVER_FILE = "metadata.json"  # directly below the root


def connection_of(config: Config, state: Root) -> metadata_store_pb2.ConnectionConfig:
    """Return how the ML Metadata of a configuration and its root is reached.

    Raises:
        ConfigError: when the environment lacks the password.
    """
    if isinstance(config.metadata, MysqlMetadata):
        return mysql_connection(config.metadata)
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(state.metadata)
    connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return connection


def remember(config: Config, state: Root) -> None:
    """Note in a root which server keeps its ML Metadata, without the password, for commands that read no configuration."""
    note = state.path / SERVER_FILE
    if isinstance(config.metadata, MysqlMetadata):
        write_atomically(note, config.metadata.model_dump_json())
    else:
        note.unlink(missing_ok=True)


def remembered_connection(state: Root) -> metadata_store_pb2.ConnectionConfig | None:
    """Return how the ML Metadata of a root is reached, to read and to change what is there; None where no run has begun.

    Raises:
        ConfigError: when the environment lacks a server's password.
    """
    note = state.path / SERVER_FILE
    if note.exists():
        return mysql_connection(MysqlMetadata.model_validate_json(note.read_text()))
    if not state.metadata.is_file():
        return None
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(state.metadata)
    connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE
    return connection


def mysql_connection(told: MysqlMetadata) -> metadata_store_pb2.ConnectionConfig:
    """Return how a server is reached, with the password of the environment.

    Raises:
        ConfigError: when the environment lacks it.
    """
    password = os.environ.get(told.password_variable)
    if password is None:
        raise ConfigError(f"metadata: the environment variable {told.password_variable} is not set; expected the password in it")
    connection = metadata_store_pb2.ConnectionConfig()
    mysql = connection.mysql
    mysql.host, mysql.port, mysql.database = told.host, told.port, told.database
    mysql.user, mysql.password = told.user, password
    mysql.skip_db_creation = True  # a mistyped name would begin a history of its own
    if told.tls is not None:
        mysql.ssl_options.CopyFrom(ssl_options(told.tls))
    return connection


def ssl_options(tls: Tls) -> metadata_store_pb2.MySQLDatabaseConfig.SSLOptions:
    """Return what ML Metadata is told of an encrypted connection."""
    options = metadata_store_pb2.MySQLDatabaseConfig.SSLOptions(ca=str(tls.ca), verify_server_cert=tls.verify_server)
    if tls.certificate is not None:
        options.cert = str(tls.certificate)
    if tls.key is not None:
        options.key = str(tls.key)
    return options


def opened(connection: metadata_store_pb2.ConnectionConfig) -> MetadataStore:
    """Open a store for a command that launches nothing, and so does not wait for a server.

    Raises:
        ConfigError: when the file is damaged, or the server can't be used.
    """
    try:
        return MetadataStore(connection)
    except RuntimeError as error:  # what its C++ code raises here
        if connection.HasField("mysql"):
            advice = f"Check that it runs and lets user {connection.mysql.user} in, with the database and all rights on it."
            raise ConfigError(f"{name_of(connection)}: can't be used. {advice}") from error
        place = connection.sqlite.filename_uri
        raise ConfigError(f"{place}: is no readable ML Metadata. Put back a backup, or begin a new root.") from error


def name_of(connection: metadata_store_pb2.ConnectionConfig) -> str:
    """Return how a store is named in messages."""
    if connection.HasField("mysql"):
        return f"ML Metadata at {connection.mysql.host}:{connection.mysql.port}/{connection.mysql.database}"
    return "ML Metadata"
