"""TF Serving's configuration files in protobuf's text form.

ModelServerConfig comes with tensorflow-serving-api; the messages of three other files do not, and are declared here by field
number (config/ssl_config.proto, config/monitoring_config.proto, servables/tensorflow/session_bundle_config.proto). The wrapper
types of the last one are declared as messages with a `value`, which is their text form.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message
from tensorflow_serving.config import model_server_config_pb2

from pipeline.errors import ConfigError
from serving.declared_messages import Fields, message_classes

Parsed = TypeVar("Parsed", bound=Message)
MESSAGES: Mapping[str, Fields] = {
    "SSLConfig": {
        "server_key": (1, "string"),
        "server_cert": (2, "string"),
        "custom_ca": (3, "string"),
        "client_verify": (4, "bool"),
    },
    "PrometheusConfig": {"enable": (1, "bool"), "path": (2, "string")},
    "MonitoringConfig": {"prometheus_config": (1, "PrometheusConfig")},
    "Int64Value": {"value": (1, "int64")},
    "StringValue": {"value": (1, "string")},
    "BoolValue": {"value": (1, "bool")},
    "BatchingParameters": {
        "max_batch_size": (1, "Int64Value"),
        "batch_timeout_micros": (2, "Int64Value"),
        "max_enqueued_batches": (3, "Int64Value"),
        "num_batch_threads": (4, "Int64Value"),
        "thread_pool_name": (5, "StringValue"),
        "allowed_batch_sizes": (6, "repeated int64"),
        "pad_variable_length_inputs": (7, "bool"),
        "enable_large_batch_splitting": (8, "BoolValue"),
        "max_execution_batch_size": (9, "Int64Value"),
    },
}
PACKAGE = "medtfx.serving_config"


def model_server_config(flag: str, file: Path) -> model_server_config_pb2.ModelServerConfig:
    """Read the file of --model_config_file.

    Raises:
        ConfigError: when it can't be read as one.
    """
    return _parsed(flag, file, model_server_config_pb2.ModelServerConfig())


def read(name: str, flag: str, file: Path) -> Any:
    """Read a file of one of the messages declared above.

    Args:
        name: of the message.
        flag: that names the file, for the error.
        file: to read.

    Raises:
        ConfigError: when it can't be read as one.
    """
    return _parsed(flag, file, message_classes(PACKAGE, MESSAGES)[name]())


def _parsed(flag: str, file: Path, message: Parsed) -> Parsed:
    expected = message.DESCRIPTOR.name
    try:
        return text_format.Parse(file.read_text(encoding="utf-8"), message)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{flag}: the file can't be read; expected a {expected} message in protobuf's text form") from error
    except text_format.ParseError as error:
        # The parser's own text quotes what it met, and that may be part of a private key.
        place = f"line {error.GetLine()}, column {error.GetColumn()}" if error.GetLine() else "as a whole"
        raise ConfigError(f"{flag}: {place}: expected a {expected} message in protobuf's text form") from error
