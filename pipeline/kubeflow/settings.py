"""What a package cannot be without: the image of its tasks, a folder that all of them share, and no needs of unknown nodes."""

from pipeline.config import Config
from pipeline.config.kubeflow import Kubeflow
from pipeline.errors import ConfigError
from pipeline.node_ids import NODES


def image_of(settings: Kubeflow) -> str:
    """Return the image of all tasks.

    Raises:
        ConfigError: when none is configured.
    """
    if not settings.image:
        raise ConfigError(
            "kubeflow.image: missing; expected the image that the cluster pulls, such as registry.example/medtfx:0.1.0"
        )
    return settings.image


def root_of(config: Config) -> str:
    """Return the folder that all pods share as the run's root.

    Raises:
        ConfigError: when no volume is configured and no root either.
    """
    settings = config.kubeflow
    if settings.root is not None:
        return settings.root
    if not settings.volumes:
        raise ConfigError("kubeflow.volumes: empty, and kubeflow.root is not set: pods share only what a volume holds")
    return f"{settings.volumes[0].path.rstrip('/')}/runs/{config.name}"


def check_nodes(settings: Kubeflow) -> None:
    """Refuse needs of nodes that the graph does not have.

    Raises:
        ConfigError: naming them, and the nodes that there are.
    """
    unknown = sorted(set(settings.nodes) - set(NODES))
    if unknown:
        raise ConfigError(f"kubeflow.nodes: {', '.join(unknown)}: no such node; expected one of {', '.join(NODES)}")
