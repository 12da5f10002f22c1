"""The `kubeflow:` block: what a cluster gives each node. It changes where a node runs, never what it makes."""

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.config.section import Section

POWERS = "KMGTPE"


def size_of(quantity: str) -> Decimal:
    """Return a quantity of Kubernetes as a number: '500m' is 0.5, '2Gi' 2147483648."""
    digits = quantity.rstrip(f"m{POWERS}i")
    unit = quantity[len(digits) :]
    if unit == "m":
        return Decimal(digits) / 1000
    return Decimal(digits) * (1024 if unit.endswith("i") else 1000) ** (POWERS.find(unit[:1]) + 1 if unit else 0)


def checked(pattern: str, expected: str) -> AfterValidator:
    """Return a validator that refuses texts of another form, in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r}; expected {expected}")
        return value

    return AfterValidator(check)


Cpu = Annotated[str, checked(r"[0-9]+(\.[0-9]+)?|[0-9]+m", "cores such as '2', '0.5' or '500m'")]
Memory = Annotated[str, checked(r"[0-9]+([KMGTPE]i?)?", "bytes such as '512Mi' or '4Gi'")]
# RFC 1123, as Kubernetes names its objects.
ObjectName = Annotated[str, checked(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?", "a Kubernetes name: lower case, digits, '-', '.'")]
Variable = Annotated[str, checked(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]


def absolute(value: str) -> str:
    """Refuse a path inside the container that does not start at its root."""
    if not PurePosixPath(value).is_absolute():
        raise ValueError(f"{value!r}; expected an absolute path inside the container, such as /mnt/medtfx")
    return value


ContainerPath = Annotated[str, AfterValidator(absolute)]


class Cores(Section):
    """Processor time: what the scheduler sets aside, and what is never exceeded."""

    request: Cpu | None = None
    limit: Cpu | None = None

    @model_validator(mode="after")
    def request_within_limit(self) -> "Cores":
        """Refuse a request above the limit."""
        refuse_above(self.request, self.limit)
        return self


class Bytes(Section):
    """Memory: what the scheduler sets aside, and beyond what the pod is killed."""

    request: Memory | None = None
    limit: Memory | None = None

    @model_validator(mode="after")
    def request_within_limit(self) -> "Bytes":
        """Refuse a request above the limit."""
        refuse_above(self.request, self.limit)
        return self


def refuse_above(request: str | None, limit: str | None) -> None:
    """Refuse a request above its limit: the cluster would.

    Raises:
        ValueError: when it is above.
    """
    if request is not None and limit is not None and size_of(request) > size_of(limit):
        raise ValueError(f"request {request} is above limit {limit}; expected at most the limit")


class Gpu(Section):
    """Accelerators of a pod, by the resource name that the cluster's device plug-in offers."""

    type: str = "nvidia.com/gpu"
    count: Annotated[int, Field(ge=1)] = 1


class Toleration(Section):
    """A taint of nodes that a pod may stand all the same."""

    key: str | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoExecute", "NoSchedule", "PreferNoSchedule"] | None = None
    seconds: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def value_fits_operator(self) -> "Toleration":
        """Refuse what the API server refuses: Exists with a value, no key without Exists."""
        if self.operator == "Exists" and self.value is not None:
            raise ValueError("operator Exists takes no value")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("expected a key, or operator: Exists for every taint")
        return self


class Retries(Section):
    """How often a pod that failed is started again. A refusal is no failure and never retried."""

    count: Annotated[int, Field(ge=0, le=20)] = 2
    backoff_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    factor: Annotated[float, Field(ge=1, le=10)] = 2.0
    longest_seconds: Annotated[int, Field(ge=0, le=3600)] = 600


class Secret(Section):
    """A key of a Kubernetes Secret that a container finds in an environment variable."""

    name: ObjectName
    key: str
    env: Variable
    optional: bool = False


class Volume(Section):
    """A persistent volume claim, and where containers find it."""

    claim: ObjectName
    path: ContainerPath
    sub_path: str = ""


class NodeNeeds(Section):
    """What the pod of a node is given."""

    cpu: Cores = Cores(request="1")
    memory: Bytes = Bytes(request="2Gi")
    gpu: Gpu | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    retries: Retries = Retries()
    timeout_seconds: Annotated[int, Field(ge=1)] | None = None  # of a try; default: none
    env: dict[Variable, str] = Field(default_factory=dict)

    def with_own(self, own: "NodeNeeds") -> "NodeNeeds":
        """Return these needs with the keys that a node's own needs set in their place; variables are added."""
        changed = {name: getattr(own, name) for name in own.model_fields_set}
        if "env" in changed:
            changed["env"] = self.env | own.env
        return self.model_copy(update=changed)


class Notify(Section):
    """Who is told how a run ended; the address comes from an environment variable that a secret fills."""

    kind: Literal["webhook", "slack", "email"]
    url_env: Variable  # of the URL; smtps://user:password@host:465/?from=a@b&to=c@d for email
    on: tuple[Literal["success", "refusal", "failure"], ...] = ("success", "refusal", "failure")


class Kubeflow(Section):
    """How the package for Kubeflow Pipelines is made."""

    image: str | None = None
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    pull_secrets: tuple[ObjectName, ...] = ()
    run_as_user: Annotated[int, Field(ge=1)] = 1000
    root: ContainerPath | None = None  # default: <path of the first volume>/runs/<name>
    volumes: tuple[Volume, ...] = ()
    secrets: tuple[Secret, ...] = ()
    defaults: NodeNeeds = NodeNeeds()
    nodes: dict[str, NodeNeeds] = Field(default_factory=dict)
    notify: tuple[Notify, ...] = ()

    @model_validator(mode="after")
    def names_are_distinct(self) -> "Kubeflow":
        """Refuse two volumes at one path and two secrets for one variable."""
        refuse_repeats("volumes", [volume.path for volume in self.volumes])
        refuse_repeats("secrets", [secret.env for secret in self.secrets])
        return self

    @model_validator(mode="after")
    def addresses_come_from_secrets(self) -> "Kubeflow":
        """Refuse a notification whose address no secret gives: it would have to stand in the package."""
        known = {secret.env for secret in self.secrets}
        for notify in self.notify:
            if notify.url_env not in known:
                raise ValueError(
                    f"notify: no secret fills {notify.url_env}; expected one in kubeflow.secrets with env: {notify.url_env}"
                )
        return self

    def needs(self, node: str) -> NodeNeeds:
        """Return what the pod of a node is given."""
        own = self.nodes.get(node)
        return self.defaults if own is None else self.defaults.with_own(own)


def refuse_repeats(key: str, values: list[str]) -> None:
    """Refuse a list in which a value stands twice.

    Raises:
        ValueError: naming the value.
    """
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key}: {value} stands twice")
