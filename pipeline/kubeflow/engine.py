"""Where a dry-run starts the containers of a package: as processes of this environment, or in their image by podman."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import ConfigError

if TYPE_CHECKING:  # KFP loads with it, and who starts a container by other means needs the limits alone
    from pipeline.kubeflow.compiled_package import Container

# Of this shell's variables a process is given these alone: a pod has none of them, and what a node needs must be in the package.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
# What podman of Debian 12 needs inside another container: crun, bridges and the default limits fail there.
RUNTIME = ("podman", "--runtime", "runc")
PODMAN = (*RUNTIME, "run", "--rm", "--network=host")
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")
# Kubernetes passes over an image's health check, and podman needs systemd for it.
AS_A_POD = ("--no-healthcheck", "--read-only", "--tmpfs", "/tmp")


@dataclass(frozen=True)
class Start:
    """A process to start: its words and its environment."""

    words: tuple[str, ...]
    environment: Mapping[str, str]


class Engine(Protocol):
    """Turns a container's command into a process of this machine."""

    def start(self, container: "Container", words: Sequence[str]) -> Start:
        """Return what to start."""


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this environment; volumes are not mounted, so paths are those of this machine."""

    shell: Mapping[str, str]

    def start(self, container: "Container", words: Sequence[str]) -> Start:
        """Return the command itself; `medtfx` is the one that runs now."""
        inherited = {name: self.shell[name] for name in INHERITED if name in self.shell}
        path = f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
        return Start(tuple(words), inherited | {"PATH": path} | variables(container, self.shell))


@dataclass(frozen=True)
class PodmanEngine:
    """Containers as a strict cluster starts them: not root, a read-only root file system, a /tmp of their own.

    Args:
        shell: this shell's variables, in which values of secrets are looked up.
        outputs: folder of output files, the same inside and outside.
        claims: folder of each volume claim.
        image: in the place of the package's; None: the package's.
        mounts: further folders, the same inside and outside.
    """

    shell: Mapping[str, str]
    outputs: Path
    claims: Mapping[str, Path]
    image: str | None = None
    mounts: tuple[Path, ...] = field(default_factory=tuple)

    def start(self, container: "Container", words: Sequence[str]) -> Start:
        """Return a `podman run`; values of variables are in the environment, never among the words."""
        values = variables(container, self.shell)
        user = container.kubernetes.get("securityContext", {}).get("runAsUser", 1000)
        said = [*PODMAN, *LIMITS, *AS_A_POD, "--user", str(user)]
        for folder in (self.outputs, *self.mounts):
            said += ["--volume", f"{folder}:{folder}"]
        for mount in container.kubernetes.get("pvcMount", ()):
            said += ["--volume", f"{self._claim(mount)}:{mount['mountPath']}"]
        for name in sorted(values):
            said += ["--env", name]
        said += ["--entrypoint", words[0], self.image or container.spec.image, *words[1:]]
        return Start(tuple(said), {**self.shell, **values})

    def _claim(self, mount: Mapping[str, str]) -> Path:
        if mount["constant"] not in self.claims:
            raise ConfigError(f"--volume {mount['constant']}=FOLDER: missing; the package mounts that claim")
        return self.claims[mount["constant"]] / mount.get("subPath", "")


def variables(container: "Container", shell: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that the package gives a container; what a secret fills is looked up in this shell."""
    plain = {item.name: item.value for item in container.spec.env}
    return plain | {name: shell[name] for name in secret_variables(container) if name in shell}


def secret_variables(container: "Container") -> list[str]:
    """Return the variables that secrets fill."""
    secrets = container.kubernetes.get("secretAsEnv", ())
    return [item["envVar"] for secret in secrets for item in secret["keyToEnv"]]


def claims_of(containers: Mapping[str, "Container"]) -> set[str]:
    """Return the volume claims that a package mounts."""
    return {mount["constant"] for container in containers.values() for mount in container.kubernetes.get("pvcMount", ())}
