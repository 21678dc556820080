"""One request to the API, and its answer."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from email.message import Message
from typing import IO, Any

from orchestration.kubeflow.api import errors
from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.host import api_address, is_loopback

PREFIX = "/apis/v2beta1"
READS = 5  # how often a read is tried
FIRST_PAUSE = 0.5  # seconds; each further pause is twice as long
TIMEOUT = 60.0  # seconds until an answer begins
_PIECE = 65536  # bytes

Document = dict[str, Any]


class Api:
    """The API at one address, as one user in one namespace.

    Args:
        host: Its address, as the user gave it.
        token: Gives the bearer token of each request; "" sends none.
        namespace: The namespace where Kubeflow has several users; "" where it has not.
        timeout: Seconds that an answer may take to begin.
        sleep: Waits for some seconds.

    Raises:
        UserError: If `host` cannot be an address.
    """

    def __init__(
        self,
        host: str,
        token: Callable[[], str] = str,
        namespace: str = "",
        *,
        timeout: float = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = api_address(host)
        self.namespace = namespace
        self.sleep = sleep
        self._token = token
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if is_loopback(self.address):
            handlers.append(urllib.request.ProxyHandler({}))  # a proxy means its own machine by it
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, **query: str | int) -> Document:
        """Reads; tried again, at growing intervals, after what may pass by itself.

        Args:
            path: Below /apis/v2beta1, for example "/runs".
            query: Of the query string; empty values are left out.

        Raises:
            ApiError: If there is no good answer.
        """
        pause = FIRST_PAUSE
        for _ in range(READS - 1):
            try:
                return self._send("GET", path, query)
            except ApiError as error:
                if not error.transient:
                    raise
            self.sleep(pause)
            pause *= 2
        return self._send("GET", path, query)

    def read_text(self, path: str, *, seconds: float, most: int) -> str:
        """Returns the beginning of a text, asked for once.

        Args:
            path: Below the address, with its query.
            seconds: How long it may take to begin; what has come by then is returned.
            most: Bytes to read at most.

        Raises:
            ApiError: If there is no good answer.
        """
        url = f"{self.address}{path}"
        request = urllib.request.Request(url, headers=self._credentials())  # noqa: S310
        until = time.monotonic() + seconds

        def read(answer: http.client.HTTPResponse) -> bytes:
            body = bytearray()
            while len(body) < most and time.monotonic() < until:
                if not (more := answer.read1(_PIECE)):
                    break
                body += more
            return bytes(body[:most])

        return self._answer(request, seconds, read).decode("utf-8", errors="replace")

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Document:
        """Sends a JSON document, once.

        Raises:
            ApiError: If there is no good answer; `doubtful` says if it may have been carried out.
        """
        data = json.dumps({} if body is None else body).encode()
        return self._send("POST", path, {}, data, "application/json")

    def delete(self, path: str, **query: str) -> None:
        """Deletes, once.

        Raises:
            ApiError: If there is no good answer; `doubtful` says if it may have been carried out.
        """
        self._send("DELETE", path, query)

    def upload(self, path: str, text: str, **query: str) -> Document:
        """Sends a pipeline as a file, once.

        Raises:
            ApiError: If there is no good answer; `doubtful` says if it may have been carried out.
        """
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="uploadfile"; filename="pipeline.yaml"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        data = head.encode() + text.encode() + f"\r\n--{boundary}--\r\n".encode()
        return self._send("POST", path, query, data, f"multipart/form-data; boundary={boundary}")

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        data: bytes | None = None,
        content_type: str = "",
    ) -> Document:
        headers = {"Accept": "application/json", **self._credentials()}
        if content_type:
            headers["Content-Type"] = content_type
        asked = urllib.parse.urlencode({k: v for k, v in query.items() if v != ""})
        url = f"{self.address}{PREFIX}{path}" + (f"?{asked}" if asked else "")
        # `api_address` lets http and https through alone.
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        return _document(self.address, self._answer(request, self._timeout, _whole))

    def _credentials(self) -> dict[str, str]:
        token = self._token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _answer(
        self,
        request: urllib.request.Request,
        timeout: float,
        read: Callable[[http.client.HTTPResponse], bytes],
    ) -> bytes:
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return read(answer)
        except urllib.error.HTTPError as error:
            raise errors.of_answer(
                self.address, error.code, _rest(error), dict(error.headers)
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise errors.of_failure(self.address, error) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An API does not redirect: a login page or a proxy does."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


def _whole(answer: http.client.HTTPResponse) -> bytes:
    return answer.read()


def _rest(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read()
    except (OSError, http.client.HTTPException):
        return b""


def _document(address: str, body: bytes) -> Document:
    try:
        answer = json.loads(body or b"{}")
    except ValueError:
        page = "a web page" if b"<" in body[:200] else "an answer that is not JSON"
        raise errors.not_an_api(address, page) from None
    if not isinstance(answer, dict):
        raise errors.not_an_api(address, "an answer that is not the API's")
    return answer
