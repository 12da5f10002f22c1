"""How the ML Metadata of a run is reached: a file below the root, or a MySQL or MariaDB server."""

import os

from ml_metadata.proto import metadata_store_pb2

from pipeline.config import Config, MysqlMetadata, Tls
from pipeline.errors import ConfigError
from pipeline.root import Root


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
