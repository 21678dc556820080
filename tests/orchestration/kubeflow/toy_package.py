"""A pipeline of four nodes, as `compile` would write it: a gate, and a condition on its verdict."""

import copy
import uuid

import yaml

from orchestration.kubeflow.api.pod_names import fnv_1a

IMAGE = "registry.example.com/toy:1.0"
PASSED = "(inputs.artifacts['_DataGate.verdict'].artifacts[0].metadata['passed'] == 1.0)"
NODES = ("CsvExampleGen", "DataGate", "Trainer", "Pusher")


def _component(name, inputs=()):
    definition = {"executorLabel": f"{name}_executor"}
    if inputs:
        definition["inputDefinitions"] = {
            "parameters": {name: {"parameterType": kind} for name, kind in inputs}
        }
    return definition


def _task(name, after=(), condition=None, inputs=()):
    task = {"componentRef": {"name": name}, "taskInfo": {"name": name}}
    if after:
        task["dependentTasks"] = list(after)
    if condition:
        task["triggerPolicy"] = {"condition": condition}
    if inputs:
        task["inputs"] = {
            "parameters": {name: {"componentInputParameter": source} for name, source in inputs}
        }
    return task


VERDICT = {"artifactType": {"instanceSchema": "title: components.GateVerdict\ntype: object\n"}}
_JUDGED = {"producerTask": "DataGate", "outputArtifactKey": "verdict"}
SPEC = {
    "schemaVersion": "2.1.0",
    "sdkVersion": "tfx-1.16.0",
    "pipelineInfo": {"name": "toy"},
    "components": {
        "CsvExampleGen": _component("CsvExampleGen", [("runtime_data", "STRING")]),
        "DataGate": _component("DataGate"),
        "Trainer": _component("Trainer", [("runtime_max_epochs", "NUMBER_INTEGER")]),
        "Pusher": _component("Pusher", [("runtime_min_auc", "NUMBER_DOUBLE")]),
    },
    "deploymentSpec": {
        "executors": {
            f"{name}_executor": {
                "container": {"image": IMAGE, "command": ["python", "-m", "toy"], "args": [name]}
            }
            for name in NODES
        }
    },
    "root": {
        "inputDefinitions": {
            "parameters": {
                "data": {"parameterType": "STRING", "defaultValue": "pkg:toy/data.csv"},
                "max_epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 7},
                "min_auc": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.9},
            }
        },
        "dag": {
            "tasks": {
                "CsvExampleGen": _task("CsvExampleGen", inputs=[("runtime_data", "data")]),
                "DataGate": _task("DataGate", ["CsvExampleGen"]),
                "Pusher": _task(
                    "Pusher", ["DataGate", "Trainer"], PASSED, [("runtime_min_auc", "min_auc")]
                ),
                "Trainer": _task(
                    "Trainer", ["DataGate"], PASSED, [("runtime_max_epochs", "max_epochs")]
                ),
            }
        },
    },
}
SPEC["components"]["DataGate"]["outputDefinitions"] = {"artifacts": {"verdict": VERDICT}}
for _name in ("Trainer", "Pusher"):
    SPEC["components"][_name]["inputDefinitions"]["artifacts"] = {"_DataGate.verdict": VERDICT}
    SPEC["root"]["dag"]["tasks"][_name]["inputs"]["artifacts"] = {
        "_DataGate.verdict": {"taskOutputArtifact": _JUDGED}
    }
PLATFORM = {
    "platforms": {
        "kubernetes": {
            "deploymentSpec": {"executors": {"Pusher_executor": {"imagePullPolicy": "Always"}}}
        }
    }
}


def text(**changes):
    """Returns the file; `changes` are of the PipelineSpec."""
    spec = {**copy.deepcopy(SPEC), **changes}
    return yaml.safe_dump_all([spec, PLATFORM], sort_keys=True)


# --- what Kubeflow says of a run ---


def detail(name, state, *, start="2026-03-01T02:00:00Z", end=None, below=()):
    """Returns a part of a run as the API tells it.

    A part has a random id, and the engine's ids are those of what is below it: no id of one part is
    found in another. Neither a pod nor an error is told.

    Args:
        name: Its display name.
        state: Its state.
        start: When it began.
        end: When it ended; None if it goes on.
        below: The names of parts below it, as the engine has them, behind that of the run.
    """
    told = {
        "run_id": "run",
        "task_id": str(uuid.uuid4()),
        "display_name": name,
        "create_time": "2026-03-01T02:00:00Z",
        "start_time": start,
        "execution_id": "0",
        "state": state,
        "state_history": [],
        "child_tasks": [{"pod_name": part_id(one)} for one in below],
    }
    return {**told, "end_time": end} if end else told


def part_id(part):
    """Returns the engine's id of a part of the toy's run, for example "root.Trainer.executor"."""
    return f"toy-x-{fnv_1a(f'toy-x.{part}')}"


def look(state, *details):
    """Returns what one look at a run shows."""
    ended = {"finished_at": "2026-03-01T02:05:00Z"} if state in ("SUCCEEDED", "FAILED") else {}
    return {"state": state, "run_details": {"task_details": list(details)}, **ended}


def done(n, name, *later):
    """Returns the parts of a node that succeeded: `later` are nodes that wait for it."""
    begun = f"2026-03-01T02:0{n}:00Z"
    times = {"start": begun, "end": f"2026-03-01T02:0{n}:30Z"}
    return [
        detail(f"{name}-driver", "SUCCEEDED", start=begun, below=[f"root.{name}"]),
        detail(name, "SUCCEEDED", **times, below=[f"root.{name}.executor"]),
        detail("executor", "SUCCEEDED", **times, below=[f"root.{one}-driver" for one in later]),
    ]


GATED = [*done(0, "CsvExampleGen", "DataGate"), *done(1, "DataGate", "Trainer")]
DONE = [*GATED, *done(2, "Trainer", "Pusher"), *done(3, "Pusher")]
ROOT = [detail("root-driver", "SUCCEEDED", below=["root"]), detail("root", "SUCCEEDED")]
SUCCEEDED = look("SUCCEEDED", *ROOT, *DONE)
_DRIVEN = detail(
    "Trainer-driver", "SUCCEEDED", start="2026-03-01T02:02:00Z", below=["root.Trainer"]
)
REFUSED = look(
    "SUCCEEDED",
    *ROOT,
    *GATED,
    _DRIVEN,
    detail("Trainer", "SKIPPED", start="2026-03-01T02:02:30Z", end="2026-03-01T02:02:30Z"),
    detail("Pusher", "RUNTIME_STATE_UNSPECIFIED", start="2026-03-01T02:02:31Z"),
)
TRAINER_FAILED = detail(
    "Trainer",
    "FAILED",
    start="2026-03-01T02:02:30Z",
    end="2026-03-01T02:03:00Z",
    below=["root.Trainer.executor"],
)
FAILED = look("FAILED", *GATED, _DRIVEN, TRAINER_FAILED, detail("executor", "FAILED"))
# What the pod of the Trainer that failed logs, and the line that is told of it.
WHY = "signal: killed (out of memory?)"
KILLED = {
    f"toy-x-system-container-impl-{fnv_1a('toy-x.root.Trainer.executor')}": (
        "epoch 1\nF0301 02:02:59.000000      13 main.go:49] signal: killed\n"
    )
}
