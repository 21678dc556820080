"""What `compile` tells of the file that it wrote."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.kubeflow.api.tasks import node_names
from orchestration.kubeflow.compile import Compiled
from orchestration.plan import Plan
from usecase.kubeflow import Claim


def summary(plan: Plan, compiled: Compiled, out: str) -> Iterator[str]:
    """Yields the lines that tell what was compiled, and what to do with it."""
    spec = compiled.spec
    names = node_names(spec)
    yield f"{out}: pipeline {spec['pipelineInfo']['name']}, {len(names)} nodes"
    yield f"  nodes       {', '.join(names)}"
    for image, nodes in _images(spec).items():
        where = "" if len(nodes) == len(names) else f" ({', '.join(nodes)})"
        yield f"  image       {image}{where}"
    yield f"  models to   {_storage(plan)}"
    yield f"  artifacts   {spec.get('defaultPipelineRoot', 'where the cluster is configured to')}"
    for name, definition in _inputs(spec).items():
        yield f"  --param     {name}={definition.get('defaultValue', '')}"
    for warning in compiled.warnings:
        yield f"  warning     {warning}"
    if compiled.target == "kfp":
        yield f"next: python kubeflow_runner.py submit --host URL --file {out}"
    else:
        yield "next: submit it to Vertex AI, see docs/KUBEFLOW.md"


def _inputs(spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(spec["root"].get("inputDefinitions", {}).get("parameters", {}))


def _images(spec: Mapping[str, Any]) -> dict[str, list[str]]:
    """Returns the nodes of each image; the image of the most nodes comes first."""
    executors = spec["deploymentSpec"]["executors"]
    found: dict[str, list[str]] = {}
    for name in node_names(spec):
        component = spec["root"]["dag"]["tasks"][name]["componentRef"]["name"]
        executor = executors[spec["components"][component]["executorLabel"]]
        found.setdefault(executor["container"]["image"], []).append(name)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def _storage(plan: Plan) -> str:
    kubeflow = plan.use_case.kubeflow
    if kubeflow is None:
        return "nowhere"
    storage = kubeflow.storage
    if isinstance(storage, Claim):
        return f"the claim {storage.claim}, at {storage.mount_path}"
    return storage.bucket
