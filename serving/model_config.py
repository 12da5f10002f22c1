"""What is to be served: models, where their versions lie, which are wanted, and their labels.

Rules and texts are those of tensorflow/serving, model_servers/server_core.cc.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from tensorflow_serving.config import model_server_config_pb2

from serving.serving_error import ServingError, invalid
from serving.version_policy import VersionPolicy

PLATFORM = "tensorflow"
POLICY_FIELD = "model_version_policy"


@dataclass(frozen=True)
class ModelConfig:
    """One model.

    Args:
        name: what clients call it.
        base_path: absolute folder that holds a numbered folder per version.
        policy: which versions are wanted.
        labels: names for version numbers, such as 'stable'.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = field(default_factory=VersionPolicy)
    labels: Mapping[str, int] = field(default_factory=dict)


def configs_of(server_config: model_server_config_pb2.ModelServerConfig, served: Collection[str] = ()) -> list[ModelConfig]:
    """Return the models of a ModelServerConfig.

    Args:
        server_config: the message.
        served: the models so far.

    Raises:
        ServingError: INVALID_ARGUMENT for a model listed twice, a relative path, another platform or an empty list.
    """
    if server_config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"
        )
    listed = list(server_config.model_config_list.config)
    _check_names([entry.name for entry in listed])
    return [_config_of(entry, served) for entry in listed]


def _check_names(names: Sequence[str]) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise invalid(f"Illegal to list model {name} multiple times in config list")


def _config_of(entry: model_server_config_pb2.ModelConfig, served: Collection[str]) -> ModelConfig:
    path = Path(entry.base_path)
    if not path.is_absolute():
        raise invalid(f"Expected model {entry.name} to have an absolute path or URI; got base_path()={entry.base_path}")
    if _platform_of(entry) != PLATFORM:
        raise _platform_error(entry, served)
    policy = policy_of(entry.model_version_policy) if entry.HasField(POLICY_FIELD) else VersionPolicy()
    return ModelConfig(entry.name, path, policy, dict(entry.version_labels))


def _platform_of(entry: model_server_config_pb2.ModelConfig) -> str:
    """Return the platform, which files from before `model_platform` name by `model_type`."""
    if entry.model_type and entry.model_platform:
        raise invalid(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, "
            f"model name is {entry.name}"
        )
    if entry.model_type not in (model_server_config_pb2.MODEL_TYPE_UNSPECIFIED, model_server_config_pb2.TENSORFLOW):
        raise invalid(f"ModelServerConfig::model_type choice {entry.model_type} not supported.")
    return PLATFORM if entry.model_type else str(entry.model_platform)


def _platform_error(entry: model_server_config_pb2.ModelConfig, served: Collection[str]) -> ServingError:
    if entry.model_platform and entry.name in served:
        return invalid(
            f"Illegal to change a model's platform. For model {entry.name} platform was {PLATFORM} and new platform requested is "
            f"{entry.model_platform}"
        )
    if entry.model_platform:
        return invalid(f"Model {entry.name} requests unsupported platform {entry.model_platform}")
    return invalid(
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        f"model name is {entry.name}"
    )


def policy_of(policy: Any) -> VersionPolicy:
    """Return the policy of a ServableVersionPolicy message; without a choice it is the latest version."""
    chosen = policy.WhichOneof("policy_choice")
    if chosen == "all":
        return VersionPolicy("all")
    if chosen == "specific":
        return VersionPolicy("specific", versions=frozenset(policy.specific.versions))
    return VersionPolicy(latest=max(policy.latest.num_versions, 1))


def check_reachable(configs: Sequence[ModelConfig], start: Sequence[ModelConfig]) -> None:
    """See that a configuration that came over the network opens no folder beside those of the start.

    A base path must lie in a folder that held one at the start, links followed.

    Raises:
        ServingError: PERMISSION_DENIED otherwise.
    """
    allowed = {config.base_path.resolve().parent for config in start}
    for config in configs:
        if config.base_path.resolve().parent not in allowed:
            raise ServingError(
                grpc.StatusCode.PERMISSION_DENIED,
                f"the base path of model {config.name} lies in no folder that this server was started on; "
                "put the model beside the others, or restart the server with it",
            )
