"""A pipeline of four nodes, as `compile` would write it: a gate, and a condition on its verdict."""

import copy

import yaml

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


def detail(name, state, *, start="2026-03-01T02:00:00Z", end=None, error="", children=()):
    """Returns a part of a run as the API tells it; `children` are display names."""
    told = {"task_id": f"id-{name}", "display_name": name, "state": state, "start_time": start}
    if end:
        told["end_time"] = end
    if error:
        told["error"] = {"code": 2, "message": error}
    if children:
        told["child_tasks"] = [{"pod_name": f"id-{child}"} for child in children]
    return told


def look(state, *details):
    """Returns what one look at a run shows."""
    ended = {"finished_at": "2026-03-01T02:05:00Z"} if state in ("SUCCEEDED", "FAILED") else {}
    return {"state": state, "run_details": {"task_details": list(details)}, **ended}


DONE = [
    detail(name + part, "SUCCEEDED", start=f"2026-03-01T02:0{n}:00Z", end=f"2026-03-01T02:0{n}:30Z")
    for n, name in enumerate(NODES)
    for part in ("-driver", "")
]
SUCCEEDED = look("SUCCEEDED", detail("root-driver", "SUCCEEDED"), *DONE)
REFUSED = look(
    "SUCCEEDED",
    *DONE[:4],
    detail("Trainer-driver", "SUCCEEDED", start="2026-03-01T02:02:00Z"),
    detail("Trainer", "SKIPPED", start="2026-03-01T02:02:30Z", end="2026-03-01T02:02:30Z"),
    detail("Pusher", "RUNTIME_STATE_UNSPECIFIED", start="2026-03-01T02:02:31Z"),
)
FAILED = look(
    "FAILED",
    *DONE[:4],
    detail("Trainer-driver", "SUCCEEDED", start="2026-03-01T02:02:00Z"),
    {
        **detail("Trainer", "FAILED", start="2026-03-01T02:02:30Z", end="2026-03-01T02:03:00Z"),
        "child_tasks": [{"pod_name": "toy-x-pod"}],
    },
    {
        **detail("executor", "FAILED", start="2026-03-01T02:02:31Z", error="OOMKilled\n(exit 137)"),
        "pod_name": "toy-x-pod",
    },
)
