"""The `beam:` block: on what the data nodes run. It changes where and how fast they run, never what they make."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.config.section import Section


def absolute(folder: Path) -> Path:
    """Refuse a folder that each worker would look for in its own working directory.

    Raises:
        ValueError: when it is relative.
    """
    if not folder.is_absolute():
        raise ValueError(f"{str(folder)!r}; expected an absolute path that is the same on every worker, such as /mnt/medtfx")
    return folder


Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+:[0-9]{1,5}$")]  # host:port
Bucket = Annotated[str, Field(pattern=r"^gs://.+")]
SharedFolders = tuple[Annotated[Path, AfterValidator(absolute)], ...]  # which all workers see under these very paths
NEEDED_BY = {"docker": "image", "process": "command", "external": "pool"}  # what an environment needs, by its kind


class InProcess(Section):
    """Beam's FnApiRunner within the node's own process: for one machine."""

    runner: Literal["in_process"] = "in_process"


class MultiProcess(Section):
    """FnApiRunner with processes as workers: for one machine on which one process does not use all cores."""

    runner: Literal["multi_process"]
    workers: Annotated[int, Field(ge=1, le=256)] = 2


class Portable(Section):
    """A cluster that is asked through Beam's job server, and where it finds medtfx."""

    job_endpoint: Address | None = None  # of a job server that runs already
    master: str | None = None  # of the cluster, to start a job server for
    job_server_jar: str | None = None  # path or URL: Beam starts it; default: the jar of Beam's version, from Maven Central
    parallelism: Annotated[int, Field(ge=1, le=10_000)] = 2  # shards that are worked on at once
    environment: Literal["loopback", "docker", "process", "external"] = "docker"
    image: str | None = None  # docker: what kubeflow/Dockerfile makes
    command: str | None = None  # process: Beam's boot program, there on every worker machine
    pool: Address | None = None  # external: a worker pool beside each worker, as Kubernetes sidecars are
    shared: SharedFolders = ()

    @model_validator(mode="after")
    def environment_is_complete(self) -> "Portable":
        """Refuse workers without what their environment needs, or with what another one does."""
        needed = NEEDED_BY.get(self.environment)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"{needed}: missing; expected it for environment: {self.environment}")
        for kind, key in NEEDED_BY.items():
            if key != needed and getattr(self, key) is not None:
                raise ValueError(f"{key}: {getattr(self, key)!r}; expected it only with environment: {kind}")
        return self

    @model_validator(mode="after")
    def files_are_shared(self) -> "Portable":
        """Refuse workers of their own machines that no folder is named for: images in and shards out are files."""
        if self.environment != "loopback" and not self.shared:
            raise ValueError(
                f"shared: empty; expected with environment: {self.environment} the folders, such as [/mnt/medtfx], that all "
                "workers see under these paths: root, images and pseudonym key lie there"
            )
        return self

    @model_validator(mode="after")
    def has_one_job_server(self) -> "Portable":
        """Refuse both a job server and a cluster to start one for, and neither."""
        if (self.job_endpoint is None) == (self.master is None):
            raise ValueError("expected exactly one of job_endpoint, a job server that runs, and master, to start one for")
        if self.job_server_jar is not None and self.master is None:
            raise ValueError(f"job_server_jar: {self.job_server_jar!r}; expected it only with master")
        return self


class Flink(Portable):
    """Apache Flink."""

    runner: Literal["flink"]
    master: Annotated[str, Field(pattern=r"^(\[local\]|\[auto\]|(https?://)?[A-Za-z0-9._-]+:[0-9]{1,5})$")] | None = None


class Spark(Portable):
    """Apache Spark."""

    runner: Literal["spark"]
    master: Annotated[str, Field(pattern=r"^(local(\[[0-9*]+\])?|spark://[A-Za-z0-9._:,-]+|yarn|k8s://.+)$")] | None = None


class Dataflow(Section):
    """Google Cloud Dataflow. Its workers need the image's files too: mount the shared folders in the image."""

    runner: Literal["dataflow"]
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9:.-]{4,}$")]
    region: Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]  # such as europe-west3
    temp_location: Bucket
    sdk_container_image: Annotated[str, Field(min_length=1)]  # with medtfx in it: what kubeflow/Dockerfile makes
    shared: Annotated[SharedFolders, Field(min_length=1)]
    service_account: str | None = None
    subnetwork: str | None = None
    public_addresses: bool = False  # of workers: images of patients stay in a private network unless someone says so
    machine_type: str | None = None
    most_workers: Annotated[int, Field(ge=1)] | None = None


Beam = Annotated[InProcess | MultiProcess | Flink | Spark | Dataflow, Field(discriminator="runner")]
