"""What Kubernetes must know of each pod, and the pipeline spec has no word for.

The fields are those of `KubernetesExecutorConfig`, the message of kfp-kubernetes. Objects go by the
plain names (`constant`, `secretName`), which every backend reads: the newer `pvcNameParameter` and
`secretNameParameter` make drivers before KFP 2.5 fail.
"""

from collections.abc import Mapping
from typing import Any

from usecase.kubeflow import Claim, Kubeflow, Node, Toleration

# What Kubernetes does by itself, so that it need not be told: older backends do not know the field.
USUAL_PULL_POLICY = "IfNotPresent"


def platform_document(executors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Returns the platform document; None if Kubernetes need not know anything.

    Args:
        executors: The config of each executor by its label; those that are empty are left out.
    """
    told = {label: config for label, config in executors.items() if config}
    if not told:
        return None
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": told}}}}


def executor_config(kubeflow: Kubeflow, node: Node, *, mounts: bool) -> dict[str, Any]:
    """Returns the `KubernetesExecutorConfig` of one node.

    Args:
        kubeflow: What holds for every node.
        node: What holds for this one.
        mounts: Whether it needs the shared volume.
    """
    policy = kubeflow.image_pull_policy
    config: dict[str, Any] = {
        "pvcMount": [_volume(kubeflow.storage)]
        if mounts and isinstance(kubeflow.storage, Claim)
        else [],
        "secretAsEnv": _secrets(kubeflow),
        "nodeSelector": {"labels": dict(node.node_selector)} if node.node_selector else {},
        "tolerations": [_toleration(each) for each in node.tolerations],
        "imagePullPolicy": "" if policy == USUAL_PULL_POLICY else policy,
        "imagePullSecret": [{"secretName": name} for name in kubeflow.image_pull_secrets],
    }
    return {field: value for field, value in config.items() if value}


def _volume(claim: Claim) -> dict[str, Any]:
    return {"constant": claim.claim, "mountPath": claim.mount_path}


def _secrets(kubeflow: Kubeflow) -> list[dict[str, Any]]:
    """One entry for each Secret, with all variables that come from it."""
    variables: dict[str, list[dict[str, str]]] = {}
    for variable, source in sorted(kubeflow.secrets.items()):
        entry = {"secretKey": source.key, "envVar": variable}
        variables.setdefault(source.secret, []).append(entry)
    return [
        {"secretName": name, "keyToEnv": entries} for name, entries in sorted(variables.items())
    ]


def _toleration(toleration: Toleration) -> dict[str, str]:
    return {k: v for k, v in toleration.model_dump().items() if v is not None}
