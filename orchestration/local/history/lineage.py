"""What ML Metadata knows of the runs of a use case: which run used which artifacts."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

RUN_CONTEXT, NODE_CONTEXT, PIPELINE_CONTEXT = "pipeline_run", "node", "pipeline"
BLESSING_TYPE, BLESSED = "ModelBlessing", "blessed"
DELETED = metadata_store_pb2.Artifact.DELETED
FINISHED = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)
INPUTS = (metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.DECLARED_INPUT)


class Step(NamedTuple):
    """One execution of a node.

    Attributes:
        id: Its id, which names the folders that it wrote.
        node: The node.
        runs: The runs that it belongs to; one, as the pipeline makes them.
        properties: Its execution properties.
        outputs: Ids of its output artifacts, by output, its own and reused ones.
        used: Ids of all artifacts that it took and gave.
        is_cached: Whether it reused an earlier result.
        is_finished: Whether its outputs are whole.
    """

    id: int
    node: str
    runs: frozenset[str]
    properties: dict[str, Any]
    outputs: dict[str, tuple[int, ...]]
    used: frozenset[int]
    is_cached: bool
    is_finished: bool


@dataclasses.dataclass(frozen=True)
class Lineage:
    """All runs of one pipeline.

    Attributes:
        artifacts: Its artifacts, by id.
        steps: Its executions.
    """

    artifacts: Mapping[int, metadata_store_pb2.Artifact]
    steps: tuple[Step, ...]

    def runs(self) -> frozenset[str]:
        """Returns the runs that the store knows."""
        return frozenset(run for step in self.steps for run in step.runs)

    def used_by(self, run_id: str) -> frozenset[int]:
        """Returns the ids of the artifacts that a run took, gave or reused."""
        return frozenset(one for step in self.steps if run_id in step.runs for one in step.used)

    def base_of(self, run_id: str, inputs: Collection[int]) -> str | None:
        """Returns the run that executed what a run's record tells; None if the store has none.

        A run of which nothing had changed executed nothing: an earlier one did.

        Args:
            run_id: The run.
            inputs: Ids of all input artifacts in its record.
        """
        known = self.runs()
        if run_id in known:
            return run_id
        earlier = sorted((run for run in known if run < run_id), reverse=True)
        fitting = (run for run in earlier if inputs and self.used_by(run).issuperset(inputs))
        return next(fitting, None)

    def step(self, run_id: str, node: str) -> Step | None:
        """Returns the finished execution of a node in a run; None if there is none."""
        found = [s for s in self.steps if s.node == node and run_id in s.runs and s.is_finished]
        return max(found, key=lambda step: step.id, default=None)

    def blessed_runs(self) -> frozenset[str]:
        """Returns the runs in which a model was blessed, not those that reused the blessing."""
        blessings = {a.id for a in self.artifacts.values() if _is_blessing(a)}
        made = [step for step in self.steps if not step.is_cached]
        outputs = [(step, {one for ids in step.outputs.values() for one in ids}) for step in made]
        return frozenset(run for step, ids in outputs if ids & blessings for run in step.runs)


class MetadataStore:
    """One ML Metadata store.

    Args:
        config: How to connect.
    """

    def __init__(self, config: metadata_store_pb2.ConnectionConfig) -> None:
        self._store = metadata_store.MetadataStore(config)

    def lineage(self, pipeline: str) -> Lineage:
        """Reads all runs of a pipeline.

        Args:
            pipeline: Its name: that of the use case.
        """
        context = self._store.get_context_by_type_and_name(PIPELINE_CONTEXT, pipeline)
        if context is None:
            return Lineage({}, ())
        artifacts = {a.id: a for a in self._store.get_artifacts_by_context(context.id)}
        executions = {e.id: e for e in self._store.get_executions_by_context(context.id)}
        runs = self._names(RUN_CONTEXT, executions.keys())
        nodes = self._names(NODE_CONTEXT, executions.keys())
        events: dict[int, list[metadata_store_pb2.Event]] = {}
        for event in (
            self._store.get_events_by_execution_ids(list(executions)) if executions else ()
        ):
            events.setdefault(event.execution_id, []).append(event)
        steps = [
            _step(
                execution,
                _node(nodes.get(one, ()), pipeline),
                runs.get(one, ()),
                events.get(one, ()),
            )
            for one, execution in executions.items()
        ]
        return Lineage(artifacts, tuple(steps))

    def mark_deleted(self, artifacts: Iterable[metadata_store_pb2.Artifact]) -> None:
        """Marks artifacts deleted, all or none: no later run reuses them.

        Args:
            artifacts: As they were read.
        """
        changed = []
        for artifact in artifacts:
            copy = metadata_store_pb2.Artifact()
            copy.CopyFrom(artifact)
            copy.state = DELETED
            changed.append(copy)
        if changed:
            self._store.put_artifacts(changed)

    def _names(self, context_type: str, executions: Collection[int]) -> dict[int, list[str]]:
        """Returns the names of the contexts of a type, by execution."""
        found: dict[int, list[str]] = {}
        for context in self._store.get_contexts_by_type(context_type):
            for execution in self._store.get_executions_by_context(context.id):
                if execution.id in executions:
                    found.setdefault(execution.id, []).append(context.name)
        return found


def _step(
    execution: metadata_store_pb2.Execution,
    node: str,
    runs: Iterable[str],
    events: Iterable[metadata_store_pb2.Event],
) -> Step:
    outputs: dict[str, tuple[int, ...]] = {}
    events = sorted(events, key=lambda event: event.artifact_id)
    for event in events:
        if event.type not in INPUTS and event.path.steps:
            key = event.path.steps[0].key
            outputs[key] = (*outputs.get(key, ()), event.artifact_id)
    return Step(
        execution.id,
        node,
        frozenset(runs),
        {name: _value(value) for name, value in execution.custom_properties.items()},
        outputs,
        frozenset(event.artifact_id for event in events),
        execution.last_known_state == metadata_store_pb2.Execution.CACHED,
        execution.last_known_state in FINISHED,
    )


def _node(names: Iterable[str], pipeline: str) -> str:
    return next((name.removeprefix(f"{pipeline}.") for name in names), "")


def _is_blessing(artifact: metadata_store_pb2.Artifact) -> bool:
    return artifact.type == BLESSING_TYPE and (
        artifact.custom_properties[BLESSED].int_value == 1
        if BLESSED in artifact.custom_properties
        else False
    )


def _value(value: metadata_store_pb2.Value) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
