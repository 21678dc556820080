"""HTTP/1.1 on one connection: uvicorn's, with bounds on headers and silence, and errors in JSON."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from model_server import json_writer
from model_server.limits import HEADER_SECONDS, KEEP_ALIVE_SECONDS, MAX_HEADER_BYTES

END_OF_HEADERS = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 "


class OneWrite:
    """A transport that sends an answer's headers together with the beginning of its body.

    Two segments would cost a system call, and a client that waits for both a second look.

    Args:
        transport: The connection's own.
        loop: Its loop, in whose next round headers leave that no body follows.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._headers = b""

    def write(self, data: bytes) -> None:
        """Sends bytes, or keeps them if they are an answer's headers."""
        if not self._headers and data.endswith(END_OF_HEADERS) and not data.startswith(CONTINUE):
            self._headers = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(self._headers + data)
        self._headers = b""

    def close(self) -> None:
        """Sends what was kept, and closes."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._headers:
            self._transport.write(self._headers)
            self._headers = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class RestProtocol(HttpToolsProtocol):
    """A connection whose client must send its headers within bounds of size and time."""

    _in_headers = True
    _header_bytes = 0
    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes a new connection, which may stay silent only as long as an idle one."""
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]
        self.timeout_keep_alive_task = self.loop.call_later(
            KEEP_ALIVE_SECONDS, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Takes bytes; refuses headers that grow or last too long."""
        super().data_received(data)
        if not self._in_headers:
            return
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(431, f"Request headers are larger than {MAX_HEADER_BYTES} bytes")
        elif self._header_timer is None and not self.transport.is_closing():
            self._header_timer = self.loop.call_later(
                HEADER_SECONDS, self._refuse, 408, "Request headers did not arrive in time"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._end_headers()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Takes the client's last byte; who has sent a whole request may still read the answer.

        Returns:
            Whether the connection stays open.
        """
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._end_headers()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP."""
        self._refuse(400, msg)

    def _end_headers(self) -> None:
        self._in_headers = False
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _refuse(self, status: int, text: str) -> None:
        self._end_headers()
        if self.transport.is_closing():
            return
        body = json_writer.error(text)
        lines = [
            STATUS_LINE[status].rstrip(),
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"connection: close",
            b"",
            body,
        ]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()
