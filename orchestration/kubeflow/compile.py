"""From a plan to the documents that a cluster runs."""

import dataclasses
from typing import Any

from orchestration.kubeflow import post_process
from orchestration.kubeflow.cluster_checks import NEVER_CACHED, check, require_kubeflow, warnings
from orchestration.kubeflow.cluster_places import SCHEMA_GEN, mounting_nodes
from orchestration.kubeflow.containers import added_arguments, container_fields
from orchestration.kubeflow.documents import json_text, spec_comment, yaml_text
from orchestration.kubeflow.lint import require_faultless
from orchestration.kubeflow.parameters import DATA, RuntimeParameter, runtime_parameters
from orchestration.kubeflow.platform_document import executor_config, platform_document
from orchestration.kubeflow.runtime_places import find_places
from orchestration.kubeflow.targets import RULES
from orchestration.kubeflow.tfx_compile import Graph
from orchestration.kubeflow.vertex import pipeline_job
from orchestration.plan import Plan
from pipeline.stage_names import EXAMPLE_GENS, PUSHERS
from usecase.kubeflow import Kubeflow, Target

# Reused only where the configuration asks for it: their inputs do not tell what they read.
SELDOM_CACHED = frozenset({*EXAMPLE_GENS.values(), SCHEMA_GEN})


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A pipeline, compiled for a target.

    Attributes:
        target: What it is for.
        spec: The `PipelineSpec`, as JSON has it.
        platform: The `PlatformSpec`; None for Vertex AI, and where Kubernetes needs none.
        job: The `PipelineJob` for Vertex AI; None otherwise.
        warnings: What a user should know of it.
    """

    target: Target
    spec: dict[str, Any]
    platform: dict[str, Any] | None
    job: dict[str, Any] | None
    warnings: tuple[str, ...]

    def text(self) -> str:
        """Returns the file: YAML, or JSON for Vertex AI; the same for the same input."""
        if self.job is not None:
            return json_text(self.job)
        documents = [self.spec, *([self.platform] if self.platform else [])]
        return yaml_text(spec_comment(self.spec, RULES[self.target].name), documents)


def compile_pipeline(
    plan: Plan,
    target: Target,
    *,
    image: str | None = None,
    gpu_image: str | None = None,
    pipeline_root: str | None = None,
) -> Compiled:
    """Compiles a plan: the graph of the local runner, told what a cluster must know.

    Args:
        plan: What is to run; made with `elsewhere=True`, so that no path of this machine is in it.
        target: Where it is to run.
        image: In place of the configuration's.
        gpu_image: In place of the configuration's.
        pipeline_root: In place of the configuration's.

    Raises:
        ConfigError: If it could not run there, with a line for each fault.
    """
    images = {"image": image, "gpu_image": gpu_image}
    kubeflow = require_kubeflow(plan).model_copy(update={k: v for k, v in images.items() if v})
    root = pipeline_root or RULES[target].pipeline_root(kubeflow)
    check(plan, kubeflow, target, root)
    parameters = runtime_parameters(plan.use_case)
    spec = _spec(plan, kubeflow, target, parameters)
    if root is not None:
        spec["defaultPipelineRoot"] = root
    platform = _platform(plan, kubeflow, spec) if RULES[target].kubernetes else None
    told = f"{RULES[target].name} could not run this pipeline"
    require_faultless(spec, platform, target, told=told)
    return Compiled(
        target=target,
        spec=spec,
        platform=platform,
        job=pipeline_job(spec, root, parameters) if target == "vertex" and root else None,
        warnings=tuple(warnings(plan, kubeflow, target)),
    )


def _spec(
    plan: Plan, kubeflow: Kubeflow, target: Target, parameters: tuple[RuntimeParameter, ...]
) -> dict[str, Any]:
    graph = Graph(plan, kubeflow, target)
    places = dict(find_places(plan.use_case, parameters, graph.properties_of))
    if any(parameter.name == DATA for parameter in parameters):
        places.setdefault(EXAMPLE_GENS[plan.use_case.data.source], {})[DATA] = ()
    digests = graph.code_digests()
    retries = {node: kubeflow.of_node(node).retries or 0 for node in plan.stages}
    fields = {node: container_fields(node, kubeflow, RULES[target]) for node in plan.stages}
    spec = post_process.without_lifecycle(graph.compile(pipeline_name(plan), kubeflow.image))
    spec = post_process.with_known_producers(spec)
    spec = post_process.with_caching(spec, _cached(plan, kubeflow))
    # One model goes by one number at both destinations: the second pusher looks at the first's.
    spec = post_process.with_order(spec, PUSHERS["mobile"], after=PUSHERS["serving"])
    spec = post_process.with_retries(spec, retries)
    spec = post_process.with_containers(spec, fields)
    spec = post_process.with_runtime_parameters(spec, parameters, places)
    own = {node: post_process.beam_arguments_of(spec, node) for node in plan.stages}
    arguments = {
        node: added_arguments(node, kubeflow, places.get(node, {}), digests[node], own[node])
        for node in plan.stages
    }
    return post_process.with_arguments(spec, arguments)


def pipeline_name(plan: Plan) -> str:
    """Returns the name of a pipeline, in which clusters allow no underscore."""
    return plan.use_case.name.replace("_", "-")


def _cached(plan: Plan, kubeflow: Kubeflow) -> set[str]:
    """Returns the ids of the nodes whose results may be reused."""
    asked = {node_id for node_id, node in kubeflow.nodes.items() if node.cache}
    refused = {node_id for node_id in plan.stages if kubeflow.of_node(node_id).cache is False}
    usual = plan.stages.keys() - SELDOM_CACHED
    return ((usual | asked) & plan.stages.keys()) - refused - NEVER_CACHED


def _platform(plan: Plan, kubeflow: Kubeflow, spec: dict[str, Any]) -> dict[str, Any] | None:
    mounting = mounting_nodes(plan, kubeflow)
    return platform_document(
        {
            post_process.executor_label(spec, node_id): executor_config(
                kubeflow, kubeflow.of_node(node_id), mounts=node_id in mounting
            )
            for node_id in plan.stages
        }
    )
