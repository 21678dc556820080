"""What earlier runs left in ML Metadata for a run that executes a part of the pipeline."""

from collections.abc import Iterable, Sequence

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler_utils, constants
from tfx.dsl.io import fileio
from tfx.orchestration import metadata
from tfx.orchestration.portable import partial_run_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import artifact

from orchestration.local.selection import reach
from usecase.errors import UserError

Results = dict[str, frozenset[int]]  # by node: the ids of what it made


def take_over(handle: metadata.Metadata, pipeline: pipeline_pb2.Pipeline, node_id: str) -> None:
    """Leaves out all nodes but one, and makes an earlier run's results of theirs those of this run.

    They are of one run, the newest that has all that the node needs, whatever has changed since;
    but no later run may have other results of these nodes.

    Args:
        handle: The open store.
        pipeline: The compiled pipeline, which is marked as TFX marks partial runs.
        node_id: The node that runs.

    Raises:
        UserError: If no run has the last results of all nodes that it needs.
    """
    needed = _needed(pipeline, node_id)
    settings = pipeline_pb2.SnapshotSettings()
    if needed:
        base = _base(handle, pipeline, node_id, needed)
        partial_run_utils.set_base_pipeline_run_strategy(settings, base)
    partial_run_utils.mark_pipeline(
        pipeline, from_nodes=[node_id], to_nodes=[node_id], snapshot_settings=settings
    )
    if needed:
        partial_run_utils.snapshot(handle, pipeline)


def _base(
    handle: metadata.Metadata, pipeline: pipeline_pb2.Pipeline, node_id: str, needed: frozenset[str]
) -> str:
    """Returns the newest run that has results of all nodes that are needed.

    Raises:
        UserError: If there is none, or a later run has other results of these nodes.
    """
    missing = needed
    later: list[tuple[str, Results]] = []
    for run in _runs(handle):
        found = _results(handle, pipeline, needed, run)
        if found.keys() == needed:
            _require_last(node_id, run, found, later)
            return run
        later.append((run, found))
        missing -= found.keys()
    ids = [n for n in _ids(pipeline) if n in missing]
    raise UserError(
        f"--only {node_id}: there are no last results to run it on",
        expected=f"results of {', '.join(ids)}" if ids else "all that it needs, of one run",
        fix=f"--to {node_id}, which runs what is missing",
    )


def _require_last(
    node_id: str, base: str, found: Results, later: Sequence[tuple[str, Results]]
) -> None:
    """Checks that what a run has are the last results.

    Args:
        node_id: The node that needs them.
        base: The run.
        found: What it has.
        later: What each run after it has, the newest first.

    Raises:
        UserError: If a later run has others: what is reused would not belong together.
    """
    for run, results in later:
        others = [n for n, artifacts in results.items() if artifacts != found[n]]
        if others:
            raise UserError(
                f"--only {node_id}: run {run} has other results of {', '.join(others)} "
                f"than run {base}, the last one that has all that {node_id} needs",
                expected="the last results of all nodes before it, in one run",
                fix=f"--from {node_id} --to {node_id}, with the --set of the run that is meant: "
                "what is missing runs, the rest is reused",
            )


def _results(
    handle: metadata.Metadata, pipeline: pipeline_pb2.Pipeline, nodes: Iterable[str], run_id: str
) -> Results:
    """Returns those of a run that can still be used, by node."""
    made = {node: execution(handle, pipeline, node, run_id) for node in sorted(nodes)}
    read = {node: _outputs(handle, one) for node, one in made.items() if one}
    return {
        node: frozenset(one.id for one in artifacts)
        for node, artifacts in read.items()
        if all(map(_is_there, artifacts))
    }


def _outputs(
    handle: metadata.Metadata, made: metadata_store_pb2.Execution
) -> list[artifact.Artifact]:
    outputs = execution_lib.get_output_artifacts(handle, made.id)
    return [one for artifacts in outputs.values() for one in artifacts]


def _is_there(made: artifact.Artifact) -> bool:
    """Returns whether an artifact still lies where it was written, and `clean` left it."""
    is_live = made.mlmd_artifact.state == metadata_store_pb2.Artifact.LIVE
    return is_live and bool(fileio.exists(made.uri))


def completed(
    handle: metadata.Metadata, pipeline: pipeline_pb2.Pipeline, run_id: str
) -> frozenset[str]:
    """Returns the nodes of which a run has a result, its own or a reused one."""
    return frozenset(n for n in _ids(pipeline) if execution(handle, pipeline, n, run_id))


def execution(
    handle: metadata.Metadata, pipeline: pipeline_pb2.Pipeline, node_id: str, run_id: str
) -> metadata_store_pb2.Execution | None:
    """Returns the successful execution of a node in a run; None if there is none."""
    store, name = handle.store, pipeline.pipeline_info.id
    contexts = [
        store.get_context_by_type_and_name(constants.PIPELINE_RUN_CONTEXT_TYPE_NAME, run_id),
        store.get_context_by_type_and_name(
            constants.NODE_CONTEXT_TYPE_NAME, compiler_utils.node_context_name(name, node_id)
        ),
    ]
    if None in contexts:
        return None
    found = execution_lib.get_executions_associated_with_all_contexts(handle, contexts)
    return next(filter(execution_lib.is_execution_successful, found), None)


def _runs(handle: metadata.Metadata) -> list[str]:
    """Returns the runs in the store, the newest first."""
    contexts = handle.store.get_contexts_by_type(constants.PIPELINE_RUN_CONTEXT_TYPE_NAME)
    return sorted((context.name for context in contexts), reverse=True)


def _needed(pipeline: pipeline_pb2.Pipeline, node_id: str) -> frozenset[str]:
    """Returns all nodes before a node."""
    upstream = {
        n.pipeline_node.node_info.id: n.pipeline_node.upstream_nodes for n in pipeline.nodes
    }
    return reach(upstream[node_id], upstream)


def _ids(pipeline: pipeline_pb2.Pipeline) -> list[str]:
    return [node.pipeline_node.node_info.id for node in pipeline.nodes]
