"""Where the nodes of a run read and write, in its output folder."""

from components import push_destination
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from pipeline.places import Places

NO_VERSION = 0


def run_places(plan: Plan, workspace: Workspace) -> Places:
    """Returns the places of a run that begins now.

    Args:
        plan: What runs.
        workspace: Its output folder; the version that serves there now is the baseline.
    """
    return Places(
        data=plan.data,
        schema=str(plan.schema),
        pipeline_root=str(workspace.artifacts),
        checkpoints=str(workspace.checkpoints),
        serving=str(workspace.serving),
        mobile=str(workspace.mobile),
        baseline_version=push_destination.latest_version(workspace.serving) or NO_VERSION,
        spans=plan.span_files,
    )
