"""Runs the nodes of a pipeline, through TFX's own launcher, and tells what became of them."""

import dataclasses
import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import data_types, launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from orchestration.local import partial_runs
from orchestration.local.interrupts import held, is_interrupt
from orchestration.local.operators import OPERATORS
from orchestration.local.store import SerialMetadata
from pipeline.stage_names import EXAMPLE_GENS, PUSHERS, SERVING_GATE
from usecase.paths import PROJECT_ROOT

Outputs = dict[str, list[str]]
LOGGER = logging.getLogger(__name__)
RUN_CONTEXT = "pipeline_run"
# What a push leads to lies outside of the store: only the Pusher itself can tell whether it stands.
# So do the tables of a query: TFX would take the same text for the same rows.
UNCACHED = (*PUSHERS.values(), EXAMPLE_GENS["bigquery"])
# These wait for processes of their own, so the others need not wait for them.
BESIDE = ("TFLiteExporter", SERVING_GATE)


@dataclasses.dataclass(frozen=True)
class Execution:
    """What became of one node.

    Attributes:
        node_id: The node.
        state: "ran", "cached" or "skipped"; "left" where it was not asked for.
        reused_from: The run whose result was reused, if cached.
        properties: Its execution properties, as TFX recorded them.
        inputs: Ids of its input artifacts, by input.
        outputs: Folders of its output artifacts, by output.
        output_properties: Custom properties of its output artifacts, all in one.
    """

    node_id: str
    state: str
    reused_from: str = ""
    properties: dict[str, Any] = dataclasses.field(default_factory=dict)
    inputs: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    outputs: Outputs = dataclasses.field(default_factory=dict)
    output_properties: dict[str, Any] = dataclasses.field(default_factory=dict)


class NodeFailedError(Exception):
    """A node failed without raising, for example because an input could not be resolved."""


class Executor:
    """Runs the nodes of one pipeline run, from one thread or several.

    Args:
        name: Name of the pipeline.
        nodes: Its nodes, in an order in which they can run.
        root: Where artifacts go.
        connection: The ML Metadata store.
        run_id: Id of the run.
    """

    def __init__(
        self,
        name: str,
        nodes: Sequence[BaseNode],
        root: Path,
        connection: metadata_store_pb2.ConnectionConfig,
        run_id: str,
    ) -> None:
        for node in nodes:
            _spare_sdist(node)
        pipeline = tfx_pipeline.Pipeline(
            pipeline_name=name,
            pipeline_root=str(root),
            components=list(nodes),
            enable_cache=True,
            metadata_connection_config=connection,
            # Any argument would make TFX build an sdist of itself for every Beam component.
            beam_pipeline_args=[],
        )
        self._run_id = run_id
        self._ir = compiler.Compiler().compile(pipeline)
        runtime_parameter_utils.substitute_runtime_parameter(
            self._ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
        )
        self._deployment = runner_utils.extract_local_deployment_config(self._ir)
        config = self._deployment.metadata_connection_config
        self._connection = getattr(config, config.WhichOneof("connection_config"))
        for node in self.nodes():
            if node.node_info.id in UNCACHED:
                node.execution_options.caching_options.enable_cache = False

    def nodes(self) -> Iterator[pipeline_pb2.PipelineNode]:
        """Yields the nodes, each after those that it depends on."""
        for node in self._ir.nodes:
            yield node.pipeline_node

    def upstream(self) -> dict[str, tuple[str, ...]]:
        """Returns the nodes that each node waits for."""
        return {node.node_info.id: tuple(node.upstream_nodes) for node in self.nodes()}

    def force(self, nodes: Collection[str]) -> None:
        """Has nodes run anew, whatever there is to reuse."""
        for node in self.nodes():
            if node.node_info.id in nodes:
                node.execution_options.caching_options.enable_cache = False

    def leave_out(self, nodes: Collection[str]) -> None:
        """Has nodes not run at all."""
        for node in self.nodes():
            if node.node_info.id in nodes:
                skip = node.execution_options.skip
                skip.reuse_artifacts_mode = skip.NEVER

    def take_over(self, node_id: str) -> None:
        """Leaves out all nodes but one, which runs on the last results of those before it.

        Raises:
            UserError: If there are none.
        """
        with SerialMetadata(self._connection) as handle:
            partial_runs.take_over(handle, self._ir, node_id)

    def completed(self, run_id: str) -> frozenset[str]:
        """Returns the nodes that were done or reused in another run of this pipeline."""
        with SerialMetadata(self._connection) as handle:
            return partial_runs.completed(handle, self._ir, run_id)

    def run(self, node: pipeline_pb2.PipelineNode) -> Execution:
        """Runs one node, or reuses its last result.

        An interrupt strikes its executor only; what TFX does before and after it is done whole.

        Raises:
            Exception: Whatever the node's executor raised.
            KeyboardInterrupt: If that was an interrupt, wrapped or not.
            NodeFailedError: If it failed otherwise.
        """
        node_id = node.node_info.id
        if node.execution_options.HasField("skip"):
            return self._taken_over(node)
        prepared = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=SerialMetadata(self._connection),
            pipeline_info=self._ir.pipeline_info,
            pipeline_runtime_spec=self._ir.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, node_id),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, node_id),
            custom_executor_operators=OPERATORS,
        )
        try:
            with held():
                info = prepared.launch()
        except Exception as error:
            if is_interrupt(error):
                raise KeyboardInterrupt from error
            raise
        return self._describe(node_id, info)

    def _taken_over(self, node: pipeline_pb2.PipelineNode) -> Execution:
        node_id = node.node_info.id
        with SerialMetadata(self._connection) as handle:
            found = partial_runs.execution(handle, self._ir, node_id, self._run_id)
            return _reused(handle.store, node_id, found) if found else Execution(node_id, "left")

    def _describe(self, node_id: str, info: data_types.ExecutionInfo | None) -> Execution:
        if info is None or not info.execution_id:
            return Execution(node_id, "skipped")
        with SerialMetadata(self._connection) as handle:
            (execution,) = handle.store.get_executions_by_id([info.execution_id])
            state = execution.last_known_state
            if state not in (execution.COMPLETE, execution.CACHED):
                raise NodeFailedError(f"{node_id} ended in state {state}; see the log")
            return _read(handle.store, node_id, execution)


def _spare_sdist(node: BaseNode) -> None:
    """Tells TFX of a setup file where a node has Beam arguments of its own.

    Without one it would pack an sdist of itself. No one reads either: rows are not sent to workers.
    """
    if getattr(node.executor_spec, "beam_pipeline_args", None):
        node.with_beam_pipeline_args([f"--setup_file={PROJECT_ROOT / 'setup.py'}"])


def _read(store: Any, node_id: str, execution: metadata_store_pb2.Execution) -> Execution:
    events = store.get_events_by_execution_ids([execution.id])
    artifacts = {a.id: a for a in store.get_artifacts_by_id([e.artifact_id for e in events])}
    inputs: dict[str, list[int]] = {}
    outputs: Outputs = {}
    properties: dict[str, Any] = {}
    for event in sorted(events, key=lambda e: e.artifact_id):
        key = event.path.steps[0].key
        if event.type == metadata_store_pb2.Event.INPUT:
            inputs.setdefault(key, []).append(event.artifact_id)
        else:
            artifact = artifacts[event.artifact_id]
            outputs.setdefault(key, []).append(artifact.uri)
            properties.update(_values(artifact.custom_properties))
    cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
    return Execution(
        node_id,
        "cached" if cached else "ran",
        _producer(store, events) if cached else "",
        _values(execution.custom_properties),
        inputs,
        outputs,
        properties,
    )


def _reused(store: Any, node_id: str, execution: metadata_store_pb2.Execution) -> Execution:
    """Describes a result that was taken over, of which TFX notes its outputs alone."""
    events = store.get_events_by_execution_ids([execution.id])
    made = _made_by(store, events)
    taken_over = _read(store, node_id, execution)
    if made is None:
        return taken_over
    (original,) = store.get_executions_by_id([made])
    first = _read(store, node_id, original)
    return dataclasses.replace(taken_over, properties=first.properties, inputs=first.inputs)


def _producer(store: Any, events: Sequence[metadata_store_pb2.Event]) -> str:
    """Returns the run that first made the outputs of a cached execution."""
    made = _made_by(store, events)
    contexts = [] if made is None else store.get_contexts_by_execution(made)
    return next((c.name for c in contexts if c.type == RUN_CONTEXT), "")


def _made_by(store: Any, events: Sequence[metadata_store_pb2.Event]) -> int | None:
    """Returns the execution that first made the outputs of a cached one; None without outputs."""
    outputs = [e.artifact_id for e in events if e.type != metadata_store_pb2.Event.INPUT]
    made = [
        e.execution_id
        for e in store.get_events_by_artifact_ids(outputs)
        if e.type == metadata_store_pb2.Event.OUTPUT
    ]
    return min(made, default=None)


def _values(properties: Any) -> dict[str, Any]:
    return {
        name: getattr(value, value.WhichOneof("value"))
        for name, value in properties.items()
        if value.WhichOneof("value") and value.WhichOneof("value") != "struct_value"
    }
