"""What Kubeflow hands to a container, as its driver and launcher write it."""

import json

from usecase.paths import PROJECT_ROOT

RUN_ID = "0b8d7f0e-5a41-4d6e-9c29-7f1d6c3e2a10"
TASK_ID = "f3b1c2d4-1111-4222-8333-444455556666"
ROOT = f"minio://mlpipeline/v2/artifacts/taxi/{RUN_ID}"
SYSTEM_ARTIFACT = {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}


def schema(title):
    return {"instanceSchema": f"title: {title}\ntype: object\n"}


def given(uri, **metadata):
    """An input artifact: of no type, and every number a double."""
    one = {"name": "7", "type": {"instanceSchema": ""}, "uri": uri, "metadata": metadata}
    return {"artifacts": [one]}


def asked(uri, title):
    return {"artifacts": [{"name": "8", "type": schema(title), "uri": uri}]}


def logs(task):
    uri = f"{ROOT}/{task}/{TASK_ID}/executor-logs"
    return {"artifacts": [{"type": SYSTEM_ARTIFACT, "uri": uri}]}


def executor_input(inputs, outputs, parameters, output_file):
    return {
        "inputs": {"artifacts": inputs, "parameterValues": parameters},
        "outputs": {"artifacts": outputs, "outputFile": str(output_file)},
    }


def spec(parameters=(), **artifacts):
    return {
        "artifacts": {key: {"artifactType": schema(title)} for key, title in artifacts.items()},
        "parameters": {name: {"parameterType": kind} for name, kind in parameters},
    }


def command_line(executor, told, inputs_spec, *more):
    return [
        "--executor_class_path",
        executor,
        "--json_serialized_invocation_args",
        json.dumps(told),
        "--json_serialized_inputs_spec_args",
        json.dumps(inputs_spec),
        *more,
    ]


def schema_node(output_file, schema_file=PROJECT_ROOT / "schema/taxi/schema.pbtxt", *more):
    """The command line of an ImportSchemaGen with logs that the cluster keeps."""
    uri = f"{ROOT}/ImportSchemaGen/{TASK_ID}/schema"
    outputs = {"schema": asked(uri, "tfx.Schema"), "executor-logs": logs("ImportSchemaGen")}
    told = executor_input({}, outputs, {"schema_file": str(schema_file)}, output_file)
    executor = "tfx.components.schema_gen.import_schema_gen.executor.Executor"
    return command_line(executor, told, spec([("schema_file", "STRING")]), *more)


def baseline_node(push_dir, output_file, task_root=f"{ROOT}/LatestPushedModel/{TASK_ID}"):
    """The command line of a LatestPushedModel behind a condition."""
    told = executor_input(
        {"_DataGate.verdict": given(f"{ROOT}/DataGate/verdict", passed=1.0)},
        {"model": asked(f"{task_root}/model", "tfx.Model"), "executor-logs": logs("b")},
        {"push_dir": str(push_dir), "version": -1},
        output_file,
    )
    inputs_spec = spec(
        [("push_dir", "STRING"), ("version", "NUMBER_INTEGER")],
        **{"_DataGate.verdict": "components.GateVerdict"},
    )
    return command_line("components.baseline.LatestPushedModel_Executor", told, inputs_spec)
