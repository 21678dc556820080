"""What Kubernetes is told beside the pipeline spec."""

from orchestration.kubeflow.platform_document import executor_config, platform_document
from usecase.kubeflow import Kubeflow, Node, Toleration

CLAIM = {"claim": "shared", "mount_path": "/mnt/x"}


def kubeflow(**settings):
    return Kubeflow.model_validate_json(
        Kubeflow(**{"image": "a:1", "storage": CLAIM, **settings}).model_dump_json()
    )


def test_what_says_nothing_is_left_out():
    assert executor_config(kubeflow(), Node(), mounts=False) == {}
    assert platform_document({"a": {}, "b": {}}) is None
    told = {"b": {"imagePullPolicy": "Always"}}
    assert platform_document({"a": {}, **told}) == {
        "platforms": {"kubernetes": {"deploymentSpec": {"executors": told}}}
    }


def test_a_volume_where_it_is_needed():
    expected = {"pvcMount": [{"constant": "shared", "mountPath": "/mnt/x"}]}
    assert executor_config(kubeflow(), Node(), mounts=True) == expected
    assert executor_config(kubeflow(storage={"bucket": "gs://b"}), Node(), mounts=True) == {}


def test_what_kubernetes_does_by_itself_is_not_said():
    for policy, said in (("IfNotPresent", {}), ("Never", {"imagePullPolicy": "Never"})):
        told = kubeflow(image_pull_policy=policy)
        assert executor_config(told, Node(), mounts=False) == said


def test_tolerations_say_what_they_were_told():
    node = Node(
        tolerations=(
            Toleration(key="a", value="1"),
            Toleration(operator="Exists", effect="NoExecute"),
        ),
        node_selector={"pool": "big"},
    )
    assert executor_config(kubeflow(), node, mounts=False) == {
        "nodeSelector": {"labels": {"pool": "big"}},
        "tolerations": [
            {"key": "a", "operator": "Equal", "value": "1"},
            {"operator": "Exists", "effect": "NoExecute"},
        ],
    }
