"""The `kubeflow` section: what a cluster must know of a pipeline beside the use case itself."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from usecase.mount_path import check_mount_path
from usecase.section import Section


def _text(pattern: str, expected: str) -> AfterValidator:
    """Returns a validator of text; who gets it wrong is told what is expected, in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _plain(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        raise ValueError("expected text, a number, true or false") from None


# A label of RFC 1123.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
KUBERNETES_NAME = rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*"
PIPELINE_ROOT = r"(gs|s3|minio)://[^/\s]+(/\S*)?"

Image = Annotated[str, _text(r"\S+", "an image such as registry.example.com/name:0.1.0")]
KubernetesName = Annotated[
    str,
    _text(
        KUBERNETES_NAME,
        "the name of a Kubernetes object: lower-case letters, digits, - and .",
    ),
]
# Kubeflow gives a claim's name to its volume as well, of which less is allowed.
ClaimName = Annotated[
    str,
    _text(
        rf"(?=.{{1,63}}$){_LABEL}",
        "a claim's name that a volume can have too: at most 63 lower-case letters, digits and -",
    ),
]
EnvName = Annotated[
    str, _text(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable: letters, digits and _")
]
SecretKeyName = Annotated[
    str, _text(r"[-._a-zA-Z0-9]+", "the key of a Secret: letters, digits, -, _ and .")
]
Bucket = Annotated[str, _text(r"gs://[^/\s]+(/\S*[^/\s])?", "gs://BUCKET or gs://BUCKET/FOLDER")]
PipelineRoot = Annotated[str, _text(PIPELINE_ROOT, "a folder under gs://, s3:// or minio://")]
MountPath = Annotated[str, AfterValidator(check_mount_path)]
# Kubernetes' quantities, as cores and as bytes; none is 0.
Cores = Annotated[str, _text(r"(?=.*[1-9])([0-9]+m|[0-9]+(\.[0-9]+)?)", "cores, such as 4 or 500m")]
Memory = Annotated[
    str,
    _text(
        r"(?=.*[1-9])[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?",
        "a size such as 16Gi, without a space",
    ),
]
AcceleratorType = Annotated[str, _text(r"\S+", "a resource such as nvidia.com/gpu")]
BeamOption = Annotated[
    str,
    _text(r"[a-z][a-z0-9_]*", "the name of a Beam option, without dashes, such as flink_master"),
]
BeamValue = Annotated[str | int | float | bool, WrapValidator(_plain)]

Runner = Literal["DirectRunner", "DataflowRunner", "FlinkRunner", "SparkRunner"]
Target = Literal["kfp", "vertex"]


class Claim(Section):
    """A volume that pods share: models are pushed there, and data may lie there."""

    claim: ClaimName = Field(
        description="A PersistentVolumeClaim that several pods can write (ReadWriteMany)."
    )
    mount_path: MountPath = Field("/mnt/pipeline", description="Where pods see it.")


class BucketStorage(Section):
    """A folder in Google Cloud Storage in place of a volume."""

    bucket: Bucket = Field(description="gs://BUCKET or gs://BUCKET/FOLDER.")


def _kind_of_storage(value: Any) -> str:
    """Tells a bucket from a claim, so that errors are about what was meant."""
    if isinstance(value, dict):
        return "BucketStorage" if any(str(key).startswith("b") for key in value) else "Claim"
    return type(value).__name__ if isinstance(value, BucketStorage) else "Claim"


Storage = Annotated[
    Annotated[Claim, Tag("Claim")] | Annotated[BucketStorage, Tag("BucketStorage")],
    Discriminator(_kind_of_storage),
]


class Accelerator(Section):
    """What a node computes on."""

    type: AcceleratorType = Field(
        "nvidia.com/gpu",
        description="kfp: the Kubernetes resource, such as nvidia.com/gpu or google.com/tpu.",
    )
    count: int = Field(1, ge=1)
    vertex_type: str | None = Field(
        None, description="vertex: its name there, for example NVIDIA_TESLA_T4."
    )


class Toleration(Section):
    """A taint of nodes that pods may ignore, as Kubernetes has it."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None

    @model_validator(mode="after")
    def _exists_has_no_value(self) -> "Toleration":
        if self.operator == "Exists" and self.value is not None:
            raise ValueError("`value` belongs to the operator Equal")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("the operator Equal needs a `key`")
        return self


class SecretKey(Section):
    """One value of a Kubernetes Secret."""

    secret: KubernetesName
    key: SecretKeyName


class Beam(Section):
    """Where a node's Beam pipeline runs."""

    runner: Runner = "DirectRunner"
    options: dict[BeamOption, BeamValue] = Field(
        {}, description="Beam's own options by name, for example region, flink_master."
    )


class Node(Section):
    """How one node runs on the cluster."""

    cpu: Cores | None = Field(None, description='Limit, for example "4" or "500m".')
    memory: Memory | None = Field(None, description="Limit, for example 16Gi.")
    accelerator: Accelerator | None = None
    node_selector: dict[str, str] = Field({}, description="Labels of the machines to run on.")
    tolerations: tuple[Toleration, ...] = ()
    env: dict[EnvName, str] = Field({}, description="Environment variables.")
    retries: int | None = Field(None, ge=0, description="How often a failed pod is tried again.")
    cache: bool | None = Field(
        None,
        description="Whether Kubeflow may reuse a result; by default it may but for nodes that "
        "read what its key does not know (data, schema, the push destination) and pushers.",
    )
    beam: Beam | None = None


class Vertex(Section):
    """What Vertex AI needs beside it."""

    pipeline_root: Bucket = Field(description="Where artifacts go.")


class Kubeflow(Section):
    """How the pipeline runs on Kubeflow Pipelines and Vertex AI."""

    image: Image = Field(
        description="The container image, with a tag other than latest, or a digest."
    )
    gpu_image: Image | None = Field(
        None, description="The image of nodes with an NVIDIA accelerator; `image` if unset."
    )
    storage: Storage = Field(description="Where models are pushed: a shared volume, or a bucket.")
    pipeline_root: PipelineRoot | None = Field(
        None, description="kfp: where artifacts go; what the cluster has configured, if unset."
    )
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[KubernetesName, ...] = ()
    secrets: dict[EnvName, SecretKey] = Field(
        {}, description="Environment variables that come from Secrets."
    )
    defaults: Node = Field(Node(), description="What holds for every node that says nothing else.")
    nodes: dict[str, Node] = Field({}, description="By node id, for example Trainer.")
    vertex: Vertex | None = None

    @model_validator(mode="after")
    def _variables_have_one_value(self) -> "Kubeflow":
        places = {"defaults": self.defaults, **{f"nodes.{k}": n for k, n in self.nodes.items()}}
        for place, node in places.items():
            for name in sorted(self.secrets.keys() & node.env.keys()):
                raise ValueError(
                    f'the variable "{name}" is both in `secrets` and in `{place}.env`: '
                    "remove one of them"
                )
        return self

    def of_node(self, node_id: str) -> Node:
        """Returns what holds for a node: its own settings over the defaults.

        Dictionaries (env, node_selector) are merged, everything else is replaced whole.
        """
        own = self.nodes.get(node_id, Node())
        merged = {
            name: {**getattr(self.defaults, name), **getattr(own, name)}
            for name in ("env", "node_selector")
        }
        said = {name: getattr(own, name) for name in own.model_fields_set - merged.keys()}
        return self.defaults.model_copy(update={**said, **merged})
