"""`medtfx serve`: from the command line to a server that runs until it is told to stop."""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

from pipeline.loading import objects_that_stay
from serving.flags import Flags, parse

# The kernel may give a signal to any thread; Python's handler runs in this one, which has to wake for that.
LOOK_SECONDS = 0.5
LAYOUT = "%(asctime)s %(levelname)s %(message)s"


def serve_command(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl-C, then drain; return the exit code.

    Raises:
        MedtfxError: when the server can't start.
    """
    flags = parse(arguments)
    # Both are read once, when the C++ code loads; gRPC's has a line for each header that it can't read.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    prepare_logging()
    serve(flags)
    return 0


def prepare_logging() -> None:
    """Log to stderr what happens to models and server; libraries may complain, but they are not to quote requests."""
    logging.basicConfig(level=logging.WARNING, format=LAYOUT, stream=sys.stderr, force=True)
    logging.getLogger("serving").setLevel(logging.INFO)
    for name in ("grpc", "tensorflow"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def quiet_start() -> Iterator[None]:
    """Keep what TensorFlow's C++ code says about absent GPUs off the terminal; no level of its own silences that."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a descriptor is needed
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def serve(flags: Flags) -> None:
    """Run a server until it is told to stop; while models load there is nothing to drain, and a signal just ends the process.

    Raises:
        MedtfxError: when the server can't start.
    """
    # TensorFlow imports Keras where it is installed, and that pandas, scikit-learn and matplotlib: 185 MB that serve no model.
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]  # what Python itself reads as "not to be imported"
    with quiet_start(), objects_that_stay():
        from serving import model_server  # noqa: PLC0415 - TensorFlow loads here, once the flags are known to be good

    server = model_server.start(flags)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logger = logging.getLogger(__name__)
    logger.info("gRPC on %s:%d%s", flags.host, server.grpc_server.port, " (TLS)" if flags.ssl_config_file else "")
    if server.http_server:
        logger.info("REST on http://%s:%d/v1/models, metrics beside it", flags.host, server.http_server.port)
        if not flags.no_page:
            logger.info("page on http://%s:%d/", flags.host, server.http_server.port)
    if not (flags.is_local or flags.ssl_config_file):
        logger.warning("without TLS (--ssl_config_file) whoever reaches %s may ask, and images travel readable", flags.host)
    logger.info("ready")
    while not stop.wait(LOOK_SECONDS):
        pass
    logger.info("stopping: up to %d s for the requests in work", flags.shutdown_grace_seconds)
    server.stop(flags.shutdown_grace_seconds)
    logger.info("stopped")
