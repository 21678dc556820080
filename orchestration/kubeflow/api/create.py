"""Creating something once, though an answer may get lost."""

from collections.abc import Callable, Sequence

from orchestration.kubeflow.api.errors import CONFLICT, ApiError
from orchestration.kubeflow.api.transport import Api, Document

ATTEMPTS = 3
PAUSE = 1.0  # seconds until the server is asked what became of it
# Seconds before each look: what was asked for may be done after its answer was lost.
PAUSES = (PAUSE, 2.0, 4.0, 8.0)


def create_once(
    api: Api,
    send: Callable[[], Document],
    find: Callable[[], Document | None],
) -> Document:
    """Creates, and after a lost answer looks whether it is there before it asks once more.

    A server that is only slow, or behind a proxy that did not wait for it, may create it still
    later: then nothing is repeated.

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
            found = _look(api, find, PAUSES if error.doubtful else PAUSES[:1])
            if found is not None:
                return found
            if attempt == ATTEMPTS or error.timed_out or not error.transient:
                raise
        attempt += 1


def _look(
    api: Api, find: Callable[[], Document | None], pauses: Sequence[float]
) -> Document | None:
    for pause in pauses:
        api.sleep(pause)
        found = find()
        if found is not None:
            return found
    return None
