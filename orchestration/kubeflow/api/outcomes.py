"""What the gates and pushers of a run, and nodes that failed, say in the logs of their pods.

That is best effort: pods are deleted, and not every way to the API leads to their logs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestration.kubeflow.api.error_lines import error_line
from orchestration.kubeflow.api.pod_logs import PodLogs
from orchestration.kubeflow.api.pod_names import driver_pod_names, pod_names
from orchestration.kubeflow.api.tasks import Task, executor_ids, node_names, some_id
from orchestration.kubeflow.api.transport import Api, Document
from orchestration.kubeflow.outcome_lines import marked_lines

PUSHED_MODEL = "pushed_model"
TELLING = frozenset({"verdict", "evaluation", PUSHED_MODEL})
MOST_PODS = 12  # of one node


class Outcomes:
    """The lines of a run's gates and pushers, and the errors of its nodes; each is read once.

    Args:
        api: The API.
        run_id: The run.
        spec: Its PipelineSpec; {} if it is not known.
    """

    def __init__(self, api: Api, run_id: str, spec: Mapping[str, Any]) -> None:
        self._api = api
        self._run_id = run_id
        self._logs: PodLogs | None = None
        self._tasks = spec.get("root", {}).get("dag", {}).get("tasks", {})
        self._telling = telling_nodes(spec)
        self._known: dict[str, tuple[str, ...]] = {}
        self._errors: dict[str, str] = {}

    def of(self, run: Document, task: Task) -> tuple[str, ...]:
        """Returns what a node says of itself; nothing where that is not known.

        Args:
            run: The run, as the API gives it.
            task: The node.
        """
        if task.name not in self._telling or task.state != "SUCCEEDED":
            return ()
        if not self._known.get(task.name):
            logs = self._read(run, self._pods(run, task.name))
            said = (tuple(marked_lines(log)) for log in logs)
            self._known[task.name] = next(filter(None, said), ())
        return self._known[task.name]

    def explained(self, run: Document, task: Task) -> Task:
        """Returns a node, with why it failed if it did, and if that is known.

        Args:
            run: The run, as the API gives it.
            task: The node.
        """
        if task.state != "FAILED":
            return task
        if not self._errors.get(task.name):
            one = some_id(run)
            pods = self._pods(run, task.name) or (driver_pod_names(one, task.name) if one else [])
            told = map(error_line, self._read(run, pods))
            self._errors[task.name] = next(filter(None, told), "")
        return task._replace(error=self._errors[task.name])

    def every(self, run: Document, tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
        """Returns what nodes say of themselves, by their ids.

        Args:
            run: The run, as the API gives it.
            tasks: The nodes.
        """
        said = {task.name: self.of(run, task) for task in tasks}
        return {name: lines for name, lines in said.items() if lines}

    def _pods(self, run: Document, name: str) -> list[str]:
        policy = self._tasks.get(name, {}).get("retryPolicy") or {}
        retries = int(policy.get("maxRetryCount") or 0)
        return [pod for one in executor_ids(run, name) for pod in pod_names(one, name, retries)]

    def _read(self, run: Document, pods: Sequence[str]) -> Iterator[str]:
        if self._logs is None:
            experiment_id = str(run.get("experiment_id") or "")
            self._logs = PodLogs(self._api, self._run_id, experiment_id)
        return map(self._logs.read, pods[:MOST_PODS])


def telling_nodes(spec: Mapping[str, Any], outputs: Iterable[str] = TELLING) -> list[str]:
    """Returns the nodes that have one of some outputs, each behind those that it depends on.

    Args:
        spec: The PipelineSpec; {} gives none.
        outputs: The keys of the outputs; by default, those of gates and pushers.
    """
    wanted = set(outputs)
    return [name for name in node_names(spec) if wanted & _outputs(spec, name)]


def _outputs(spec: Mapping[str, Any], name: str) -> set[str]:
    component = spec["root"]["dag"]["tasks"][name].get("componentRef", {}).get("name")
    definition = spec.get("components", {}).get(component, {})
    return set(definition.get("outputDefinitions", {}).get("artifacts", {}))
