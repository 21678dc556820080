"""The names of the pods in which a node's executor and its driver run.

The API names the parts of a run by the engine's ids. Such an id is the run's name in the cluster
and a digest of the part's own name; a pod is named by its id, in newer versions with that of its
template in the middle. Where a pod may be tried again, each try is a part of its own.
"""

from collections.abc import Iterator

TEMPLATE = "system-container-impl"
DRIVER_TEMPLATE = "system-container-driver"
RETRIED = f"retry-{TEMPLATE}"


def pod_names(part_id: str, node: str, retries: int = 0) -> list[str]:
    """Returns the names that the pods may have, the likeliest first.

    Args:
        part_id: The engine's id of what is below the node.
        node: The node's id.
        retries: How often it may be tried again.
    """
    run, _, digest = part_id.rpartition("-")
    plain = [f"{run}-{TEMPLATE}-{digest}", part_id]
    part = f"{run}.root.{node}.executor"
    if not retries or digest != str(fnv_1a(part)):
        return plain
    tries = [str(fnv_1a(f"{part}({count})")) for count in range(retries + 1)]
    return [*_named(run, RETRIED, tries), *plain, *(f"{run}-{one}" for one in tries)]


def driver_pod_names(some_id: str, node: str) -> list[str]:
    """Returns the names that the pod of a node's driver may have, the likeliest first.

    Args:
        some_id: The engine's id of any part of the run.
        node: The node's id.
    """
    run = some_id.rpartition("-")[0]
    digest = str(fnv_1a(f"{run}.root.{node}-driver"))
    return [*_named(run, DRIVER_TEMPLATE, [digest]), f"{run}-{digest}"]


def fnv_1a(text: str) -> int:
    """Returns the digest of 32 bits that the engine makes of a part's name (FNV-1a)."""
    digest = 0x811C9DC5
    for byte in text.encode():
        digest = (digest ^ byte) * 0x01000193 % 2**32
    return digest


def _named(run: str, template: str, digests: list[str]) -> Iterator[str]:
    return (f"{run}-{template}-{digest}" for digest in digests)
