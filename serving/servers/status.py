"""Which versions of a model are served, asked over REST without TensorFlow and without a client."""

import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

SECONDS = 5.0


class Version(NamedTuple):
    """One version of a model.

    Attributes:
        number: The version.
        state: START, LOADING, AVAILABLE, UNLOADING or END.
        error: Why it failed, else "".
    """

    number: int
    state: str
    error: str


def model_url(rest: str, name: str, label: str | None = None) -> str:
    """Returns the address of a model, or of a label's version: no name changes the path."""
    of_label = "" if label is None else f"/labels/{quote(label, safe='')}"
    return f"{rest}/v1/models/{quote(name, safe='')}{of_label}"


def get_json(url: str) -> Any:
    """Returns the JSON that a server on this machine answers, past all proxies.

    Raises:
        OSError: If it cannot be reached, or answers with an error.
        ValueError: If the answer is no JSON.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request("GET", parts.path)
        reply = connection.getresponse()
        content = reply.read()
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
    finally:
        connection.close()
    if reply.status != http.client.OK:
        raise OSError(f"{url}: {reply.status} {content[:500].decode(errors='replace')}")
    return json.loads(content)


def versions(rest: str, name: str) -> list[Version]:
    """Returns the versions that the server knows, newest first; none if it does not answer yet."""
    try:
        listed = get_json(model_url(rest, name))["model_version_status"]
        return [
            Version(int(v["version"]), v["state"], v.get("status", {}).get("error_message", ""))
            for v in listed
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def served(known: list[Version]) -> list[int]:
    """Returns the numbers of the versions that answer, newest first."""
    return [version.number for version in known if version.state == "AVAILABLE"]
