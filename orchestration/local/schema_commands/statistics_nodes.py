"""ExampleGen and StatisticsGen of a use case, by themselves: the same nodes as in a run."""

from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_checks import split_statistics
from orchestration.local.metadata_store import connection_config
from orchestration.local.run_places import run_places
from orchestration.local.tfx_imports import Executor
from orchestration.local.workspace import Workspace
from orchestration.node_keys import add_keys
from orchestration.plan import Plan
from pipeline import stages
from usecase.config import SPLITS


def compute(
    plan: Plan, workspace: Workspace, run_id: str
) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    """Returns the statistics of each split; what the last run has computed already is reused.

    Args:
        plan: The use case and its rows.
        workspace: Where everything goes, locked.
        run_id: Id of this run of the two nodes.

    Raises:
        Exception: Whatever a node raised.
    """
    ingest = stages.ingest(plan.use_case, plan.declaration, run_places(plan, workspace))
    statistics = stages.statistics(ingest.outputs["examples"])
    nodes = [ingest, statistics]
    add_keys(nodes, plan.declaration)
    executor = Executor(
        workspace.use_case,
        nodes,
        workspace.artifacts,
        connection_config(plan.use_case, workspace),
        run_id,
    )
    executions = {node.node_info.id: executor.run(node) for node in executor.nodes()}
    (folder,) = executions[statistics.id].outputs["statistics"]
    return {split: split_statistics(Path(folder), split) for split in SPLITS}
