"""What pods logged, as far as it can be read: best effort, and bounded in time and size.

The API server has a handler for it beside its API. Kubeflow's UI, behind which it mostly is, does
not let that through, and has a way of its own.
"""

import functools
import json
import re
import time
import urllib.parse
from collections.abc import Callable

from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.transport import PREFIX, Api
from usecase.errors import UserError

SECONDS = 4.0  # for one log
PATIENCE = 10.0  # seconds for all logs of a run
MOST = 8 * 2**20  # bytes of one log
_PAGE = re.compile(r"\s*<(!doctype|html)", re.IGNORECASE)
_NONE = "-"  # how a server may write that there is no namespace
_NO_SUCH_POD = (404, 500)  # says the UI


class PodLogs:
    """The logs of a run's pods.

    Args:
        api: The API.
        run_id: The run.
        experiment_id: Its experiment, which says in which namespace its pods are; "" if that is not
            known: then they are looked for in the namespace of `api`.
    """

    def __init__(self, api: Api, run_id: str, experiment_id: str = "") -> None:
        self._api = api
        self._run_id = run_id
        self._experiment_id = experiment_id
        self._ways: list[Callable[[str], str]] = [self._of_server, self._of_ui]
        self._patience = PATIENCE

    def read(self, pod: str) -> str:
        """Returns what the main container of a pod logged; "" where that cannot be read.

        The server says 200 whatever happens: then the text is, or ends in, an error as JSON.
        """
        while self._ways and self._patience > 0:
            text = self._try(self._ways[0], pod)
            if text is not None and not _PAGE.match(text):
                return text
            self._ways = self._ways[1:]
        return ""

    def _try(self, way: Callable[[str], str], pod: str) -> str | None:
        """Returns what one way says of a pod; None where it is none."""
        seconds = min(SECONDS, self._patience)
        began = time.monotonic()
        try:
            return self._api.read_text(way(pod), seconds=seconds, most=MOST)
        except UserError as error:
            status = error.status if isinstance(error, ApiError) else 0
            if not status:
                self._patience = 0  # what does not answer would cost as much for each further pod
            is_gone = way == self._of_ui and status in _NO_SUCH_POD
            return "" if is_gone else None
        finally:
            self._patience -= time.monotonic() - began

    def _of_server(self, pod: str) -> str:
        run_id, pod = (urllib.parse.quote(part, safe="") for part in (self._run_id, pod))
        return f"/apis/v1alpha1/runs/{run_id}/nodes/{pod}/log"

    def _of_ui(self, pod: str) -> str:
        asked = {"podname": pod, "runid": self._run_id}
        if self._namespace:
            asked["podnamespace"] = self._namespace
        return f"/k8s/pod/logs?{urllib.parse.urlencode(asked)}"

    @functools.cached_property
    def _namespace(self) -> str:
        """The namespace of the pods; "" where Kubeflow has a single user, whatever is asked for."""
        if not self._experiment_id:
            return self._api.namespace
        path = f"{PREFIX}/experiments/{urllib.parse.quote(self._experiment_id, safe='')}"
        try:
            told = json.loads(self._api.read_text(path, seconds=SECONDS, most=MOST))
            namespace = str(told.get("namespace") or "")
        except (UserError, ValueError, AttributeError):
            return self._api.namespace
        return "" if namespace == _NONE else namespace
