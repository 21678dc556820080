"""Kubernetes' quantities in the units of a pipeline spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from orchestration.kubeflow.resources import BYTES, cores, gigabytes, resource_spec
from orchestration.kubeflow.targets import RULES
from usecase.errors import ConfigError
from usecase.kubeflow import Accelerator, Node

NUMBERS = st.decimals("0.001", "1000000", places=3).map(str)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("4", 4.0), ("500m", 0.5), ("1m", 0.001), ("1.5", 1.5), ("0", 0.0)]
)
def test_cores(quantity, expected):
    assert cores(quantity) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("8Gi", 8.589934592),
        ("8G", 8.0),
        ("1500M", 1.5),
        ("512Mi", 0.536870912),
        ("1Ti", 1099.511627776),
        ("0.5Gi", 0.536870912),
        ("2000000k", 2.0),
        ("4294967296", 4.294967296),
    ],
)
def test_gigabytes(quantity, expected):
    assert gigabytes(quantity) == expected


@given(NUMBERS, st.sampled_from(["", "m"]))
def test_cores_are_what_kubernetes_means(number, unit):
    assert cores(number + unit) == float(parse_quantity(number + unit))


@given(NUMBERS, st.sampled_from(sorted(BYTES)))
def test_gigabytes_are_what_kubernetes_means(number, unit):
    assert gigabytes(number + unit) == float(parse_quantity(number + unit) / 10**9)


def test_a_node_that_says_nothing_has_no_resources():
    assert resource_spec("Trainer", Node(), RULES["kfp"]) == {}


@pytest.mark.parametrize(
    ("target", "name"), [("kfp", "nvidia.com/gpu"), ("vertex", "NVIDIA_TESLA_T4")]
)
def test_an_accelerator_has_a_name_of_its_own_on_each_target(target, name):
    node = Node(cpu="4", memory="16Gi", accelerator=Accelerator(vertex_type="NVIDIA_TESLA_T4"))
    assert resource_spec("Trainer", node, RULES[target]) == {
        "cpuLimit": 4.0,
        "memoryLimit": 17.179869184,
        "accelerator": {"count": "1", "type": name},
    }


@pytest.mark.parametrize(("memory", "fits"), [("1M", True), ("999k", False)])
def test_memory_that_kfp_cannot_write_down(memory, fits):
    if fits:
        assert resource_spec("Trainer", Node(memory=memory), RULES["kfp"])["memoryLimit"] == 0.001
        return
    with pytest.raises(ConfigError, match=f"Trainer cannot run in a memory of {memory}"):
        resource_spec("Trainer", Node(memory=memory), RULES["kfp"])
