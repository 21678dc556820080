"""The ASGI application of the REST port: takes requests, lets threads answer, counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from model_server import json_writer
from model_server.limits import (
    BODY_SECONDS,
    UNBOUNDED_SECONDS,
    GoneError,
    HttpError,
    Receive,
    linger,
    read_body,
)
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.rest_routes import Route, SilentError, route
from model_server.status import Code, StatusError

log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
TEXT = b"text/plain"

HTTP_STATUS = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}

CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST, GET"),
    (b"access-control-allow-headers", b"Content-Type"),
]

# The session gives up at the deadline by itself; only what does not is given up on from outside.
DEADLINE_GRACE_SECONDS = 0.25

INFERENCE = ("predict", "classify", "regress")


class RestApp:
    """The REST API as an ASGI application.

    Args:
        handlers: Answers calls: `answer(route, body, timeout)`.
        options: The server's flags.
        metrics: Where requests are counted.
        pool: The threads that answer.
        metrics_path: Where the Prometheus page is, empty for nowhere.
    """

    def __init__(
        self,
        handlers: Any,
        options: Options,
        metrics: Metrics,
        pool: ThreadPoolExecutor,
        metrics_path: str = "",
    ) -> None:
        self._handlers = handlers
        self._metrics = metrics
        self._pool = pool
        self._metrics_path = metrics_path
        # As for a session's run, no time at all means no bound.
        milliseconds = options.rest_api_timeout_in_ms
        self._timeout = milliseconds / 1000 if milliseconds > 0 else UNBOUNDED_SECONDS
        self._body_seconds = min(self._timeout, BODY_SECONDS)
        self._max_body = options.rest_api_max_body_bytes
        self._headers = CORS if options.rest_api_enable_cors_support else []

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers one request, as ASGI has it."""
        if scope["type"] != "http":
            return
        try:
            status, kind, body = await self._respond(scope, receive)
        except GoneError:
            return
        except HttpError as refusal:
            await self._refuse(refusal, receive, send)
            return
        except StatusError as error:
            status, kind, body = HTTP_STATUS[error.code], JSON, json_writer.error(error.message)
        except Exception as error:
            log.exception("A REST request failed unexpectedly: %s", scope["method"])
            text = f"Internal error: {type(error).__name__}"
            status, kind, body = 500, JSON, json_writer.error(text)
        except asyncio.CancelledError:
            await self._refuse(HttpError(503, "The server is shutting down"), receive, send)
            return
        await self._start(send, status, kind, body)
        await send({"type": "http.response.body", "body": body})

    async def _respond(self, scope: Any, receive: Receive) -> tuple[int, bytes, bytes]:
        method: str = scope["method"]
        path: str = scope["raw_path"].decode("latin-1")
        if path == self._metrics_path:
            return 200, TEXT, await self._in_thread(self._metrics.render)
        if method == "OPTIONS" and _is_preflight(scope["headers"]):
            return 200, JSON, b""
        try:
            call = route(method, path)
        except SilentError:
            return 400, JSON, b""
        body = b""
        if method == "POST":
            declared = _content_length(scope["headers"])
            body = await read_body(receive, declared, self._max_body, self._body_seconds)
        code, answer = await self._answer(call, body)
        return HTTP_STATUS[code], JSON, answer

    async def _answer(self, call: Route, body: bytes) -> tuple[Code, bytes]:
        started = time.monotonic()
        deadline = started + self._timeout
        try:
            code, answer = await self._in_thread(lambda: self._call(call, body, deadline))
        except StatusError as late:
            code, answer = late.code, json_writer.error(late.message)
        if call.method in INFERENCE:
            self._metrics.count(call.model, code)
            seconds = time.monotonic() - started
            self._metrics.latency(call.model, call.method, "REST", seconds)
        return code, answer

    def _call(self, call: Route, body: bytes, deadline: float) -> tuple[Code, bytes]:
        """Runs in a thread of the pool; nothing that it meets may get past it."""
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_late()
            return Code.OK, self._handlers.answer(call, body, left)
        except StatusError as error:
            return error.code, json_writer.error(error.message)
        except Exception as error:
            log.exception("A REST request failed unexpectedly: %s %s", call.method, call.model)
            text = f"Internal error: {type(error).__name__}"
            return Code.INTERNAL, json_writer.error(text)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Any] = loop.create_future()

        def run() -> None:
            try:
                value, error = work(), None
            except Exception as raised:  # noqa: BLE001, raised again where it is awaited
                value, error = None, raised
            loop.call_soon_threadsafe(_settle, result, value, error)

        self._pool.submit(run)
        timer = loop.call_later(
            self._timeout + DEADLINE_GRACE_SECONDS, _settle, result, None, _too_late()
        )
        try:
            return await result
        finally:
            timer.cancel()

    async def _refuse(self, refusal: HttpError, receive: Receive, send: Send) -> None:
        body = json_writer.error(refusal.text)
        await self._start(send, refusal.status, JSON, body, close=True)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await linger(receive)
        await send({"type": "http.response.body", "body": b""})

    async def _start(
        self, send: Send, status: int, kind: bytes, body: bytes, *, close: bool = False
    ) -> None:
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            *self._headers,
        ]
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})


def _too_late() -> StatusError:
    return StatusError(Code.DEADLINE_EXCEEDED, "Deadline exceeded")


def _settle(result: "asyncio.Future[Any]", value: Any, error: Exception | None) -> None:
    if result.done():
        return
    if error is None:
        result.set_result(value)
    else:
        result.set_exception(error)


def _is_preflight(headers: Headers) -> bool:
    return any(
        name == b"origin" and value.startswith((b"http://", b"https://")) for name, value in headers
    )


def _content_length(headers: Headers) -> int | None:
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
