"""The toy pipeline with all gates and both pushers, and what its pods log."""

import copy

import yaml

from tests.orchestration.kubeflow import toy_package
from tests.orchestration.kubeflow.toy_package import IMAGE, PASSED, detail, look

# After the toy's nodes: what each puts out, and what it waits for.
_MORE = {
    "Evaluator": (["blessing", "evaluation"], ["Trainer"]),
    "ServingGate": (["blessing", "verdict"], ["Evaluator"]),
    "TFLiteGate": (["blessing", "verdict"], ["Evaluator"]),
    "Pusher": (["pushed_model"], ["ServingGate"]),
    "MobilePusher": (["pushed_model"], ["TFLiteGate"]),
}
NODES = ("CsvExampleGen", "DataGate", "Trainer", *_MORE)
PUSHED = {"Pusher": "pushed as version 17", "MobilePusher": "pushed as version 17"}
# What surrounds a line in a log: other output, also without a line's end, and a line of a launcher.
NOISE = "I1126 executor.go:12] [out] x\n\x1b[1m10/10\x1b[0m \r{mark}{line}\nuploading\n"


def _spec():
    spec = copy.deepcopy(toy_package.SPEC)
    judged = spec["root"]["dag"]["tasks"]["Pusher"]["inputs"]["artifacts"]
    inputs = {"artifacts": spec["components"]["Pusher"]["inputDefinitions"]["artifacts"]}
    for name, (outputs, after) in _MORE.items():
        spec["components"][name] = {
            "executorLabel": f"{name}_executor",
            "inputDefinitions": inputs,
            "outputDefinitions": {"artifacts": dict.fromkeys(outputs, toy_package.VERDICT)},
        }
        spec["deploymentSpec"]["executors"][f"{name}_executor"] = {
            "container": {"image": IMAGE, "command": ["python", "-m", "toy"], "args": [name]}
        }
        spec["root"]["dag"]["tasks"][name] = {
            "componentRef": {"name": name},
            "taskInfo": {"name": name},
            "dependentTasks": ["DataGate", *after],
            "triggerPolicy": {"condition": PASSED},
            "inputs": {"artifacts": judged},
        }
    del spec["root"]["inputDefinitions"]["parameters"]["min_auc"]
    return spec


SPEC = _spec()


def text():
    """Returns the file."""
    return yaml.safe_dump_all([SPEC, toy_package.PLATFORM], sort_keys=True)


def done(names=NODES):
    """Returns the details of nodes that succeeded; their pods are named by the engine's ids."""
    return [
        {
            **detail(name, "SUCCEEDED", start=f"2026-03-01T02:0{n}:00Z"),
            "end_time": f"2026-03-01T02:0{n}:30Z",
            "child_tasks": [{"pod_name": f"toy-x-{n}"}],
        }
        for n, name in enumerate(names)
    ]


SUCCEEDED = look("SUCCEEDED", *done())


def logs(lines, mark="[outcome] ", template=""):
    """Returns the logs of pods in which nodes say something.

    Args:
        lines: What they say, by node.
        mark: What tells it from all else.
        template: What the engine puts into the names of pods, if it does.
    """
    return {
        f"toy-x-{template}{NODES.index(name)}": NOISE.format(mark=mark, line=line)
        for name, line in lines.items()
    }
