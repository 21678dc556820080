"""The files and folders of a run on a cluster, as its pods see them."""

from pathlib import Path

from orchestration.kubeflow.targets import RULES
from orchestration.plan import Plan
from pipeline.places import Places
from pipeline.stage_names import BASELINE_STATISTICS, EXAMPLE_GENS, PUSHERS
from usecase.errors import ConfigError
from usecase.kubeflow import Claim, Kubeflow, Target
from usecase.paths import PROJECT_ROOT

SCHEMAS = PROJECT_ROOT / "schema"
BASELINE = "LatestPushedModel"
TRAINER = "Trainer"
SCHEMA_GEN = "ImportSchemaGen"


def cluster_places(plan: Plan, kubeflow: Kubeflow, target: Target) -> Places:
    """Returns where a run on a cluster reads and writes; nothing in it is of this machine.

    Args:
        plan: What is to run.
        kubeflow: Its `kubeflow` section.
        target: Where it is to run.

    Raises:
        ConfigError: If the curated schema is not one that the image holds.
    """
    # TFX is slow to import, and what is wrong with a configuration is told before.
    from components.baseline import LATEST

    name, storage = plan.use_case.name, kubeflow.storage
    root = storage.mount_path if isinstance(storage, Claim) else storage.bucket
    return Places(
        data=plan.data,
        schema=packed_schema(plan.schema),
        pipeline_root="",  # KFP and Vertex AI tell each container where its artifacts go
        checkpoints=f"{RULES[target].checkpoints(storage)}/{name}",
        serving=f"{root}/serving/{name}",
        mobile=f"{root}/mobile/{name}",
        baseline_version=LATEST,
    )


def packed_schema(schema: Path) -> str:
    """Returns the path of the curated schema from where containers start.

    Raises:
        ConfigError: If the image does not hold it.
    """
    if not schema.resolve().is_relative_to(SCHEMAS):
        raise ConfigError(
            f"no container can see the curated schema {schema}",
            expected="a schema in the project's folder schema/, which is packed into the image",
            fix="copy it there, and name it so in the configuration",
        )
    return schema.resolve().relative_to(PROJECT_ROOT).as_posix()


def mounting_nodes(plan: Plan, kubeflow: Kubeflow) -> frozenset[str]:
    """Returns the ids of the nodes that need the shared volume; none if there is no volume."""
    if not isinstance(kubeflow.storage, Claim):
        return frozenset()
    nodes = {BASELINE, BASELINE_STATISTICS, TRAINER, *PUSHERS.values()}
    if plan.use_case.data.path is not None:  # which a run may set to one on the volume
        nodes.add(EXAMPLE_GENS[plan.use_case.data.source])
    return frozenset(nodes & plan.stages.keys())
