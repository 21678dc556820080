"""What a node computes with, in the units of the pipeline spec."""

from decimal import Decimal
from typing import Any

from orchestration.kubeflow.targets import Rules
from usecase.errors import ConfigError
from usecase.kubeflow import Node

BYTES = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
LEAST_GIGABYTES = 0.001  # KFP writes less as 1e-05G, which Kubernetes cannot read


def cores(quantity: str) -> float:
    """Returns a Kubernetes quantity of processors in cores, for example 0.5 for 500m."""
    if quantity.endswith("m"):
        return float(Decimal(quantity[:-1]) / 1000)
    return float(quantity)


def gigabytes(quantity: str) -> float:
    """Returns a Kubernetes quantity of memory in 10^9 bytes, for example 8.589934592 for 8Gi."""
    number = quantity.rstrip("KMGTki")
    return float(Decimal(number) * BYTES[quantity[len(number) :]] / 10**9)


def resource_spec(node_id: str, node: Node, rules: Rules) -> dict[str, Any]:
    """Returns a container's `resources`, as every version of KFP v2 and Vertex AI reads them.

    The newer fields `resourceCpuLimit` and `resourceMemoryLimit` are left out: backends that do not
    know them reject the pipeline, and those that do still read these.

    Args:
        node_id: The node.
        node: Its settings.
        rules: The target's.

    Raises:
        ConfigError: If no pod can be that small.
    """
    spec: dict[str, Any] = {}
    if node.cpu is not None:
        spec["cpuLimit"] = cores(node.cpu)
    if node.memory is not None:
        spec["memoryLimit"] = gigabytes(node.memory)
        if spec["memoryLimit"] < LEAST_GIGABYTES:
            raise ConfigError(
                f"kubeflow: {node_id} cannot run in a memory of {node.memory}",
                expected="for example 4Gi",
                fix="correct its `memory`, or that of `defaults`",
            )
    if node.accelerator is not None:
        # 64-bit integers are strings in the JSON of protocol buffers.
        spec["accelerator"] = {
            "count": str(node.accelerator.count),
            "type": rules.accelerator_type(node.accelerator),
        }
    return spec
