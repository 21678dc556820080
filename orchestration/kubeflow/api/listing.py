"""Lists of the API: filters, and pages until the last."""

import json
from collections.abc import Iterable, Iterator

from orchestration.kubeflow.api.transport import Api, Document

PAGE = 100


def named(name: str) -> str:
    """Returns the filter for what has exactly this display name."""
    return _filter("EQUALS", "display_name", [name])


def without(key: str, values: Iterable[str]) -> str:
    """Returns the filter for what has none of these values."""
    return _filter("NOT_EQUALS", key, values)


def _filter(operation: str, key: str, values: Iterable[str]) -> str:
    predicates = [{"operation": operation, "key": key, "string_value": one} for one in values]
    return json.dumps({"predicates": predicates})


def every(api: Api, path: str, field: str, **query: str | int) -> Iterator[Document]:
    """Yields all entries of a list, page by page.

    Args:
        api: The API.
        path: The list's path.
        field: The answer's field that holds the entries; an answer without it has none.
        query: What narrows the list down.

    Raises:
        ApiError: If a page cannot be read.
    """
    token = ""
    while True:
        page = api.get(path, page_size=PAGE, page_token=token, **query)
        yield from page.get(field) or []
        token = page.get("next_page_token") or ""
        if not token:
            return
