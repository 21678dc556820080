"""The steps from TFX's pipeline spec to one that runs, each on a spec of three tasks."""

import copy
import json

import pytest

from orchestration.kubeflow import post_process
from orchestration.kubeflow.parameters import RuntimeParameter

INPUTS = {"parameters": {"own": {"parameterType": "STRING"}}}
ROWS = RuntimeParameter("rows", "NUMBER_INTEGER", 5, "How many", ("rows",))
PLACE = RuntimeParameter("place", "STRING", "here", "Where", ("place",))


def container(*beam):
    args = ["--executor_class_path", "x.Y", "--json_serialized_invocation_args", "{{$}}"]
    return {
        "container": {
            "image": "tfx",
            "args": [*args, "--json_serialized_inputs_spec_args", json.dumps(INPUTS), *beam],
            "lifecycle": {"preCacheCheck": {}},
        }
    }


@pytest.fixture
def spec():
    """Read, Write and Say: the component and the executor of each has a name of its own."""
    names = ("Read", "Write", "Say")
    return {
        "components": {
            f"comp{n}": {"executorLabel": f"exec{n}", "inputDefinitions": copy.deepcopy(INPUTS)}
            for n in names
        },
        "deploymentSpec": {"executors": {f"exec{n}": container("--b=1") for n in names}},
        "root": {"dag": {"tasks": {n: {"componentRef": {"name": f"comp{n}"}} for n in names}}},
    }


@pytest.fixture
def unchanged(spec):
    """Makes sure that no step changes what it is given."""
    before = copy.deepcopy(spec)
    yield
    assert spec == before


def args_of(spec, task):
    return post_process.container_of(spec, task)["args"]


def test_hooks_are_taken_out(spec, unchanged):
    made = post_process.without_lifecycle(spec)
    for task in ("Read", "Write", "Say"):
        assert "lifecycle" not in post_process.container_of(made, task)
        assert post_process.container_of(made, task)["image"] == "tfx"


@pytest.mark.parametrize(
    ("named", "expected"),
    [("Read_task", "Read"), ("Read", "Read"), ("Gone_task", "Gone_task"), ("a_task", "a_task")],
)
def test_producers_go_by_the_names_of_their_tasks(spec, named, expected):
    spec["root"]["dag"]["tasks"]["a_task"] = {"componentRef": {"name": "compRead"}}
    source = {"producerTask": named, "outputParameterKey": "k"}
    spec["root"]["dag"]["tasks"]["Say"]["inputs"] = {
        "parameters": {"p": {"taskOutputParameter": source}, "q": {"runtimeValue": {}}}
    }
    made = post_process.with_known_producers(spec)
    parameters = made["root"]["dag"]["tasks"]["Say"]["inputs"]["parameters"]
    assert parameters["p"]["taskOutputParameter"] == {**source, "producerTask": expected}
    assert source["producerTask"] == named


def test_caching_is_for_those_that_are_named(spec, unchanged):
    made = post_process.with_caching(spec, {"Say", "Elsewhere"})
    found = {n: t["cachingOptions"] for n, t in made["root"]["dag"]["tasks"].items()}
    assert found == {"Read": {}, "Write": {}, "Say": {"enableCache": True}}


def test_retries(spec, unchanged):
    made = post_process.with_retries(spec, {"Read": 3, "Write": 0})
    tasks = made["root"]["dag"]["tasks"]
    assert tasks["Read"]["retryPolicy"] == {"maxRetryCount": 3, **post_process.BACKOFF}
    assert "retryPolicy" not in tasks["Write"]
    assert "retryPolicy" not in tasks["Say"]


def test_a_task_can_wait_for_another(spec, unchanged):
    once = post_process.with_order(spec, "Say", after="Write")
    tasks = post_process.with_order(once, "Say", after="Read")["root"]["dag"]["tasks"]
    assert tasks["Say"]["dependentTasks"] == ["Read", "Write"]
    assert "dependentTasks" not in tasks["Write"]
    assert post_process.with_order(spec, "Sing", after="Read") == spec


def test_fields_of_containers_are_set_but_for_empty_ones(spec, unchanged):
    fields = {"image": "mine", "env": [], "resources": {"cpuLimit": 1.0}}
    made = post_process.with_containers(spec, {"Write": fields})
    assert made["deploymentSpec"]["executors"]["execWrite"]["container"] == {
        **spec["deploymentSpec"]["executors"]["execWrite"]["container"],
        "image": "mine",
        "resources": {"cpuLimit": 1.0},
    }
    assert post_process.container_of(made, "Read") == post_process.container_of(spec, "Read")


def test_arguments_stand_in_place_of_beams(spec, unchanged):
    assert post_process.beam_arguments_of(spec, "Say") == ["--b=1"]
    made = post_process.with_arguments(spec, {"Say": ["--c", "2"]})
    assert args_of(made, "Say") == [*args_of(spec, "Say")[:-1], "--c", "2"]
    assert args_of(made, "Read") == args_of(spec, "Read")


def test_runtime_parameters_are_wired_through(spec, unchanged):
    takers = {"Read": ["place"], "Say": ["rows", "place"]}
    made = post_process.with_runtime_parameters(spec, [ROWS, PLACE], takers)
    assert made["root"]["inputDefinitions"]["parameters"] == {
        "rows": {
            "parameterType": "NUMBER_INTEGER",
            "defaultValue": 5,
            "isOptional": True,
            "description": "How many",
        },
        "place": {
            "parameterType": "STRING",
            "defaultValue": "here",
            "isOptional": True,
            "description": "Where",
        },
    }
    assert made["root"]["dag"]["tasks"]["Say"]["inputs"]["parameters"] == {
        "runtime_rows": {"componentInputParameter": "rows"},
        "runtime_place": {"componentInputParameter": "place"},
    }
    declared = {
        "parameters": {
            "own": {"parameterType": "STRING"},
            "runtime_rows": {"parameterType": "NUMBER_INTEGER"},
            "runtime_place": {"parameterType": "STRING"},
        }
    }
    assert made["components"]["compSay"]["inputDefinitions"] == declared
    told = args_of(made, "Say")
    assert json.loads(told[5]) == declared
    assert "{{" not in told[5]
    assert told[:5] + told[6:] == [*args_of(spec, "Say")[:5], "--b=1"]
    assert args_of(made, "Write") == args_of(spec, "Write")
    assert "inputs" not in made["root"]["dag"]["tasks"]["Write"]


def test_without_runtime_parameters_the_root_has_no_inputs(spec, unchanged):
    assert post_process.with_runtime_parameters(spec, [], {}) == spec
