"""Which call a REST request makes: TensorFlow Serving's paths, and how it refuses all others."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from model_server.status import Code, StatusError

API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)

_VERSION_OR_LABEL = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_INFERENCE = re.compile(
    rf"/v1/models/(?P<model>[^/:]+){_VERSION_OR_LABEL}:(?P<method>classify|regress|predict)",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION_OR_LABEL}(?:/(?P<method>metadata))?",
    re.IGNORECASE,
)

INT64_MAX = 2**63 - 1


@dataclass(frozen=True)
class Route:
    """A call that a request makes.

    Args:
        method: "predict", "classify", "regress", "status" or "metadata".
        model: The model's name.
        version: The version asked for, if any.
        label: The version's label, if one is asked for.
    """

    method: str
    model: str
    version: int | None = None
    label: str | None = None


class SilentError(StatusError):
    """A refusal that TensorFlow Serving sends without a body."""


def route(method: str, path: str) -> Route:
    """Finds the call that a request makes.

    Args:
        method: The HTTP method.
        path: The request's path, not decoded, without its query.

    Returns:
        The call.

    Raises:
        StatusError: NOT_FOUND outside the API, INVALID_ARGUMENT where it has no such call.
    """
    if not API.fullmatch(path):
        raise StatusError(Code.NOT_FOUND, f"Not found: {method} {path}")
    pattern = {"POST": _INFERENCE, "GET": _ABOUT}.get(method)
    found = pattern.fullmatch(path) if pattern else None
    if found is None:
        raise StatusError(Code.INVALID_ARGUMENT, f"Malformed request: {method} {path}")
    parts = found.groupdict()
    version = _version(parts["version"])
    if not parts["model"]:
        raise StatusError(Code.INVALID_ARGUMENT, "Missing model name in request.")
    label = unquote(parts["label"]) if parts["label"] else None
    return Route((parts["method"] or "status").lower(), unquote(parts["model"]), version, label)


def _version(digits: str | None) -> int | None:
    if digits is None:
        return None
    # The length first: Python refuses to read thousands of digits with an error of its own.
    significant = digits.lstrip("0")
    if len(significant) > len(str(INT64_MAX)) or int(significant or "0") > INT64_MAX:
        text = f"Failed to convert version: {digits} to numeric."
        raise SilentError(Code.INVALID_ARGUMENT, text)
    return int(significant or "0")
