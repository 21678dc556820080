"""What one client may take of the server: the size and time of a header, a body, a silence."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

KEEP_ALIVE_SECONDS = 75
HEADER_SECONDS = 30.0
BODY_SECONDS = 60.0
UNBOUNDED_SECONDS = 86_400.0
MAX_HEADER_BYTES = 64 << 10

# Closed at once, a client that is still sending would see a reset instead of the answer.
LINGER_SECONDS = 1.0

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class HttpError(Exception):
    """A refusal that is HTTP's own; the connection closes with it.

    Args:
        status: The HTTP status.
        text: What is wrong.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class GoneError(Exception):
    """The client left before it had sent its request."""


class Alarm:
    """Ends what the task does inside it after a time.

    Args:
        seconds: The time.
        error: What to raise then.
    """

    def __init__(self, seconds: float, error: Exception) -> None:
        self._seconds = seconds
        self._error = error
        self._rang = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._rang and kind is asyncio.CancelledError:
            # Python 3.11 and later count the cancellations that a task was asked for.
            if self._task is not None and hasattr(self._task, "uncancel"):
                self._task.uncancel()
            raise self._error from None

    def _ring(self) -> None:
        self._rang = True
        if self._task is not None:
            self._task.cancel()


async def read_body(receive: Receive, declared: int | None, limit: int, seconds: float) -> bytes:
    """Reads a request's body.

    Args:
        receive: Gives the next ASGI message.
        declared: Its length, as the request's header has it.
        limit: The most bytes that it may have.
        seconds: The time that it may take to arrive.

    Returns:
        The body.

    Raises:
        HttpError: 413, where it is too big; 408, where it is too slow.
        GoneError: Where the client has left.
    """
    too_big = f"Request body is larger than {limit} bytes (--rest_api_max_body_bytes)"
    if declared is not None and declared > limit:
        raise HttpError(413, too_big)
    too_slow = HttpError(408, f"Request body did not arrive within {seconds:g} s")
    chunks = []
    size = 0
    with Alarm(seconds, too_slow):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            size += len(message["body"])
            if size > limit:
                raise HttpError(413, too_big)
            chunks.append(message["body"])
            if not message["more_body"]:
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def linger(receive: Receive) -> None:
    """Throws away what a refused client still sends, for a moment.

    Args:
        receive: Gives the next ASGI message.
    """
    over = GoneError()
    try:
        with Alarm(LINGER_SECONDS, over):
            while (await receive()).get("more_body"):
                pass
    except GoneError:
        return
