"""A double of Kubeflow Pipelines' v2beta1 API: real HTTP, state in memory, each request held against the installed API's models.

Paths, verbs and query names are read from the generated client (kfp_server_api), body fields and types from its models; what a
backend refuses beyond that (missing fields, unknown parameters, times that are no cron) is refused here in its words.
"""

import email
import inspect
import json
import re
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import kfp_server_api
import yaml

SERVICES = ("Healthz", "Experiment", "Pipeline", "PipelineUpload", "Run", "RecurringRun")
INT64 = ("max_concurrency", "interval_second")  # the models call them str; the wire takes numbers too
REQUIRED = {
    "V2beta1Experiment": ("display_name",),
    "V2beta1Pipeline": ("display_name", "name"),
    "V2beta1Run": ("display_name", "experiment_id", "pipeline_version_reference", "runtime_config"),
    "V2beta1RecurringRun": (
        *("display_name", "experiment_id", "pipeline_version_reference", "runtime_config"),
        *("max_concurrency", "trigger", "mode"),
    ),
    "V2beta1PipelineVersionReference": ("pipeline_id", "pipeline_version_id"),
    "V2beta1CronSchedule": ("cron",),
}
TYPES: Mapping[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "datetime": (str,), "object": (dict,), "int": (int,)}
VALUES: Mapping[str, tuple[type, ...]] = {
    **{"STRING": (str,), "NUMBER_INTEGER": (int,), "NUMBER_DOUBLE": (int, float)},
    **{"BOOLEAN": (bool,), "LIST": (list,), "STRUCT": (dict,)},
}
CREATED = "2026-01-02T03:04:05Z"


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the double
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Route:
    """An operation of the API, as the generated client knows it."""

    operation: str
    verb: str
    path: re.Pattern[str]
    query: frozenset[str]
    body: str | None


def _route(operation: str, source: str) -> Route | None:
    found = re.search(r"'(/apis/v2beta1/[^']*)', '([A-Z]+)'", source)
    if found is None:
        return None
    path = re.compile(re.sub(r"\\{([\w.\\]+)\\}", r"(?P<\1>[^/:]+)", re.escape(found[1])))
    body = re.search(r":type \w+: (V2beta1\w+)", source) if "body_params = local" in source else None
    return Route(operation, found[2], path, frozenset(re.findall(r"query_params\.append\(\('(\w+)'", source)), body and body[1])


def routes() -> list[Route]:
    """Return every operation of the services."""
    found = []
    for service in SERVICES:
        api = getattr(kfp_server_api, f"{service}ServiceApi")
        for name, method in inspect.getmembers(api, inspect.isfunction):
            if name.endswith("_with_http_info") and "update" not in name:
                found.append(_route(name.removesuffix("_with_http_info"), inspect.getsource(method)))
    return [route for route in found if route]


ROUTES = routes()


def check(value: Any, kind: str, where: str) -> None:
    """Raise Refusal(400) unless a JSON value is of a type of the API's models."""
    if kind.startswith("dict("):
        kind = "object"
    if kind in TYPES:
        wide = (int, *TYPES[kind]) if where.rsplit(".", maxsplit=1)[-1] in INT64 else TYPES[kind]
        if not isinstance(value, wide) or (isinstance(value, bool) and kind != "bool"):
            raise Refusal(400, f"{where}: {value!r} is not {kind}")
        return
    model = getattr(kfp_server_api, kind)
    if hasattr(model, "allowable_values"):
        if value not in model.allowable_values:
            raise Refusal(400, f"{where}: {value!r} is none of {model.allowable_values}")
        return
    fields = {name: model.openapi_types[attribute] for attribute, name in model.attribute_map.items()}
    if unknown := set(value) - set(fields):
        raise Refusal(400, f"{where}: unknown field {sorted(unknown)}")
    if missing := [name for name in REQUIRED.get(kind, ()) if name not in value]:
        raise Refusal(400, f"{where}: missing field {missing}")
    for name, item in value.items():
        check(item, fields[name], f"{where}.{name}")


@dataclass
class Seen:
    """A request that came."""

    operation: str
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """A request as an operation takes it."""

    query: dict[str, str]
    body: Any
    content_type: str
    path: dict[str, str]


@dataclass
class Failure:
    """An answer on demand to every call of an operation; '*' is each."""

    operation: str
    status: int = 500
    body: bytes = b'{"error": "on demand", "code": 13, "message": "on demand", "details": []}'
    kind: str = "application/json"


@dataclass
class ApiDouble:
    """The server's state, and what it was asked."""

    multi_user: bool = False
    token: str | None = None
    delay: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    seen: list[Seen] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    recurring: list[dict[str, Any]] = field(default_factory=list)
    host: str = ""

    def operations(self) -> list[str]:
        """Return the operations asked for, in order."""
        return [seen.operation for seen in self.seen]

    def answer(self, request: "Handler") -> tuple[int, bytes, str]:
        """Return status, body and content type of the answer to a request."""
        url = urlsplit(request.path)
        route, match = next(
            ((one, match) for one in ROUTES if one.verb == request.command and (match := one.path.fullmatch(url.path))),
            (None, None),
        )
        if route is None or match is None:
            raise Refusal(404, f"no operation {request.command} {url.path}")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        content = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if unknown := set(query) - route.query:
            raise Refusal(400, f"unknown query {sorted(unknown)}")
        body = json.loads(content) if content and route.body else content
        self.seen.append(Seen(route.operation, query, body, dict(request.headers)))
        time.sleep(self.delay)
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Request header error: there is no user identity header")
        for failure in self.failures:
            if failure.operation in ("*", route.operation):
                return failure.status, failure.body, failure.kind
        if self.before:
            self.before(route.operation)
        if route.body:
            check(body, route.body, route.body)
        handle = getattr(self, route.operation.split("_service_")[-1], None)
        if handle is None:
            raise Refusal(501, f"{route.operation} is not in the double")
        made = handle(Asked(query, body, request.headers.get("Content-Type", ""), match.groupdict()))
        return 200, json.dumps(made).encode(), "application/json"

    def get_healthz(self, _asked: Asked) -> dict[str, Any]:
        return {"commit_sha": "f00", "multi_user": self.multi_user}

    def _listed(self, known: list[dict[str, Any]], name: str, query: Mapping[str, str]) -> dict[str, Any]:
        if self.multi_user and name != "pipeline_versions" and not query.get("namespace") and not query.get("experiment_id"):
            raise Refusal(400, "In multi-user mode, the namespace must be given")
        predicates = json.loads(query.get("filter") or "{}").get("predicates", [])
        for predicate in predicates:
            if set(predicate) != {"operation", "key", "stringValue"} or predicate["operation"] != 1:
                raise Refusal(400, f"predicate {predicate}")
            known = [one for one in known if one[predicate["key"]] == predicate["stringValue"]]
        if query.get("namespace"):
            known = [one for one in known if one.get("namespace", "") in ("", query["namespace"])]
        if query.get("sort_by", "").endswith(" desc"):
            known = known[::-1]
        first, size = int(query.get("page_token") or 0), int(query.get("page_size") or 10)
        more = {"next_page_token": str(first + size)} if first + size < len(known) else {}
        return {name: known[first : first + size], "total_size": len(known), **more}

    def list_experiments(self, asked: Asked) -> dict[str, Any]:
        return self._listed(self.experiments, "experiments", asked.query)

    def create_experiment(self, asked: Asked) -> dict[str, Any]:
        return self._kept(self.experiments, {"experiment_id": str(uuid.uuid4()), **asked.body})

    def list_pipelines(self, asked: Asked) -> dict[str, Any]:
        return self._listed(self.pipelines, "pipelines", asked.query)

    def create_pipeline(self, asked: Asked) -> dict[str, Any]:
        self._unused(self.pipelines, asked.body["display_name"])
        return self._kept(self.pipelines, {"pipeline_id": str(uuid.uuid4()), **asked.body})

    def list_pipeline_versions(self, asked: Asked) -> dict[str, Any]:
        mine = [one for one in self.versions if one["pipeline_id"] == asked.path["pipeline_id"]]
        return self._listed(mine, "pipeline_versions", asked.query)

    def upload_pipeline_version(self, asked: Asked) -> dict[str, Any]:
        whole = f"Content-Type: {asked.content_type}\r\n\r\n".encode() + asked.body
        (part,) = email.message_from_bytes(whole).get_payload()
        disposition = part["Content-Disposition"]
        if 'name="uploadfile"' not in disposition or ".yaml" not in disposition:
            raise Refusal(400, f"expected a file uploadfile, got {disposition}")
        pipeline_id, name = asked.query["pipelineid"], asked.query["name"]
        self._known(self.pipelines, "pipeline_id", pipeline_id)
        self._unused([one for one in self.versions if one["pipeline_id"] == pipeline_id], name)
        spec = next(iter(yaml.safe_load_all(part.get_payload(decode=True))))
        named = {"display_name": name, "name": name, "pipeline_id": pipeline_id}
        return self._kept(self.versions, {"pipeline_version_id": str(uuid.uuid4()), **named, "pipeline_spec": spec})

    def create_run(self, asked: Asked) -> dict[str, Any]:
        self._runnable(asked.body)
        return self._kept(self.runs, {"run_id": str(uuid.uuid4()), "state": "PENDING", **asked.body})

    def list_runs(self, asked: Asked) -> dict[str, Any]:
        return self._listed(self.runs, "runs", asked.query)

    def create_recurring_run(self, asked: Asked) -> dict[str, Any]:
        body = asked.body
        self._runnable(body)
        if not 1 <= int(body["max_concurrency"]) <= 10:
            raise Refusal(400, "The max_concurrency of the recurring run must be between 1 and 10")
        if len(body["trigger"]["cron_schedule"]["cron"].split()) != 6:
            raise Refusal(400, f"Schedule cron is not a valid cron: {body['trigger']}")
        status = "ENABLED" if body["mode"] == "ENABLE" else "DISABLED"
        known = {**body, "max_concurrency": str(body["max_concurrency"])}  # int64 comes back as text
        return self._kept(self.recurring, {"recurring_run_id": str(uuid.uuid4()), "status": status, **known})

    def list_recurring_runs(self, asked: Asked) -> dict[str, Any]:
        return self._listed(self.recurring, "recurringRuns", asked.query)

    def enable_recurring_run(self, asked: Asked) -> dict[str, Any]:
        self._schedule(asked)["status"] = "ENABLED"
        return {}

    def disable_recurring_run(self, asked: Asked) -> dict[str, Any]:
        self._schedule(asked)["status"] = "DISABLED"
        return {}

    def delete_recurring_run(self, asked: Asked) -> dict[str, Any]:
        self.recurring.remove(self._schedule(asked))
        return {}

    def _schedule(self, asked: Asked) -> dict[str, Any]:
        return self._known(self.recurring, "recurring_run_id", asked.path["recurring_run_id"])

    def _kept(self, known: list[dict[str, Any]], one: dict[str, Any]) -> dict[str, Any]:
        known.append({"created_at": CREATED, **one})
        return known[-1]

    def _known(self, known: list[dict[str, Any]], key: str, wanted: str) -> dict[str, Any]:
        found = [one for one in known if one[key] == wanted]
        if not found:
            raise Refusal(404, f"ResourceNotFoundError: {key} {wanted} not found")
        return found[0]

    def _unused(self, known: list[dict[str, Any]], name: str) -> None:
        if any(one["display_name"] == name for one in known):
            raise Refusal(409, f"The name {name} already exist. Please specify a new name")

    def _runnable(self, body: dict[str, Any]) -> None:
        """Refuse what a backend refuses: an unknown experiment or version, and parameters other than the version's."""
        self._known(self.experiments, "experiment_id", body["experiment_id"])
        reference = body["pipeline_version_reference"]
        version = self._known(self.versions, "pipeline_version_id", reference["pipeline_version_id"])
        declared = version["pipeline_spec"]["root"].get("inputDefinitions", {}).get("parameters", {})
        given = body["runtime_config"].get("parameters", {})
        for name, value in given.items():
            if name not in declared:
                raise Refusal(400, f"unrecognized input parameter: {name}")
            if not isinstance(value, VALUES[declared[name]["parameterType"]]):
                raise Refusal(400, f"input parameter {name} requires type {declared[name]['parameterType']}")
        for name, told in declared.items():
            if name not in given and not told.get("isOptional"):
                raise Refusal(400, f"parameter {name} is not optional, yet has neither default value nor user provided value")


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the double."""

    double: ApiDouble

    def _answer(self) -> None:
        try:
            status, body, kind = self.double.answer(self)
        except Refusal as refusal:
            told = {"error": str(refusal), "code": 3, "message": str(refusal), "details": []}
            status, body, kind = refusal.status, json.dumps(told).encode(), "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in http.server
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """Serves on loopback; a client that gave up waiting is part of a test."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about a connection that its client closed: what is printed may land in another test's output."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def started(double: ApiDouble, certificate: Path | None = None) -> Server:
    """Serve a double on loopback, over TLS with a PEM file of key and certificate; set its host."""
    handler = type("OwnHandler", (Handler,), {"double": double})
    server = Server(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    double.host = f"http{'s' * bool(certificate)}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
