"""What an answer of the API, or no answer, means to a user."""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Mapping

from usecase.errors import UserError

LONGEST = 600  # characters of the server's own message
NOT_FOUND = 404
CONFLICT = 409
GATEWAY_TIMEOUT = 504
TOO_MANY = 429  # the server did not even begin
# A proxy or a server that is overloaded or starting says these; the next try may succeed.
TRANSIENT = {TOO_MANY, 500, 502, 503, GATEWAY_TIMEOUT}
# Where the message is: of the API, of its handler of uploads, of an older gateway.
_MESSAGES = ("message", "error_message", "error")
# The handler of uploads says 500 whatever is wrong; only its words tell what is the user's to mend.
_INVALID = re.compile(r"invalid ?input ?error", re.IGNORECASE)
# What closes a connection while TLS is spoken, or begins to be: a proxy that is being restarted.
_CLOSED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_NAMESPACES = (
    "--namespace names your profile's namespace where Kubeflow has several users; "
    "leave it out where it has not"
)


class ApiError(UserError):
    """A request that was not answered as it should have been.

    Args:
        what: What happened, one sentence.
        expected: What was expected instead; may be empty.
        fix: How to mend it; may be empty.
        status: The HTTP status; 0 if there was no answer.
        transient: Whether the same request may succeed a moment later.
        doubtful: Whether the server may have done what it was asked to do.
        timed_out: Whether the server may still be doing it.
    """

    def __init__(
        self,
        what: str,
        expected: str = "",
        fix: str = "",
        *,
        status: int = 0,
        transient: bool = False,
        doubtful: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(what, expected, fix)
        self.status = status
        self.transient = transient
        self.doubtful = doubtful
        self.timed_out = timed_out


def of_failure(host: str, error: Exception) -> ApiError:
    """Returns the error for a request that got no answer.

    Args:
        host: The API's address.
        error: What the HTTP client raised: an `OSError` or an `HTTPException`.
    """
    reason = getattr(error, "reason", error)
    why = reason if isinstance(reason, Exception) else error
    if isinstance(why, socket.gaierror):
        return ApiError(
            f"no such host: {host} ({why.strerror})",
            fix="correct --host; is the network, or the VPN, up?",
            transient=why.errno == socket.EAI_AGAIN,
        )
    if isinstance(why, ssl.SSLCertVerificationError):
        return ApiError(
            f"the certificate of {host} is not trusted: {why.verify_message}",
            fix="correct --host, or name the certificate of your authority: SSL_CERT_FILE=ca.pem",
        )
    if isinstance(why, ssl.SSLError) and not isinstance(why, _CLOSED):
        return ApiError(
            f"no TLS connection to {host}: {why.reason or why}",
            fix="correct --host: a port-forward speaks http://, not https://",
        )
    if isinstance(why, ConnectionRefusedError):
        return ApiError(
            f"nothing listens at {host}",
            fix="correct --host, or start the port-forward: "
            "kubectl -n kubeflow port-forward svc/ml-pipeline-ui 8080:80",
            transient=True,
        )
    return _lost(host, why)


def _lost(host: str, why: Exception) -> ApiError:
    if isinstance(why, TimeoutError):
        return ApiError(
            f"{host} does not answer in time",
            fix="look at the pod ml-pipeline; is the network, or the VPN, up?",
            transient=True,
            doubtful=True,
            timed_out=True,
        )
    if isinstance(why, http.client.HTTPException) and not isinstance(
        why, (http.client.RemoteDisconnected, http.client.IncompleteRead)
    ):
        return ApiError(
            f"what answers at {host} does not speak HTTP",
            fix="correct --host: its scheme and its port",
            doubtful=True,
        )
    return ApiError(
        f"the connection to {host} was lost: {one_line(str(why)) or type(why).__name__}",
        fix="try again; look at the pod ml-pipeline if it happens again",
        transient=True,
        doubtful=True,
    )


def of_answer(host: str, status: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
    """Returns the error for an answer other than 2xx.

    Args:
        host: The API's address.
        status: The HTTP status.
        body: What came with it.
        headers: Its headers.
    """
    if 300 <= status < 400:
        return _redirected(host, status, headers.get("Location", ""))
    message = server_message(body)
    if status in (401, 403):
        return _denied(host, status, message)
    if message is None and status not in TRANSIENT:
        return not_an_api(host, f"status {status}")
    told = message or f"status {status}"
    if status < 500 or _INVALID.search(told):
        return ApiError(
            f"the server refused: {told}",
            fix=_NAMESPACES if "namespace" in told.lower() else "",
            status=status,
            transient=status == TOO_MANY,
        )
    passes = status in TRANSIENT
    gave_up = status == GATEWAY_TIMEOUT
    return ApiError(
        f"the server failed: {told}",
        fix="a proxy waited no longer for the server; see in the UI what became of it" * gave_up,
        status=status,
        transient=passes,
        doubtful=passes,
        timed_out=gave_up,
    )


def not_an_api(host: str, found: str) -> ApiError:
    """Returns the error for something at this address that is not the API."""
    return ApiError(
        f"no Kubeflow Pipelines API at {host}: {found}",
        expected="the address of its UI, below which /apis/v2beta1 is served",
        fix="correct --host; on a full Kubeflow it ends in /pipeline",
        status=NOT_FOUND,
        doubtful=True,
    )


def server_message(body: bytes) -> str | None:
    """Returns the server's own message in one line; None if the answer is not the API's."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    told = [answer[key] for key in _MESSAGES if key in answer] if isinstance(answer, dict) else []
    return one_line(str(next((text for text in told if text), "no reason given"))) if told else None


def one_line(text: str) -> str:
    """Returns a text without line breaks, and cut where it is very long."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _redirected(host: str, status: int, location: str) -> ApiError:
    if host.startswith("http://") and location.startswith(
        "https://" + host.removeprefix("http://")
    ):
        return ApiError(
            f"{host} wants TLS", fix=f"--host https://{host.removeprefix('http://')}", status=status
        )
    return ApiError(
        f"{host} asks for a login: it sends one to {location or 'another page'}",
        expected="an answer of the API",
        fix="give a token: --token-file, or the environment variable KFP_TOKEN",
        status=status,
    )


def _denied(host: str, status: int, message: str | None) -> ApiError:
    told = f": {message}" if message else ""
    if status == 401:
        return ApiError(
            f"{host} does not know who asks{told}",
            fix="give a token that has not expired: --token-file, or the environment variable "
            "KFP_TOKEN",
            status=status,
        )
    return ApiError(
        f"{host} does not allow it{told}",
        fix="correct --namespace, or give the token of a user who may: --token-file or KFP_TOKEN",
        status=status,
    )
