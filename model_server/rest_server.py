"""The REST port: uvicorn in a thread of its own, started and stopped with the server."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn

from model_server import config_protos
from model_server.limits import KEEP_ALIVE_SECONDS
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.rest_app import RestApp
from model_server.rest_handlers import RestHandlers
from model_server.rest_protocol import RestProtocol

BACKLOG = 1024
DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics"


class RestServer:
    """Serves the REST API and, where monitoring asks for it, the Prometheus page.

    Args:
        core: The models.
        options: The server's flags.
        metrics: Where requests are counted.
    """

    def __init__(self, core: Any, options: Options, metrics: Metrics) -> None:
        self._address = (options.host, options.rest_api_port)
        self._pool = ThreadPoolExecutor(max(1, options.rest_api_num_threads), "rest")
        app = RestApp(
            RestHandlers(core, metrics), options, metrics, self._pool, metrics_path(options)
        )
        self._server = _Server(
            uvicorn.Config(
                app,
                http=RestProtocol,
                loop="asyncio",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Binds the port and serves it.

        Raises:
            OSError: The port cannot be bound.
        """
        listener = _bind(*self._address)
        self._thread = threading.Thread(
            target=self._serve, args=(listener,), name="rest-server", daemon=True
        )
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            raise OSError(f"cannot serve REST on {self._address[0]}:{self._address[1]}")

    def _serve(self, listener: socket.socket) -> None:
        try:
            self._server.run([listener])
        finally:
            self._server.ready.set()

    def stop(self, grace: float) -> None:
        """Takes no more requests, and ends when those under way are answered.

        Args:
            grace: The seconds that they may take; then they are answered 503.
        """
        self._server.config.timeout_graceful_shutdown = grace  # type: ignore[assignment]
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def metrics_path(options: Options) -> str:
    """Finds where the Prometheus page is to be.

    Args:
        options: The server's flags.

    Returns:
        Its path, empty where monitoring is off.

    Raises:
        StatusError: INVALID_ARGUMENT, where the monitoring config cannot be read.
    """
    if not options.monitoring_config_file:
        return ""
    monitoring = config_protos.read(options.monitoring_config_file, config_protos.MonitoringConfig)
    prometheus = monitoring.prometheus_config
    return (prometheus.path or DEFAULT_METRICS_PATH) if prometheus.enable else ""


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        text = f"cannot serve REST on {host}:{port}: {error.strerror}"
        raise OSError(error.errno, text) from error
    return listener
