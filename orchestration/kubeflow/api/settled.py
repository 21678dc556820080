"""Waiting for the nodes of a run that has ended.

The server writes that a run has ended before it writes how its nodes did. In between, a run that a
gate refused looks as one whose nodes go on.
"""

from collections.abc import Iterable

from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.runs import get_run
from orchestration.kubeflow.api.tasks import is_unsettled, tasks_of
from orchestration.kubeflow.api.transport import Api, Document

LOOKS = 10  # further ones
INTERVAL = 2.0  # seconds between two


def settled(api: Api, run_id: str, run: Document, names: Iterable[str]) -> Document:
    """Returns a run with its nodes as they ended; as it is if the server does not tell in time.

    Args:
        api: The API.
        run_id: The run.
        run: It, as the API gave it last.
        names: The ids of its nodes; none where they are not known.
    """
    known = list(names)
    for _ in range(LOOKS):
        if not is_unsettled(run, tasks_of(run, known), named=bool(known)):
            break
        api.sleep(INTERVAL)
        try:
            run = get_run(api, run_id)
        except ApiError:
            break
    return run
