"""What differs between Kubeflow Pipelines and Vertex AI, all in this place."""

from collections.abc import Callable
from typing import NamedTuple

from usecase.kubeflow import Accelerator, BucketStorage, Claim, Kubeflow, Target

# Vertex AI mounts every bucket here by itself; in a pod of Kubeflow nothing does.
VERTEX_BUCKETS = "/gcs/"
POD_CHECKPOINTS = "/tmp/checkpoints"  # noqa: S108, the pod's own, which nobody else sees


class Rules(NamedTuple):
    """The ways of one target.

    Attributes:
        name: What people call it.
        volumes: Whether pods can mount a PersistentVolumeClaim.
        kubernetes: Whether a second document tells Kubernetes what the pipeline spec has no word
            for: volumes, secrets, node selectors, tolerations, how to pull the image.
        root_schemes: What a pipeline root may begin with.
        pipeline_root: Where artifacts go by the configuration; None leaves it to the cluster.
        accelerator_type: The name of an accelerator there; None if the configuration has none.
        checkpoints: The folder of training checkpoints, without the use case's name.
    """

    name: str
    volumes: bool
    kubernetes: bool
    root_schemes: tuple[str, ...]
    pipeline_root: Callable[[Kubeflow], str | None]
    accelerator_type: Callable[[Accelerator], str | None]
    checkpoints: Callable[[Claim | BucketStorage], str]


def _kfp_checkpoints(storage: Claim | BucketStorage) -> str:
    # A bucket is no folder in a pod: checkpoints there outlive a crash of training, not of the pod.
    return f"{storage.mount_path}/checkpoints" if isinstance(storage, Claim) else POD_CHECKPOINTS


def _vertex_checkpoints(storage: Claim | BucketStorage) -> str:
    if isinstance(storage, Claim):
        raise TypeError("a volume cannot be mounted there")
    return f"{VERTEX_BUCKETS}{storage.bucket.removeprefix('gs://')}/checkpoints"


RULES: dict[Target, Rules] = {
    "kfp": Rules(
        name="Kubeflow Pipelines",
        volumes=True,
        kubernetes=True,
        root_schemes=("gs://", "s3://", "minio://"),
        pipeline_root=lambda kubeflow: kubeflow.pipeline_root,
        accelerator_type=lambda accelerator: accelerator.type,
        checkpoints=_kfp_checkpoints,
    ),
    "vertex": Rules(
        name="Vertex AI",
        volumes=False,
        kubernetes=False,
        root_schemes=("gs://",),
        pipeline_root=lambda kubeflow: kubeflow.vertex.pipeline_root if kubeflow.vertex else None,
        accelerator_type=lambda accelerator: accelerator.vertex_type,
        checkpoints=_vertex_checkpoints,
    ),
}
