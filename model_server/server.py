"""The whole server: models first, then the ports, and the way back."""

import logging
import threading
from functools import partial
from typing import Any

import grpc

from model_server import grpc_server
from model_server.config_poller import ConfigPoller
from model_server.core import Core
from model_server.loading import make_loader
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.request_log import RequestLog
from model_server.rest_server import RestServer
from model_server.start_checks import Files
from model_server.status import Code, StatusError

_log = logging.getLogger(__name__)
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.1
IDLE_LOOKS = 3  # what ends just now still has to send its answer


class Server:
    """A model server, made from its flags.

    Args:
        options: The flags.
        files: What the files say that the flags name.

    Raises:
        StatusError: A file cannot be used.
    """

    def __init__(self, options: Options, files: Files) -> None:
        self._options = options
        self._metrics = Metrics()
        self._core = Core(
            options,
            files.models,
            make_loader(options, self._metrics),
            make_request_log=self._make_request_log,
        )
        self._credentials = _credentials(files.ssl) if files.ssl is not None else None
        self._grpc: Any = None
        self._rest: RestServer | None = None
        self._poller: ConfigPoller | None = None
        self._is_stopping = threading.Event()
        self._is_stopped = threading.Event()

    def start(self) -> None:
        """Loads the models, then opens the ports; returns when both answer.

        Raises:
            StatusError: A model cannot be loaded, or a port cannot be bound.
        """
        self._core.start()
        if self._is_stopping.is_set():
            return
        try:
            self._start_grpc()
            self._start_rest()
        except (OSError, ValueError) as error:
            raise StatusError(Code.INVALID_ARGUMENT, str(error)) from None
        seconds = self._options.model_config_file_poll_wait_seconds
        if self._options.model_config_file and seconds > 0:
            self._poller = ConfigPoller(self._options.model_config_file, seconds, self._core.apply)
            self._poller.start()

    def _make_request_log(self, model: str, prefix: str, rate: float) -> RequestLog:
        return RequestLog(prefix, rate, note=partial(self._metrics.logged, model))

    def _start_grpc(self) -> None:
        options = self._options
        self._grpc = grpc_server.build(
            self._core,
            options,
            self._metrics,
            credentials=self._credentials,
            health=options.enable_grpc_healthcheck_service,
        )
        self._grpc.start()
        if options.port:
            _log.info("Running gRPC ModelServer at %s:%d ...", options.host, options.port)
        if options.grpc_socket_path:
            _log.info("Running gRPC ModelServer at UNIX socket %s ...", options.grpc_socket_path)

    def _start_rest(self) -> None:
        options = self._options
        if not options.rest_api_port:
            return
        if options.rest_api_port == options.port:
            _log.error(
                "server_options.http_port cannot be same as grpc_port. Please use a different "
                "port for HTTP/REST API. Skipped exporting HTTP/REST API."
            )
            return
        self._rest = RestServer(self._core, options, self._metrics)
        self._rest.start()
        _log.info("Exporting HTTP/REST API at:%s:%d ...", options.host, options.rest_api_port)

    def wait(self) -> None:
        """Returns when the server has been stopped."""
        self._is_stopped.wait()

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Closes the ports, lets running requests end, unloads the models.

        Args:
            grace: Seconds that running requests may take; they fail after that.
        """
        if self._is_stopping.is_set():
            return
        self._is_stopping.set()
        if self._poller is not None:
            self._poller.stop()
        closed = self._grpc.stop(grace) if self._grpc is not None else None
        if self._rest is not None:
            self._rest.stop(grace)
        if closed is not None:
            self._wait_until_closed(closed)
        self._core.stop()
        self._is_stopped.set()

    def _wait_until_closed(self, closed: threading.Event) -> None:
        # gRPC also waits for clients that are connected and ask nothing, for the whole grace.
        looks = 0
        while not closed.wait(LOOK_SECONDS):
            looks = 0 if self._core.is_busy() else looks + 1
            if looks == IDLE_LOOKS:
                closed = self._grpc.stop(None)


def _credentials(ssl: Any) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())],
        root_certificates=ssl.custom_ca.encode() or None,
        require_client_auth=ssl.client_verify,
    )
