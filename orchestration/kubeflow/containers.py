"""What a node's container is: its image, its environment, its resources, its arguments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestration.kubeflow.beam_arguments import beam_arguments, is_distributed
from orchestration.kubeflow.resources import resource_spec
from orchestration.kubeflow.runtime_places import Place, to_argument
from orchestration.kubeflow.targets import Rules
from usecase.kubeflow import Kubeflow

NVIDIA = "nvidia.com/gpu"
CODE_DIGEST = "--code_digest"
NATIVE_URIS = "--native_uris"
RUNTIME_PLACES = "--runtime_places"


def image(node_id: str, kubeflow: Kubeflow) -> str:
    """Returns the image of a node: that for GPUs where it has one of NVIDIA's."""
    accelerator = kubeflow.of_node(node_id).accelerator
    on_nvidia = accelerator is not None and accelerator.type == NVIDIA
    return kubeflow.gpu_image if on_nvidia and kubeflow.gpu_image else kubeflow.image


def container_fields(node_id: str, kubeflow: Kubeflow, rules: Rules) -> dict[str, Any]:
    """Returns the fields of a node's container that TFX knows nothing of.

    Args:
        node_id: The node.
        kubeflow: Its settings, among those of all.
        rules: The target's.

    Raises:
        ConfigError: If no pod can have its resources.
    """
    node = kubeflow.of_node(node_id)
    return {
        "image": image(node_id, kubeflow),
        "resources": resource_spec(node_id, node, rules),
        "env": [{"name": name, "value": value} for name, value in sorted(node.env.items())],
    }


def added_arguments(
    node_id: str,
    kubeflow: Kubeflow,
    places: Mapping[str, Sequence[Place]],
    code_digest: str,
    own_beam: Iterable[str],
) -> list[str]:
    """Returns what stands behind TFX's own arguments.

    Args:
        node_id: The node.
        kubeflow: Its settings, among those of all.
        places: Where the values of runtime parameters go, by parameter; some may have no place.
        code_digest: Digest of the code that it runs.
        own_beam: The Beam arguments that the node itself was made with.

    Raises:
        ConfigError: If its Beam options cannot be.
    """
    beam = kubeflow.of_node(node_id).beam
    placed = {name: found for name, found in places.items() if found}
    return [
        *([RUNTIME_PLACES, to_argument(placed)] if placed else []),
        f"{CODE_DIGEST}={code_digest}",
        *([NATIVE_URIS] if is_distributed(beam) else []),
        *beam_arguments(beam, image(node_id, kubeflow), own_beam),
    ]
