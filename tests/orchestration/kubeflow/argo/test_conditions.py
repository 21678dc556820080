"""The driver of Kubeflow Pipelines evaluates conditions as the emulator of these tests does."""

import itertools
import random

import pytest

from tests.orchestration.kubeflow.argo.program import answers
from tests.orchestration.kubeflow.compiled import compiled
from tests.orchestration.kubeflow.emulator.cel import CelError, condition

pytestmark = pytest.mark.slow

KEY = "_DataGate.verdict"
INPUT = {
    "inputs": {
        "parameterValues": {"n": 3, "s": "text", "yes": True},
        "artifacts": {
            KEY: {
                "artifacts": [
                    {
                        "name": "7",
                        "type": {"instanceSchema": ""},
                        "uri": "minio://b/k",
                        "metadata": {"passed": 1, "note": "ok", "of": {"struct": {"a": 2.5}}},
                    }
                ]
            }
        },
    }
}
FIRST = f"inputs.artifacts['{KEY}'].artifacts[0]"
VALUES = [
    f"{FIRST}.metadata['passed']",
    f"{FIRST}.metadata['note']",
    f"{FIRST}.metadata['of'].struct.a",
    f"{FIRST}.metadata['missing']",
    f"{FIRST}.uri",
    f"{FIRST}.no_such_field",
    "inputs.parameter_values['n']",
    "inputs.parameter_values.s",
    "inputs.parameter_values['yes']",
    "inputs.parameterValues['n']",
    "inputs.artifacts['other'].artifacts[0].uri",
    f"inputs.artifacts['{KEY}'].artifacts[1].uri",
    "1.0",
    "3.0",
    "'ok'",
    '"text"',
    "true",
]
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


def emulated(text, executor_input):
    """Returns whether the task runs; None if its driver fails."""
    try:
        return condition(text, executor_input)
    except CelError:
        return None


def test_comparisons_of_all_values(argo):
    texts = [" ".join(each) for each in itertools.product(VALUES, SIGNS, VALUES)]
    drivers = answers(argo, [(text, INPUT) for text in texts])
    assert {True, False, None} == set(drivers)
    assert [emulated(text, INPUT) for text in texts] == drivers


def test_comparisons_joined_and_negated(argo):
    """The emulator is the stricter one: it fails where either side does."""
    choose = random.Random(7)
    comparisons = [" ".join(map(choose.choice, (VALUES, SIGNS, VALUES))) for _ in range(600)]
    sides = list(zip(comparisons[::2], comparisons[1::2], strict=True))
    texts = [
        f"{choose.choice(['', '!'])}({one}) {choose.choice(['&&', '||'])} ({other})"
        for one, other in sides
    ]
    drivers = answers(argo, [(text, INPUT) for text in texts])
    assert {True, False, None} == set(drivers)
    for text, both, driver in zip(texts, sides, drivers, strict=True):
        fails = any(emulated(side, INPUT) is None for side in both)
        assert emulated(text, INPUT) is (None if fails else driver), text


@pytest.fixture(scope="module")
def compiled_conditions(tmp_path_factory):
    """The conditions of the taxi pipeline: many tasks have the same one."""
    tasks = compiled(tmp_path_factory.mktemp("case"), {}).spec["root"]["dag"]["tasks"]
    found = {task.get("triggerPolicy", {}).get("condition") for task in tasks.values()}
    assert len(found) > 1
    return sorted(found - {None})


@pytest.mark.parametrize(
    ("metadata", "runs"),
    [({"passed": 1}, True), ({"passed": 0}, False), ({}, None), ({"passed": "1"}, None)],
)
def test_the_data_gate_decides(argo, compiled_conditions, metadata, runs):
    """What was compiled asks the verdict, and a driver without a verdict fails."""
    verdict = {"artifacts": [{"name": "7", "metadata": metadata}]}
    executor_input = {"inputs": {"artifacts": {KEY: verdict}}}
    asked = [(text, executor_input) for text in compiled_conditions]
    assert answers(argo, asked) == [runs] * len(asked)
    assert [emulated(*each) for each in asked] == [runs] * len(asked)
