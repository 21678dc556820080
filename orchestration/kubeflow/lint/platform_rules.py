"""Rules of what stands around the spec: Kubernetes' document, and Vertex AI's job."""

from collections.abc import Iterator

from orchestration.kubeflow.lint.documents import KUBERNETES, Documents, Json, part
from orchestration.kubeflow.lint.faults import Fault
from orchestration.kubeflow.targets import RULES

# What a driver decodes strictly: it fails on any other field. All backends of KFP since 2.2 know
# these; what came later is left out.
FIELDS = frozenset(
    {
        "secretAsVolume",
        "secretAsEnv",
        "pvcMount",
        "nodeSelector",
        "podMetadata",
        "imagePullSecret",
        "imagePullPolicy",
        "configMapAsVolume",
        "configMapAsEnv",
        "activeDeadlineSeconds",
        "fieldPathAsEnv",
        "tolerations",
        "genericEphemeralVolume",
        "nodeAffinity",
        "podAffinity",
    }
)
# The field that names an object, which every backend reads, by the list it stands in; beside it
# the form that newer ones prefer to it, and that older ones fail on.
NAMES = {
    "pvcMount": ("constant", "pvcNameParameter"),
    "secretAsEnv": ("secretName", "secretNameParameter"),
    "secretAsVolume": ("secretName", "secretNameParameter"),
    "imagePullSecret": ("secretName", "secretNameParameter"),
}
MOUNTED = ("pvcMount", "secretAsVolume")


def document_fits_target(documents: Documents) -> Iterator[Fault]:
    """Kubernetes' document is for KFP; Vertex AI takes a job, and KFP takes none."""
    if documents.target == "vertex" and documents.platform is not None:
        yield Fault("platform document", "Vertex AI takes none", "leave it out")
    if documents.target == "kfp" and documents.job is not None:
        yield Fault(
            "document", "Kubeflow Pipelines takes no PipelineJob", "submit its pipelineSpec"
        )


def artifacts_have_a_root(documents: Documents) -> Iterator[Fault]:
    """Artifacts go to an object store; a cluster of KFP knows one by itself, Vertex AI does not."""
    default = documents.spec.get("defaultPipelineRoot", "")
    root = part(documents.job, "runtimeConfig").get("gcsOutputDirectory", default)
    schemes = RULES[documents.target].root_schemes
    unset_is_fine = documents.target == "kfp"
    if not (root.startswith(schemes) or (unset_is_fine and not root)):
        yield Fault(
            "pipeline root",
            f'artifacts cannot go to "{root}"',
            f"name a folder that begins with {', '.join(schemes)}",
        )


def platforms_are_known(documents: Documents) -> Iterator[Fault]:
    """KFP reads the part of the document that is for Kubernetes, and nothing else."""
    for name in part(documents.platform, "platforms"):
        if name != KUBERNETES:
            yield Fault("platform document", f'nothing reads the platform "{name}"', "take it out")


def platform_executors_exist(documents: Documents) -> Iterator[Fault]:
    """Kubernetes is told of containers of the spec: what it is told of others is lost."""
    for label in documents.kubernetes:
        if label not in documents.containers:
            yield Fault(
                f"platform document, executor {label}",
                "the spec has no container of that label",
                "name one of `deploymentSpec.executors`",
            )


def platform_fields_are_known(documents: Documents) -> Iterator[Fault]:
    """The driver fails on a field that it does not know."""
    for label, config in documents.kubernetes.items():
        for field in config:
            if field not in FIELDS:
                yield Fault(
                    f"platform document, executor {label}",
                    f'no driver knows the field "{field}"',
                    f"one of {', '.join(sorted(FIELDS))}",
                )


def volumes_and_secrets_have_names(documents: Documents) -> Iterator[Fault]:
    """Whatever is mounted or read has a name that every backend understands, and a place."""
    for label, config in documents.kubernetes.items():
        for field, (plain, newer) in NAMES.items():
            for index, entry in enumerate(config.get(field, ())):
                where = f"platform document, executor {label}, {field} {index}"
                yield from _name(where, entry, plain, newer)
                if field in MOUNTED and not str(entry.get("mountPath", "")).startswith("/"):
                    yield Fault(where, "it is mounted nowhere", "set `mountPath`, an absolute path")


def _name(where: str, entry: Json, plain: str, newer: str) -> Iterator[Fault]:
    if not entry.get(plain):
        yield Fault(where, f"it has no `{plain}`, so it has no name", f"set `{plain}`")
    if newer in entry:
        yield Fault(
            where,
            f"drivers before KFP 2.5 fail on `{newer}`",
            f"leave it out: all of them read `{plain}`",
        )


def secret_variables_are_named(documents: Documents) -> Iterator[Fault]:
    """A secret becomes environment variables: each has a key and a name."""
    for label, config in documents.kubernetes.items():
        for index, entry in enumerate(config.get("secretAsEnv", ())):
            pairs = entry.get("keyToEnv", ())
            if not pairs or not all(p.get("secretKey") and p.get("envVar") for p in pairs):
                yield Fault(
                    f"platform document, executor {label}, secretAsEnv {index}",
                    "a variable lacks its key or its name",
                    "list `secretKey` and `envVar` in `keyToEnv`",
                )
