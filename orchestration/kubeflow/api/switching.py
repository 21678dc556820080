"""Recurring runs are enabled and disabled, though an answer may get lost."""

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.transport import Api, Document

PATH = "/recurringruns"


def is_enabled(recurring_run: Document) -> bool:
    """Returns whether it starts runs."""
    return recurring_run.get("status") == "ENABLED"


def disable(api: Api, one: str) -> None:
    """Lets a recurring run start no more runs.

    Raises:
        ApiError: If the server refused, or if it is unknown what it did.
    """
    _switch(api, one, enabled=False)


def enable(api: Api, one: str) -> None:
    """Lets a recurring run start runs.

    Raises:
        ApiError: If the server refused, or if it is unknown what it did.
    """
    _switch(api, one, enabled=True)


def _switch(api: Api, one: str, *, enabled: bool) -> None:
    path = f"{PATH}/{one}"

    def find() -> Document | None:
        there = api.get(path)
        return there if is_enabled(there) is enabled else None

    create_once(api, lambda: api.post(f"{path}:{'enable' if enabled else 'disable'}"), find)
