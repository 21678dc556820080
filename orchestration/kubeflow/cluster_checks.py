"""What cannot run on a cluster, and what a user should know, told before TFX is imported."""

from collections.abc import Iterator

from orchestration.fingerprints import ROOMS
from orchestration.kubeflow.beam_arguments import (
    beam_arguments,
    is_distributed,
    require_distributable,
)
from orchestration.kubeflow.cluster_places import BASELINE, TRAINER, packed_schema
from orchestration.kubeflow.containers import NVIDIA, container_fields, image
from orchestration.kubeflow.lint.images import HOW_TO_PIN, why_not_pinned
from orchestration.kubeflow.targets import RULES, Rules
from orchestration.plan import Plan
from pipeline.stage_names import (
    BASELINE_STATISTICS,
    EXAMPLE_GENS,
    PUSHERS,
    SERVING_GATE,
    TUNER,
    stage_names,
)
from usecase.data_files import is_remote
from usecase.errors import ConfigError, did_you_mean
from usecase.kubeflow import BucketStorage, Claim, Kubeflow, Target

TPU = "google.com/tpu"
# Google's clusters place no pod on a TPU that does not name both.
TPU_SELECTORS = ("cloud.google.com/gke-tpu-accelerator", "cloud.google.com/gke-tpu-topology")
# Nodes in which TensorFlow computes.
COMPUTING = frozenset({"Transform", TUNER, TRAINER, "Evaluator", SERVING_GATE})
# What they do is seen by nobody who looks at their inputs.
NEVER_CACHED = frozenset({BASELINE, BASELINE_STATISTICS, *PUSHERS.values()})


def require_kubeflow(plan: Plan) -> Kubeflow:
    """Returns the `kubeflow` section of a plan.

    Raises:
        ConfigError: If it has none.
    """
    if plan.use_case.kubeflow is None:
        raise ConfigError(
            f"{plan.config} has no section `kubeflow`",
            expected="at least its image and its storage",
            fix="add one, for example that of configs/taxi.yaml",
        )
    return plan.use_case.kubeflow


def check(plan: Plan, kubeflow: Kubeflow, target: Target, pipeline_root: str | None) -> None:
    """Checks all that can be told without the graph.

    Args:
        plan: What is to run.
        kubeflow: Its `kubeflow` section, with what the command line has in its place.
        target: Where it is to run.
        pipeline_root: Where artifacts go; None leaves it to the cluster.

    Raises:
        ConfigError: If it cannot run there.
    """
    rules = RULES[target]
    _require_pinned_images(plan, kubeflow)
    _require_known_nodes(plan, kubeflow)
    packed_schema(plan.schema)
    if plan.use_case.serving.server == "docker":
        raise ConfigError(
            "serving.server: docker cannot run on a cluster: a container starts no other",
            expected="embedded, binary or auto",
            fix="leave `serving.server` out, or set it to embedded",
        )
    _require_storage(kubeflow, rules)
    _require_root(kubeflow, target, pipeline_root)
    require_distributable(kubeflow, plan.stages, pipeline_root)
    _require_shared_data(plan, kubeflow)
    for node_id in plan.stages:
        _check_accelerator(node_id, kubeflow, rules)
        container_fields(node_id, kubeflow, rules)
        beam_arguments(kubeflow.of_node(node_id).beam, image(node_id, kubeflow))


def warnings(plan: Plan, kubeflow: Kubeflow, target: Target) -> Iterator[str]:
    """Yields what a user should know of a pipeline that can run."""
    yield from plan.warnings
    for function in sorted(plan.declaration.functions):
        package = function.partition(".")[0]
        if package not in ROOMS:
            yield f"{function} is not in the project's packages: the image must hold {package}"
    for node_id in plan.stages:
        accelerator = kubeflow.of_node(node_id).accelerator
        if accelerator and node_id not in COMPUTING:
            yield f"{node_id} asks for {accelerator.type}, but computes nothing on it"
        if accelerator and accelerator.type == NVIDIA and kubeflow.gpu_image is None:
            yield f"{node_id} asks for {NVIDIA}, but kubeflow.gpu_image is not set"
    if isinstance(kubeflow.storage, BucketStorage):
        yield _of_a_bucket(plan, kubeflow.storage)
    if plan.use_case.serving.promote == "on_push" and not isinstance(kubeflow.storage, Claim):
        yield "serving.promote: on_push will promote nothing: a bucket cannot hold a release"
    if not RULES[target].kubernetes:
        yield from _unheard(plan, kubeflow, RULES[target].name)


def _require_pinned_images(plan: Plan, kubeflow: Kubeflow) -> None:
    """Tells once what the lint would tell of each node."""
    for one in sorted({image(node_id, kubeflow) for node_id in plan.stages}):
        why = why_not_pinned(one)
        if why:
            raise ConfigError(why, fix=HOW_TO_PIN)


def _require_known_nodes(plan: Plan, kubeflow: Kubeflow) -> None:
    # A node that this run leaves out is no mistake.
    known = stage_names(plan.use_case.data.source, tune=True, mobile=True, spans=True)
    for node_id, node in kubeflow.nodes.items():
        if node_id not in known:
            raise ConfigError(
                f'kubeflow.nodes: the pipeline has no node "{node_id}"',
                fix=did_you_mean(node_id, known),
            )
        if node.cache and node_id in NEVER_CACHED:
            raise ConfigError(
                f"kubeflow.nodes.{node_id}: its result cannot be reused",
                expected="no `cache: true`: what it finds, or leaves, is in the push destination",
                fix="remove the line",
            )


def _require_storage(kubeflow: Kubeflow, rules: Rules) -> None:
    if isinstance(kubeflow.storage, Claim) and not rules.volumes:
        raise ConfigError(
            f"{rules.name} cannot mount the volume {kubeflow.storage.claim}",
            expected="a bucket for pushed models",
            fix="write kubeflow.storage as {bucket: gs://BUCKET/FOLDER}",
        )


def _require_root(kubeflow: Kubeflow, target: Target, pipeline_root: str | None) -> None:
    rules = RULES[target]
    if target == "vertex" and kubeflow.vertex is None and pipeline_root is None:
        raise ConfigError(
            f"{rules.name} must be told where artifacts go",
            expected="kubeflow.vertex.pipeline_root, a folder under gs://",
            fix="add `vertex: {pipeline_root: gs://BUCKET/FOLDER}` to the section `kubeflow`",
        )
    if pipeline_root is not None and not pipeline_root.startswith(rules.root_schemes):
        raise ConfigError(
            f"{rules.name} cannot write artifacts to {pipeline_root}",
            expected=f"a folder under {' or '.join(rules.root_schemes)}",
            fix="correct the pipeline root",
        )


def _require_shared_data(plan: Plan, kubeflow: Kubeflow) -> None:
    source = plan.use_case.data.source
    beam = kubeflow.of_node(EXAMPLE_GENS[source]).beam
    if source != "bigquery" and is_distributed(beam) and not is_remote(plan.data):
        raise ConfigError(
            f"kubeflow: {EXAMPLE_GENS[source]} has workers that cannot see {plan.data}",
            expected="data under gs://",
            fix="copy them there, or remove the node's `beam`",
        )


def _check_accelerator(node_id: str, kubeflow: Kubeflow, rules: Rules) -> None:
    node = kubeflow.of_node(node_id)
    accelerator = node.accelerator
    if accelerator is None:
        return
    if rules.accelerator_type(accelerator) is None:
        raise ConfigError(
            f"kubeflow: {node_id} asks for an accelerator that has no name on {rules.name}",
            expected="accelerator.vertex_type, for example NVIDIA_TESLA_T4",
            fix=f"add it to the accelerator of {node_id}",
        )
    missing = [key for key in TPU_SELECTORS if key not in node.node_selector]
    if rules.kubernetes and accelerator.type == TPU and missing:
        raise ConfigError(
            f"kubeflow: {node_id} asks for {TPU}, but its pod would find no machine",
            expected=f"a node_selector with {' and '.join(TPU_SELECTORS)}",
            fix=f"add {' and '.join(missing)} to the node_selector of {node_id}",
        )


def _of_a_bucket(plan: Plan, storage: BucketStorage) -> str:
    """Returns what a push is where nothing can be renamed: TFX's own copy."""
    numbers = ", and the two destinations may number it differently" if plan.mobile else ""
    return (
        f"a push to {storage.bucket} is a plain copy: TensorFlow Serving may see a version before "
        f"all of its files are there; a model that is there already is pushed again{numbers}"
    )


def _unheard(plan: Plan, kubeflow: Kubeflow, name: str) -> Iterator[str]:
    """Yields what the configuration says to Kubernetes alone."""
    for key in ("secrets", "image_pull_policy", "image_pull_secrets"):
        if key in kubeflow.model_fields_set and getattr(kubeflow, key):
            yield f"{name} knows no {key}: what kubeflow.{key} says is left out"
    for key in ("node_selector", "tolerations"):
        said = {f"nodes.{node}": kubeflow.nodes.get(node) for node in plan.stages}
        said = {"defaults": kubeflow.defaults, **said}
        for place in [place for place, node in said.items() if node and getattr(node, key)]:
            yield f"{name} knows no {key}: what kubeflow.{place}.{key} says is left out"
