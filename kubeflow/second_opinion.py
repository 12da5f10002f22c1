"""Run a compiled package, as it is, through KFP's own local runner in containers of podman.

A second opinion beside `medtfx kubeflow dry-run`: not our reading of the package but that of kfp.local. README.md beside this
file tells what kfp.local passes over.

    .venv/bin/python kubeflow/second_opinion.py package.yaml --config my.yaml --folder /data/medtfx

The folder is seen by every container under its own path: the run's root lies below it, and so must what the configuration
names, unless --mount shows it. KFP's log goes to stdout. Exit code: 0 when every task ended well, 1 when one did not, 2 when
something must be put right first, 130 when interrupted.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, MedtfxError
from pipeline.kubeflow.engine import LIMITS, RUNTIME
from pipeline.kubeflow.package_interface import read_interface, run_parameters

# kfp.local starts tasks in the order of a protobuf map, and passes over the conditions that keep the tasks of a refusal for
# the end: only the implementation in Python keeps a map in the order of the file. Read once, when protobuf is imported with KFP.
PROTOBUF = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
START_SECONDS = 120.0  # another podman that writes an image keeps this one waiting
COLOUR = re.compile(r"\x1b\[\d+m")


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    told = arguments().parse_args(words)
    try:
        return second_opinion(told)
    except MedtfxError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def arguments() -> argparse.ArgumentParser:
    """Return the words that the command takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="what `medtfx kubeflow compile` wrote")
    parser.add_argument("--folder", type=Path, required=True, help="for root and outputs; made where it is missing")
    parser.add_argument("--config", type=Path, help="a configuration of this machine in the place of the package's")
    parser.add_argument("--user", default="1000:1000", help="user and group in the containers; default: 1000:1000")
    parser.add_argument("--mount", type=Path, action="append", default=[], help="a further folder, to be read only")
    return parser


def second_opinion(told: argparse.Namespace) -> int:
    """Run the package and return the exit code.

    Raises:
        ConfigError: for a bad package, configuration or folder, or without podman.
    """
    folder = told.folder.absolute()
    parameters = run_parameters(read_interface(told.package), (), options_of(told.config, folder / "root"))
    make_open(folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with podman_service() as address:
        os.environ["DOCKER_HOST"] = address
        failure = run_by_kfp(told.package, parameters, folder=folder, user=told.user, mounts=told.mount)
    sys.stderr.write(f"kfp.local: {failure or 'every task ended well'}; root {folder / 'root'}\n")
    return 1 if failure else 0


def options_of(config: Path | None, root: Path) -> dict[str, str]:
    """Return the pipeline's parameters that this machine sets, paths as it has them.

    Raises:
        ConfigError: for a bad configuration.
    """
    from pipeline import config_file  # noqa: PLC0415 - `--help` does without

    given = {} if config is None else {"config": config_file.load(config).model_dump_json()}
    return given | {"root": str(root)}


def make_open(folder: Path) -> None:
    """Make the folder where it is missing, open to the containers' user; one that is there stays as it is.

    Raises:
        ConfigError: when that can't be done.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
    except OSError as error:
        raise ConfigError(f"--folder {folder}: {error.strerror}; name another") from error


@contextmanager
def podman_service() -> Iterator[str]:
    """Yield the address of a podman that answers as docker does, for as long as it is wanted.

    Raises:
        ConfigError: when there is none, or it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="podman-") as folder:  # a socket's path is short
        socket, log = Path(folder) / "socket", Path(folder) / "log"
        words = [*RUNTIME, "system", "service", "--time", "0", f"unix://{socket}"]
        try:
            with log.open("w") as said:
                process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        except OSError as error:
            raise ConfigError(f"podman: {error.strerror}: apt-get install podman runc") from error
        try:
            wait_for(socket, process, log)
            yield f"unix://{socket}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until podman listens.

    Raises:
        ConfigError: when it ended, or took too long, with what it said.
    """
    end = time.monotonic() + START_SECONDS
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise ConfigError(f"podman serves no socket: {log.read_text()[-500:].strip() or 'it said nothing'}")
        time.sleep(0.05)


def run_by_kfp(package: Path, parameters: dict[str, Any], *, folder: Path, user: str, mounts: Sequence[Path]) -> str:
    """Have KFP run the package; return what KFP says of a failure, '' when every task ended well.

    Raises:
        ConfigError: when podman does not start a container.
    """
    from docker.errors import DockerException  # noqa: PLC0415 - seconds of imports, only once the words are known to be good
    from kfp import components, local  # noqa: PLC0415

    pipeline = components.load_component_from_file(str(package))
    try:
        with kept_containers() as label:
            runner = local.DockerRunner(labels=[label], **container_settings(user, mounts))
            local.init(runner, pipeline_root=str(folder))
            pipeline(**parameters)
    except RuntimeError as error:  # KFP's word for a task that failed
        return COLOUR.sub("", str(error))
    except (DockerException, OSError) as error:
        raise ConfigError(f"podman: {error}; is the package's image here? kubeflow/build_image.sh makes it") from error
    return ""


@contextmanager
def kept_containers() -> Iterator[str]:
    """Keep each container until all are done, and yield the label that they need; what still runs then is ended.

    kfp.local lets a container remove itself and asks for its exit code after: with podman it is always gone by then, and counts
    as a success whatever it did.
    """
    import docker  # noqa: PLC0415
    from docker.models.containers import Container, ContainerCollection  # noqa: PLC0415

    class Kept(ContainerCollection):
        def run(self, *words: Any, **settings: Any) -> Container:
            return super().run(*words, **{**settings, "auto_remove": False})

    docker.DockerClient.containers = property(lambda client: Kept(client=client))
    label = f"medtfx-{uuid.uuid4()}"
    try:
        yield label
    finally:
        with closing(docker.from_env()) as client:
            for container in client.containers.list(all=True, filters={"label": label}):
                container.remove(force=True)


def container_settings(user: str, mounts: Sequence[Path]) -> dict[str, Any]:
    """Return how docker's client is told to start a container as a strict cluster would, and as podman does within another."""
    from docker import types  # noqa: PLC0415

    limits = [limit.replace("=", ":").split(":") for limit in LIMITS if "=" in limit]
    return {
        "user": user,
        "read_only": True,
        "tmpfs": {"/tmp": ""},
        "network_mode": "host",
        "ulimits": [types.Ulimit(name=name, soft=int(soft), hard=int(hard)) for name, soft, hard in limits],
        "healthcheck": {"test": ["NONE"]},  # podman needs systemd for one
        "mounts": [types.Mount(str(place.absolute()), str(place.absolute()), "bind", read_only=True) for place in mounts],
    }


if __name__ == "__main__":
    os.environ |= PROTOBUF
    sys.exit(main(sys.argv[1:]))
