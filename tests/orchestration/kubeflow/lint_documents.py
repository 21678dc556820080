"""A small pipeline without a fault, for tests to break."""

import copy

from orchestration.kubeflow.lint import lint

IMAGE = "registry:5000/pipeline:1.2"
CONDITION = "(inputs.artifacts['rows'].artifacts[0].metadata['passed'] == 1.0)"
EXAMPLES = {"artifactType": {"instanceSchema": "title: tfx.Examples\ntype: object\n"}}
MODEL = {"artifactType": {"schemaTitle": "tfx.Model"}}


def constant(value):
    return {"runtimeValue": {"constant": value}}


def container(*args):
    command = ["python", "-m", "entrypoint"]
    return {"container": {"image": IMAGE, "command": command, "args": ["{{$}}", *args]}}


def spec():
    """Returns a reader of data that a run may set, and a pusher into a volume."""
    return {
        "schemaVersion": "2.1.0",
        "sdkVersion": "tfx-1.16.0",
        "pipelineInfo": {"name": "two-nodes"},
        "root": {
            "inputDefinitions": {
                "parameters": {
                    "data": {"parameterType": "STRING", "defaultValue": "pkg:mine/data.csv"},
                    "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3},
                }
            },
            "dag": {"tasks": {"Reader": _reader(), "Pusher": _pusher()}},
        },
        "components": {
            "Reader": {
                "executorLabel": "Reader_executor",
                "inputDefinitions": {
                    "parameters": {
                        "input_base": {"parameterType": "STRING"},
                        "runtime_data": {"parameterType": "STRING"},
                    }
                },
                "outputDefinitions": {"artifacts": {"examples": EXAMPLES}},
            },
            "Pusher": {
                "executorLabel": "Pusher_executor",
                "inputDefinitions": {
                    "artifacts": {"rows": EXAMPLES},
                    "parameters": {
                        "push_destination": {"parameterType": "STRING"},
                        "runtime_epochs": {"parameterType": "NUMBER_INTEGER"},
                    },
                },
                "outputDefinitions": {"artifacts": {"pushed": MODEL}},
            },
        },
        "deploymentSpec": {
            "executors": {
                "Reader_executor": container("--flag=1"),
                "Pusher_executor": container(),
            }
        },
    }


def _reader():
    return {
        "componentRef": {"name": "Reader"},
        "cachingOptions": {},
        "inputs": {
            "parameters": {
                "input_base": constant(""),
                "runtime_data": {"componentInputParameter": "data"},
            }
        },
    }


def _pusher():
    return {
        "componentRef": {"name": "Pusher"},
        "dependentTasks": ["Reader"],
        "triggerPolicy": {"condition": CONDITION},
        "inputs": {
            "parameters": {
                "push_destination": constant('{"filesystem": {"base_directory": "/mnt/x/push"}}'),
                "runtime_epochs": {"componentInputParameter": "epochs"},
            },
            "artifacts": {
                "rows": {
                    "taskOutputArtifact": {
                        "producerTask": "Reader",
                        "outputArtifactKey": "examples",
                    }
                }
            },
        },
    }


def platform():
    """Returns what Kubernetes is told of the pusher."""
    config = {
        "pvcMount": [{"constant": "shared", "mountPath": "/mnt/x"}],
        "secretAsEnv": [
            {"secretName": "token", "keyToEnv": [{"secretKey": "key", "envVar": "TOKEN"}]}
        ],
        "imagePullSecret": [{"secretName": "registry"}],
    }
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": _of_pusher(config)}}}}


def _of_pusher(config):
    return {"Pusher_executor": config}


def put(document, path, value):
    """Sets what lies under keys in a document; deletes it where the value is `...`."""
    *way, last = path
    for key in way:
        document = document[key]
    if value is ...:
        del document[last]
    else:
        document[last] = value


def lines(*changes, of_platform=(), target="kfp"):
    """Returns the faults of the small pipeline after changes, each a path and a value."""
    broken, told = copy.deepcopy(spec()), copy.deepcopy(platform())
    for path, value in changes:
        put(broken, path, value)
    for path, value in of_platform:
        put(told, ("platforms", "kubernetes", "deploymentSpec", "executors", *path), value)
    return [fault.line() for fault in lint(broken, told, target)]
