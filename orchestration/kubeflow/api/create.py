"""Creating something once, though an answer may get lost."""

from collections.abc import Callable

from orchestration.kubeflow.api.errors import CONFLICT, ApiError
from orchestration.kubeflow.api.transport import Api, Document

ATTEMPTS = 3
PAUSE = 1.0  # seconds until the server is asked what became of it


def create_once(
    api: Api,
    send: Callable[[], Document],
    find: Callable[[], Document | None],
) -> Document:
    """Creates, and after a lost answer looks whether it is there before it asks once more.

    A server that is only slow may still create it: then nothing is repeated.

    Args:
        api: The API, for its `sleep`.
        send: Asks the server to create it.
        find: Finds what `send` creates, and nothing else; None if it is not there.

    Returns:
        What was created, or found.

    Raises:
        ApiError: If the server refused, or if it is unknown what it did.
    """
    attempt = 1
    while True:
        try:
            return send()
        except ApiError as error:
            if not (error.doubtful or error.status == CONFLICT):
                raise
            api.sleep(PAUSE)
            found = find()
            if found is not None:
                return found
            if attempt == ATTEMPTS or error.timed_out or not error.transient:
                raise
        attempt += 1
