"""A whole server: models, both ways in, start, drain and end."""

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import grpc

from models.rendering.settings import Limits
from pipeline.errors import ConfigError, MedtfxError
from serving import text_config
from serving.admission import Admission
from serving.batching import Batcher, BatchingParameters, read_parameters
from serving.flags import Flags
from serving.grpc_server import GrpcServer, Listening
from serving.http_server import HttpServer
from serving.inference import Inference, Run, run_directly
from serving.loader import Loader
from serving.metrics import ServerMetrics
from serving.model_config import ModelConfig, configs_of
from serving.model_info import Reloading
from serving.model_manager import ModelManager
from serving.model_versions import Retry
from serving.page import Page
from serving.rendered_upload import UploadRenderer
from serving.rest_api import METRICS, RestApi
from serving.saved_model import Threads
from serving.service import Service
from serving.serving_error import ServingError
from serving.tensors import RequestLimits

logger = logging.getLogger(__name__)
CONFIG_FLAG, SSL_FLAG, MONITORING_FLAG = "--model_config_file", "--ssl_config_file", "--monitoring_config_file"


@dataclass(frozen=True)
class ModelServer:
    """What is running."""

    service: Service
    grpc_server: GrpcServer
    http_server: HttpServer | None
    stopping: Event

    def stop(self, seconds: float) -> None:
        """Take nothing new, let what is in work end within so many seconds, unload."""
        self.stopping.set()
        rest = Thread(target=self.http_server.stop, args=(seconds,)) if self.http_server else None
        if rest:
            rest.start()
        self.grpc_server.stop(seconds)
        if rest:
            rest.join()
        self.service.manager.stop()


def start(flags: Flags) -> ModelServer:
    """Load the models, then listen: whoever connects gets answers.

    Raises:
        ConfigError: when a configuration file, a port or a model is not what it should be.
        ServingError: when a model can't be loaded.
    """
    configs = start_configs(flags)
    credentials = server_credentials(flags.ssl_config_file)
    metrics_path = metrics_path_of(flags.monitoring_config_file)
    service = make_service(flags, configs)
    try:
        load(flags, service, configs)
        grpc_server = GrpcServer(service, _listening(flags, credentials))
        http_server = _http_server(flags, service, metrics_path)
    except MedtfxError:
        service.manager.stop()
        raise
    grpc_server.start()
    if http_server:
        http_server.start()
    server = ModelServer(service, grpc_server, http_server, Event())
    if flags.model_config_file and flags.model_config_file_poll_wait_seconds:
        follow = (flags.model_config_file, flags.model_config_file_poll_wait_seconds)
        Thread(target=follow_file, args=(server, *follow), name="config-watch", daemon=True).start()
    return server


def start_configs(flags: Flags) -> list[ModelConfig]:
    """Return the models of the command line.

    Raises:
        ConfigError: when the configuration file is not what it should be.
    """
    if flags.model_config_file is None:
        return [ModelConfig(flags.model_name, Path(flags.model_base_path))]
    given = text_config.model_server_config(CONFIG_FLAG, flags.model_config_file)
    if logged := [entry.name for entry in given.model_config_list.config if entry.HasField("logging_config")]:
        logger.warning("logging_config of %s is left out: this server logs no requests", ", ".join(logged))
    try:
        return configs_of(given)
    except ServingError as error:
        raise ConfigError(f"{CONFIG_FLAG}: {error}") from error


def make_service(flags: Flags, configs: list[ModelConfig]) -> Service:
    """Return a service that has no model loaded yet."""
    metrics = ServerMetrics()
    limits = RequestLimits(flags.max_batch_items, flags.message_bytes, flags.max_image_pixels)
    content = flags.enable_serialization_as_tensor_content
    inference = Inference(_run(flags), limits, metrics.runtime_latency, content)
    loader = Loader(
        Inference(run_directly, limits, metrics.runtime_latency, content),  # nobody else waits for a batch with a warm-up request
        metrics.warmup_latency,
        tuple(flags.saved_model_tags.split(",")),
        Threads(*flags.threads),
        max(flags.num_request_iterations_for_warmup, 1) if flags.enable_model_warmup else 0,
        bool(flags.mixed_precision),
    )
    retry = Retry(flags.max_num_load_retries, max(flags.load_retry_interval_micros, 0) / 1e6)
    manager = ModelManager(loader, retry, labels_before_load=flags.allow_version_labels_for_unavailable_models)
    return Service(manager, inference, Reloading(manager, tuple(configs)), Admission(flags.max_in_flight), metrics)


def _run(flags: Flags) -> Run:
    if not flags.enable_batching:
        return run_directly
    file = flags.batching_parameters_file
    return Batcher(read_parameters(file) if file else BatchingParameters()).run


def load(flags: Flags, service: Service, configs: list[ModelConfig]) -> None:
    """Load every model, as often as it takes for there to be a first version.

    Raises:
        ConfigError: when a label names a version that can't be there yet.
        ServingError: when a version can't be loaded.
    """
    try:
        service.manager.configure(configs)
    except ServingError as error:
        raise ConfigError(f"{CONFIG_FLAG}: {error}. See --allow_version_labels_for_unavailable_models") from error
    service.manager.poll()
    service.manager.watch(flags.file_system_poll_wait_seconds)
    service.manager.wait_until_available(service.manager.names)


def server_credentials(file: Path | None) -> grpc.ServerCredentials | None:
    """Return the TLS credentials of an SSLConfig file, None without one.

    Raises:
        ConfigError: when the file is not what it should be.
    """
    if file is None:
        return None
    config = text_config.read("SSLConfig", SSL_FLAG, file)
    if not config.server_key or not config.server_cert:
        raise ConfigError(f"{SSL_FLAG}: server_key and server_cert are needed, each the PEM text itself")
    if config.client_verify and not config.custom_ca:
        raise ConfigError(f"{SSL_FLAG}: client_verify needs custom_ca, the PEM text of the CA that signs clients' certificates")
    pair = (config.server_key.encode(), config.server_cert.encode())
    roots = config.custom_ca.encode() or None
    return grpc.ssl_server_credentials([pair], root_certificates=roots, require_client_auth=config.client_verify)


def metrics_path_of(file: Path | None) -> str:
    """Return where the metrics page is; '' when a MonitoringConfig file switches it off.

    Raises:
        ConfigError: when the file is not what it should be.
    """
    if file is None:
        return METRICS
    config = text_config.read("MonitoringConfig", MONITORING_FLAG, file).prometheus_config
    return (config.path or METRICS) if config.enable else ""


def _listening(flags: Flags, credentials: grpc.ServerCredentials | None) -> Listening:
    limits = (flags.message_bytes, flags.max_in_flight)
    return Listening(flags.host, flags.port, credentials, *limits, has_health=flags.enable_grpc_healthcheck_service)


def _http_server(flags: Flags, service: Service, metrics_path: str) -> HttpServer | None:
    if not flags.rest_api_port:
        return None
    seconds = flags.rest_api_timeout_in_ms / 1000 or None
    api = RestApi(service, seconds, metrics_path, has_cors=flags.rest_api_enable_cors_support)
    return HttpServer(api, (flags.host, flags.rest_api_port), body_bytes=flags.message_bytes, page=_page(flags, service))


def _page(flags: Flags, service: Service) -> Page | None:
    if flags.no_page:
        return None
    limits = Limits(bytes=flags.message_bytes, pixels=flags.max_image_pixels)
    return Page(service, UploadRenderer(limits), flags.host)


def follow_file(server: ModelServer, file: Path, seconds: float) -> None:
    """Apply a configuration file again and again; one that is not good changes nothing."""
    while not server.stopping.wait(seconds):
        try:
            server.service.reloading.from_file(text_config.model_server_config(CONFIG_FLAG, file))
        except (ConfigError, ServingError) as error:
            reason = str(error).partition("; got base_path")[0]  # a log names no folder
            logger.error("the configuration file was not taken: %s", reason)
