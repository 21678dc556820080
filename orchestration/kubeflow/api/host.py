"""Where the API is."""

import ipaddress
import urllib.parse

from usecase.errors import UserError


def api_address(host: str) -> str:
    """Returns the API's address without a slash at its end, from what a user typed or copied.

    Without a scheme it is https://, but for this machine itself: a port-forward speaks http://.

    Raises:
        UserError: If it cannot be an address.
    """
    text = host.strip()
    if "://" not in text:
        text = ("http://" if is_loopback(f"//{text}") else "https://") + text
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text:
        raise UserError(
            f'--host cannot be an address: "{host}"',
            expected="http://localhost:8080, or https://kubeflow.example.com/pipeline",
        )
    if parts.username is not None:
        raise UserError("--host has a password in it", fix="give a token: --token-file")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = name if port is None else f"{name}:{port}"
    return f"{parts.scheme}://{where}{parts.path.rstrip('/')}"


def is_loopback(address: str) -> bool:
    """Returns whether a URL names this machine."""
    try:
        name = urllib.parse.urlsplit(address).hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def run_page(address: str, run_id: str) -> str:
    """Returns the page of a run in the UI."""
    return f"{address}/#/runs/details/{run_id}"


def schedule_page(address: str, recurring_run_id: str) -> str:
    """Returns the page of a recurring run in the UI."""
    return f"{address}/#/recurringrun/details/{recurring_run_id}"
