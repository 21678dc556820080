"""The manifests hold to the schemas of Kubernetes, and to what a server should be run with."""

import copy
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deploy.world import (
    BASE,
    BUCKET,
    KUBERNETES,
    KUSTOMIZATION,
    OPERATOR,
    RELEASES,
    container,
    deployment,
    load,
    manifests,
)

VERSION = "1.37"
CUSTOM = {"monitoring.coreos.com/v1"}  # the Prometheus Operator's own
PATCHES = {
    BUCKET / "deployment.yaml",
    BUCKET / "persistentvolumeclaim.yaml",
    RELEASES / "deployment.yaml",
}
FOLDERS = (BASE, BUCKET, OPERATOR, RELEASES)
# kubernetes-validate has no custom resources: the fields of a PodMonitor that are used here, as the
# operator's API reference lists them.
POD_MONITOR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "PodMonitor"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["selector", "podMetricsEndpoints"],
            "properties": {
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchLabels": {"type": "object"}},
                },
                "podMetricsEndpoints": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                        },
                    },
                },
            },
        },
    },
}
RESOURCES = [path for path in manifests() if path not in PATCHES]


def validate(resource):
    if resource["apiVersion"] in CUSTOM:
        jsonschema.validate(resource, POD_MONITOR)
    else:
        kubernetes_validate.validate(resource, VERSION, strict=True)


def shown(path):
    return str(path.relative_to(KUBERNETES))


@pytest.mark.parametrize("path", RESOURCES, ids=shown)
def test_a_manifest_holds_to_its_schema(path):
    resource = load(path)
    validate(resource)
    assert "namespace" not in resource["metadata"]


def test_all_that_is_wanted_is_there():
    assert {load(path)["kind"] for path in RESOURCES} == {
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "PersistentVolumeClaim",
        "ServiceAccount",
        "PodMonitor",
    }


WRONG = {
    "deployment.yaml": lambda r: r["spec"]["template"]["spec"]["containers"][0].update(imagee="x"),
    "service.yaml": lambda r: r["spec"]["ports"][0].update(port="many"),
    "horizontalpodautoscaler.yaml": lambda r: r["spec"].pop("maxReplicas"),
    "poddisruptionbudget.yaml": lambda r: r["spec"].update(maxUnavailabel=1),
    "persistentvolumeclaim.yaml": lambda r: r["spec"].update(accessModes="ReadWriteMany"),
    "../overlays/prometheus-operator/podmonitor.yaml": lambda r: r["spec"].update(selectr={}),
    "../overlays/bucket/serviceaccount.yaml": lambda r: r.update(automountServiceAccountToken="no"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name):
    resource = copy.deepcopy(load(BASE / name))
    validate(resource)
    WRONG[name](resource)
    with pytest.raises((kubernetes_validate.ValidationError, jsonschema.ValidationError)):
        validate(resource)


@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_a_kustomization_names_what_is_there_and_all_of_it(folder):
    kustomization = load(folder / KUSTOMIZATION)
    assert set(kustomization) <= {
        *("apiVersion", "kind", "resources", "patches", "labels", "configMapGenerator")
    }
    assert kustomization["kind"] == "Kustomization"
    named = [folder / name for name in kustomization["resources"]]
    named += [folder / patch["path"] for patch in kustomization.get("patches", [])]
    for generated in kustomization.get("configMapGenerator", []):
        named += [folder / name for name in generated["files"]]
    for path in named:
        assert path.exists(), path
    files = {path.resolve() for path in named if path.is_file()}
    there = {path for path in folder.rglob("*") if path.is_file() and path.name != KUSTOMIZATION}
    assert files == there


def built_by() -> list[str]:
    """The command that builds a kustomization, if this machine has one."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else []


@pytest.mark.skipif(not built_by(), reason="neither kustomize nor kubectl is installed")
@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_what_kustomize_builds_holds_to_the_schemas(folder):
    done = subprocess.run([*built_by(), folder], capture_output=True, text=True, check=True)
    resources = list(yaml.safe_load_all(done.stdout))
    for resource in resources:
        validate(resource)
    kinds = [resource["kind"] for resource in resources]
    assert ("PersistentVolumeClaim" in kinds) == (folder != BUCKET)
    assert ("PodMonitor" in kinds) == (folder == OPERATOR)
    (config,) = (r for r in resources if r["kind"] == "ConfigMap")
    assert set(config["data"]) == {"models.config", "batching.config", "monitoring.config"}
    assert ("gs://" in config["data"]["models.config"]) == (folder == BUCKET)


def merged(base, patch):
    """What a strategic merge patch makes of a resource, for the fields that are patched here."""
    keys = {"containers": "name", "volumes": "name", "volumeMounts": "mountPath"}
    result = copy.deepcopy(base)
    for field, value in patch.items():
        if field in keys:
            entries = {entry[keys[field]]: entry for entry in result[field]}
            for entry in value:
                key = entry[keys[field]]
                assert key in entries, f"{field} has no {key} to be patched"
                if entry.get("$patch") == "delete":
                    del entries[key]
                else:
                    entries[key] = merged(entries[key], entry)
            result[field] = list(entries.values())
        elif isinstance(value, dict):
            result[field] = merged(result.get(field, {}), value)
        else:
            result[field] = value
    return result


def test_the_bucket_takes_the_place_of_the_volume():
    patched = merged(deployment(), load(BUCKET / "deployment.yaml"))
    validate(patched)
    pod = patched["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["config", "tmp"]
    (only,) = pod["containers"]
    assert [mount["mountPath"] for mount in only["volumeMounts"]] == ["/config", "/tmp"]
    assert pod["serviceAccountName"] == load(BUCKET / "serviceaccount.yaml")["metadata"]["name"]
    assert only["args"][: len(container()["args"])] == container()["args"]
    claim = load(BUCKET / "persistentvolumeclaim.yaml")
    assert claim.pop("$patch") == "delete"
    assert claim["metadata"] == load(BASE / "persistentvolumeclaim.yaml")["metadata"]


def test_releases_change_the_flags_alone():
    patched = merged(deployment(), load(RELEASES / "deployment.yaml"))
    validate(patched)
    base = deployment()
    (now,), (before,) = (r["spec"]["template"]["spec"]["containers"] for r in (patched, base))
    assert now.pop("args") != before.pop("args")
    assert patched == base


def test_what_refers_to_another_finds_it():
    labels = deployment()["spec"]["template"]["metadata"]["labels"]
    named = {port["name"]: port["containerPort"] for port in container()["ports"]}
    for path in (BASE / "service.yaml", BASE / "poddisruptionbudget.yaml"):
        selector = load(path)["spec"]["selector"]
        assert selector.get("matchLabels", selector).items() <= labels.items()
    assert deployment()["spec"]["selector"]["matchLabels"].items() <= labels.items()
    monitor = load(OPERATOR / "podmonitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert [endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]] == ["rest"]
    for port in load(BASE / "service.yaml")["spec"]["ports"]:
        assert named[port["targetPort"]] == port["port"]
    target = load(BASE / "horizontalpodautoscaler.yaml")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment()["metadata"]["name"])
    pod = deployment()["spec"]["template"]["spec"]
    claims = [v["persistentVolumeClaim"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    name = load(BASE / "persistentvolumeclaim.yaml")["metadata"]["name"]
    assert [(claim["claimName"], claim["readOnly"]) for claim in claims] == [(name, True)]
    maps = [v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v]
    assert maps == [g["name"] for g in load(BASE / KUSTOMIZATION)["configMapGenerator"]]


def test_the_pod_is_no_more_than_it_must_be():
    pod = deployment()["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert pod["automountServiceAccountToken"] is False
    context = container()["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    resources = container()["resources"]
    assert {"cpu", "memory"} <= set(resources["requests"])
    assert "memory" in resources["limits"]
    writable = {m["mountPath"] for m in container()["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/tmp"}


def test_a_pod_ends_when_it_is_told_after_the_service_left_it():
    pod = deployment()["spec"]["template"]["spec"]
    assert pod["shareProcessNamespace"] is True  # the server ignores SIGTERM as the first process
    _, seconds = container()["lifecycle"]["preStop"]["exec"]["command"]
    assert 0 < int(seconds) < pod["terminationGracePeriodSeconds"]


def test_probes_give_a_model_minutes_to_load():
    startup = container()["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120


def test_no_file_is_left_out():
    assert {Path(shown(path)).parts[0] for path in manifests()} == {"base", "overlays"}
