"""One run: a file is submitted, and its tasks run one after the other."""

import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.orchestration.kubeflow.emulator import api_check, cel, executor_input, launcher, walk
from tests.orchestration.kubeflow.emulator.api_check import Submission
from tests.orchestration.kubeflow.emulator.cluster import Cluster, PodError
from tests.orchestration.kubeflow.emulator.mlmd import MlmdError
from tests.orchestration.kubeflow.emulator.walk import State

FAILURES = (
    launcher.LauncherError,
    MlmdError,
    PodError,
    cel.CelError,
    executor_input.DriverError,
)


@dataclass(frozen=True)
class Task:
    """What became of one task; artifacts by output, as a task that takes them gets them."""

    state: State
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    log: str = ""
    attempts: int = 0
    seconds: float = 0.0


class Run(NamedTuple):
    """What became of a run."""

    tasks: dict[str, Task]
    root: str
    seconds: float

    @property
    def states(self) -> dict[str, str]:
        return {name: task.state.value for name, task in self.tasks.items()}

    @property
    def failures(self) -> str:
        """The logs of failed tasks, for messages of tests."""
        failed = [(n, t) for n, t in self.tasks.items() if t.state is State.FAILED]
        return "\n".join(f"{name}: {task.log}" for name, task in failed)

    def files(self, cluster: Cluster, task: str, output: str) -> Path:
        """Returns where the bucket keeps what a task has uploaded."""
        uri = self.tasks[task].artifacts[output]["uri"]
        return cluster.bucket.folder / cluster.bucket.key(uri)


def run(
    cluster: Cluster,
    text: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    only: Collection[str] | None = None,
    given: Run | None = None,
) -> Run:
    """Submits a file and runs it to its end.

    Args:
        cluster: Where it runs.
        text: The file: a pipeline, and a platform document.
        parameters: Of the pipeline, where they are not to be the default.
        only: The tasks to run; None for all. Their upstream tasks must be among them or given.
        given: A run whose tasks are taken as they are where `only` does not name them, as hits of
            the cache are.

    Raises:
        api_check.RefusedError: If the API server refuses it.
    """
    started = time.monotonic()
    submission = api_check.read(text)
    values = api_check.root_parameters(submission.spec, parameters or {})
    name = submission.spec["pipelineInfo"]["name"]
    root = f"{cluster.root}/{name}/{uuid.uuid4()}"
    wanted = submission.tasks.keys() if only is None else set(only)
    kept = given.tasks if given else {}
    done = {each: task for each, task in kept.items() if each not in wanted}
    driver = _Driver(cluster, submission, values, root, done)
    for each in walk.order(submission.tasks):
        if each in wanted:
            done[each] = driver.run(each)
    return Run(done, root, time.monotonic() - started)


class _Driver:
    """Takes the tasks of one run, one after the other."""

    def __init__(
        self,
        cluster: Cluster,
        submission: Submission,
        parameters: Mapping[str, Any],
        root: str,
        done: Mapping[str, Task],
    ) -> None:
        self._cluster = cluster
        self._submission = submission
        self._parameters = parameters
        self._root = root
        self._done = done  # which whoever made the driver goes on filling
        self._pods = cluster.folder / "pods" / root.rsplit("/", 1)[-1]

    def run(self, name: str) -> Task:
        """Runs a task if it is to run, as often as its retry policy allows."""
        started = time.monotonic()
        task = self._submission.tasks[name]
        states = {each: of.state for each, of in self._done.items()}
        if State.FAILED in states.values() or walk.is_omitted(task, states):
            return Task(State.OMITTED)
        try:
            told = self._told(name, task)
        except FAILURES as failure:
            return Task(State.FAILED, log=str(failure))
        if told is None:
            return Task(State.SKIPPED)
        allowed = 1 + int(task.get("retryPolicy", {}).get("maxRetryCount", 0))
        for attempt in range(1, allowed + 1):
            done = replace(self._attempt(name, task, told), attempts=attempt)
            if done.state is State.SUCCEEDED:
                break
        return replace(done, seconds=time.monotonic() - started)

    def _told(self, name: str, task: Mapping[str, Any]) -> dict[str, Any] | None:
        """Returns the ExecutorInput; None if the task's condition does not hold."""
        component = self._submission.component(task)
        produced = {
            each: {output: int(artifact["name"]) for output, artifact in of.artifacts.items()}
            for each, of in self._done.items()
        }
        inputs = executor_input.inputs(
            task, component, self._parameters, produced, self._cluster.store.runtime_artifact
        )
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition and not cel.condition(condition, {"inputs": inputs}):
            return None
        outputs = executor_input.outputs(
            name,
            component,
            self._root,
            self._pods / name,
            logs=self._cluster.logs,
            new_layout=self._cluster.new_layout,
        )
        return {"inputs": inputs, "outputs": outputs}

    def _attempt(self, name: str, task: Mapping[str, Any], told: Mapping[str, Any]) -> Task:
        component = self._submission.component(task)
        label = component["executorLabel"]
        store = self._cluster.store
        try:
            launched = launcher.launch(
                self._cluster,
                self._pods / name,
                told,
                component,
                self._submission.executor(label)["container"],
                self._submission.kubernetes.get(label, {}),
            )
            artifacts = {
                output: store.runtime_artifact(store.record(output, artifact).id)
                for output, artifact in launched.artifacts.items()
            }
        except FAILURES as failure:
            return Task(State.FAILED, log=str(failure))
        return Task(
            State.SUCCEEDED, artifacts, launched.parameters, launched.warnings, launched.log
        )
