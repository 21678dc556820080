"""Each rule finds its fault, and nothing in a pipeline without one."""

import copy
import subprocess
import sys

import pytest

from orchestration.kubeflow.lint import Fault, lint
from tests.orchestration.kubeflow.lint_documents import (
    EXAMPLES,
    constant,
    lines,
    platform,
    put,
    spec,
)
from usecase.paths import PROJECT_ROOT

TASKS = ("root", "dag", "tasks")
READER, PUSHER = (*TASKS, "Reader"), (*TASKS, "Pusher")
EXECUTORS = ("deploymentSpec", "executors")
CONTAINER = (*EXECUTORS, "Pusher_executor", "container")
READER_PARAMETERS = (*READER, "inputs", "parameters")
PUSHER_PARAMETERS = (*PUSHER, "inputs", "parameters")
ROWS = (*PUSHER, "inputs", "artifacts", "rows")
ROOT_PARAMETERS = ("root", "inputDefinitions", "parameters")
DECLARED = ("components", "Pusher", "inputDefinitions")
OUTPUT = {"producerTask": "Reader", "outputArtifactKey": "examples"}

# What is changed, and the one line that comes of it.
FAULTS = {
    "schema": (
        (("schemaVersion",), "2.0.0"),
        'schemaVersion: it is "2.0.0"; Kubeflow Pipelines accepts 2.1.0 alone; '
        "fix: compile with use_pipeline_spec_2_1=True",
    ),
    "pipeline name": (
        (("pipelineInfo", "name"), "two_nodes"),
        'pipelineInfo.name: "two_nodes" is no name of a pipeline; '
        "fix: small letters, digits and hyphens, a letter or digit first, 128 at most",
    ),
    "task name": (
        ((*TASKS, "Re_reader"), spec()["root"]["dag"]["tasks"]["Reader"]),
        "task Re_reader: Argo refuses its name; "
        "fix: name the node with letters, digits and hyphens, a letter first",
    ),
    "no default": (
        ((*ROOT_PARAMETERS, "epochs", "defaultValue"), ...),
        "parameter epochs: it has no default, and a run need not set it; fix: give a default",
    ),
    "default of another type": (
        ((*ROOT_PARAMETERS, "epochs", "defaultValue"), 3.5),
        "parameter epochs: its default 3.5 is no NUMBER_INTEGER; "
        "fix: correct the default, or the type",
    ),
    "no such type": (
        ((*ROOT_PARAMETERS, "epochs", "parameterType"), "INT"),
        'parameter epochs: it has no type but "INT"; '
        "fix: one of STRING, BOOLEAN, NUMBER_INTEGER, NUMBER_DOUBLE, LIST, STRUCT",
    ),
    "old constant": (
        ((*PUSHER_PARAMETERS, "push_destination"), {"runtimeValue": {"constantValue": {}}}),
        'task Pusher: its input "push_destination" is given as constantValue, '
        "which no driver resolves; fix: give it as `constant`",
    ),
    "type without a title": (
        (("components", "Reader", "outputDefinitions", "artifacts", "more"), {"artifactType": {}}),
        'component Reader: the type of its artifact "more" has no title; '
        "fix: begin its instanceSchema with `title: `",
    ),
    "no component": (
        ((*PUSHER, "componentRef", "name"), "Pushr"),
        'task Pusher: there is no component "Pushr"; fix: name one of `components`',
    ),
    "no executor": (
        (("components", "Reader", "executorLabel"), "Reader"),
        'component Reader: there is no executor "Reader"; '
        "fix: name one of `deploymentSpec.executors`",
    ),
    "neither executor nor dag": (
        (("components", "Idle"), {}),
        "component Idle: it has neither an executor nor a dag; fix: give it one",
    ),
    "waits for nobody": (
        ((*PUSHER, "dependentTasks"), ["Reader", "Writer"]),
        'task Pusher: it waits for "Writer", which is no task; fix: name a task of the same dag',
    ),
    "producer with TFX's suffix": (
        ((*ROWS, "taskOutputArtifact"), {**OUTPUT, "producerTask": "Reader_task"}),
        'task Pusher: its input "rows" comes from "Reader_task", which is no task; '
        'fix: write "Reader"',
    ),
    "no such output": (
        ((*ROWS, "taskOutputArtifact"), {**OUTPUT, "outputArtifactKey": "model"}),
        'task Pusher: its input "rows" is the output "model" of Reader, which has no such output; '
        "fix: take one of: examples",
    ),
    "no such output parameter": (
        ((*PUSHER_PARAMETERS, "runtime_epochs"),
         {"taskOutputParameter": {"producerTask": "Reader", "outputParameterKey": "n"}}),
        'task Pusher: its input "runtime_epochs" is the output "n" of Reader, '
        "which has no such output; fix: take one of: none",
    ),
    "no such input of the parent": (
        ((*PUSHER_PARAMETERS, "runtime_epochs"), {"componentInputParameter": "max_epochs"}),
        'task Pusher: its input "runtime_epochs" is the input "max_epochs" of root, '
        "which has no such input; fix: declare it in the inputDefinitions of root",
    ),
    "not fed": (
        (ROWS, ...),
        'task Pusher: nothing feeds its input "rows"; fix: feed it',
    ),
    "not declared": (
        ((*READER_PARAMETERS, "more"), constant(1)),
        'task Reader: its component has no input "more"; '
        "fix: declare it in the component's inputDefinitions, or do not give it",
    ),
    "condition": (
        ((*PUSHER, "triggerPolicy", "condition"), "inputs.artifacts['verdict'].artifacts[0].id"),
        'task Pusher: its condition reads the input "verdict", which its component does not have; '
        "fix: declare it among the component's input artifacts",
    ),
    "condition on a parameter": (
        ((*PUSHER, "triggerPolicy", "condition"), 'inputs.parameter_values["go"] == true'),
        'task Pusher: its condition reads the input "go", which its component does not have; '
        "fix: declare it among the component's input parameters",
    ),
    "cycle": (
        ((*READER, "dependentTasks"), ["Pusher"]),
        "dag root: tasks wait for each other: Reader -> Pusher -> Reader; fix: take one edge out",
    ),
    "image": (
        ((*CONTAINER, "image"), "registry:5000/pipeline"),
        'executor Pusher_executor: the image "registry:5000/pipeline" may be another one tomorrow; '
        "fix: name a tag other than latest, or a digest",
    ),
    "no command": (
        ((*CONTAINER, "command"), ...),
        "executor Pusher_executor: its container has no command; fix: set `command`",
    ),
    "lifecycle": (
        ((*CONTAINER, "lifecycle"), {"preCacheCheck": {"command": ["python"]}}),
        "executor Pusher_executor: its hook `lifecycle` is never run; "
        "fix: do in the container what the hook does, and take it out",
    ),
    "importer": (
        ((*EXECUTORS, "Importer"), {"importer": {"artifactUri": {"constant": "/mnt/x/model"}}}),
        'importer Importer: nothing can import "/mnt/x/model"; '
        "fix: a URI that begins with gs://, s3://, minio://, oci://",
    ),
    "resolver": (
        ((*EXECUTORS, "Resolver"), {"resolver": {}}),
        "executor Resolver: Kubeflow Pipelines has no executor of the kind resolver; "
        "fix: replace the node by one that runs in a container",
    ),
    "cached pusher": (
        ((*PUSHER, "cachingOptions"), {"enableCache": True}),
        "task Pusher: its result may be reused: a model that was pushed before would not be pushed "
        "again; fix: turn its cache off",
    ),
    "hidden path": (
        ((*PUSHER_PARAMETERS, "push_destination"),
         constant('{"filesystem": {"base_directory": "/home/me/push"}}')),
        'task Pusher, input "push_destination": no container of "Pusher_executor" can see '
        "/home/me/push; fix: a path in /tmp or /mnt/x, or a URI of an object store",
    ),
    "path in a volume of another": (
        ((*ROOT_PARAMETERS, "data", "defaultValue"), "/mnt/x/rows.csv"),
        'task Reader, input "runtime_data": no container of "Reader_executor" can see '
        "/mnt/x/rows.csv; fix: a path in /tmp, or a URI of an object store",
    ),
    "path in an argument": (
        ((*CONTAINER, "args"), ["--checkpoints=/var/c"]),
        'executor Pusher_executor, its arguments: no container of "Pusher_executor" can see '
        "/var/c; fix: a path in /tmp or /mnt/x, or a URI of an object store",
    ),
    "path in a default": (
        ((*DECLARED, "parameters", "push_dir"),
         {"parameterType": "STRING", "defaultValue": "/var/c"}),
        'task Pusher, default of "push_dir": no container of "Pusher_executor" can see /var/c; '
        "fix: a path in /tmp or /mnt/x, or a URI of an object store",
    ),
    "relative data": (
        ((*ROOT_PARAMETERS, "data", "defaultValue"), "data/rows.csv"),
        'parameter data: the data "data/rows.csv" are looked for in the image, which holds none; '
        "fix: a path in a mounted volume, a URI of an object store, or pkg:",
    ),
    "root of artifacts": (
        (("defaultPipelineRoot",), "/mnt/x/artifacts"),
        'pipeline root: artifacts cannot go to "/mnt/x/artifacts"; '
        "fix: name a folder that begins with gs://, s3://, minio://",
    ),
}  # fmt: skip
CONFIG = ("Pusher_executor",)
WHERE = "platform document, executor Pusher_executor"
PLATFORM_FAULTS = {
    "no such executor": (
        (("Trainer_executor",), {}),
        "platform document, executor Trainer_executor: the spec has no container of that label; "
        "fix: name one of `deploymentSpec.executors`",
    ),
    "volume without a name": (
        ((*CONFIG, "pvcMount", 0, "constant"), ""),
        f"{WHERE}, pvcMount 0: it has no `constant`, so it has no name; fix: set `constant`",
    ),
    "volume that is mounted nowhere": (
        ((*CONFIG, "secretAsVolume"), [{"secretName": "token"}]),
        f"{WHERE}, secretAsVolume 0: it is mounted nowhere; fix: set `mountPath`, an absolute path",
    ),
    "secret without a name": (
        ((*CONFIG, "secretAsEnv", 0, "secretName"), ...),
        f"{WHERE}, secretAsEnv 0: it has no `secretName`, so it has no name; fix: set `secretName`",
    ),
    "secret for new drivers": (
        ((*CONFIG, "imagePullSecret", 0, "secretNameParameter"), constant("registry")),
        f"{WHERE}, imagePullSecret 0: drivers before KFP 2.5 fail on `secretNameParameter`; "
        "fix: leave it out: all of them read `secretName`",
    ),
    "variable without a key": (
        ((*CONFIG, "secretAsEnv", 0, "keyToEnv"), [{"envVar": "TOKEN"}]),
        f"{WHERE}, secretAsEnv 0: a variable lacks its key or its name; "
        "fix: list `secretKey` and `envVar` in `keyToEnv`",
    ),
}


def test_a_fault_is_one_line():
    assert Fault("task A", "it is wrong", "right it").line() == "task A: it is wrong; fix: right it"


def test_a_pipeline_without_a_fault():
    assert lines() == []
    assert lint(spec(), None, "kfp") == [
        Fault(
            'task Pusher, input "push_destination"',
            'no container of "Pusher_executor" can see /mnt/x/push',
            "a path in /tmp, or a URI of an object store",
        )
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_one_line(name):
    change, line = FAULTS[name]
    assert lines(change) == [line]


@pytest.mark.parametrize("name", PLATFORM_FAULTS)
def test_one_fault_of_the_platform_document(name):
    change, line = PLATFORM_FAULTS[name]
    assert lines(of_platform=[change]) == [line]


def test_a_field_that_no_driver_knows():
    [line] = lines(of_platform=[((*CONFIG, "volume"), [])])
    assert line.startswith(f'{WHERE}: no driver knows the field "volume"; fix: one of active')


def test_another_platform_is_read_by_nobody():
    documents = platform()
    documents["platforms"]["swarm"] = {}
    [fault] = lint(spec(), documents, "kfp")
    assert fault.line() == (
        'platform document: nothing reads the platform "swarm"; fix: take it out'
    )


def test_a_pipeline_without_tasks():
    [line] = lines((("root", "dag", "tasks"), {}))
    assert line == "root: there is no task; fix: compile a pipeline that has nodes"


def test_nothing_at_all_is_no_pipeline():
    where = [fault.where for fault in lint({}, None, "kfp")]
    assert where == ["schemaVersion", "pipelineInfo.name", "root", "component root"]


@pytest.mark.parametrize(("size", "faults"), [(128 * 1024 - 1, 0), (128 * 1024, 1)])
def test_an_argument_that_linux_refuses(size, faults):
    found = lines(((*CONTAINER, "args"), ["a" * size]))
    assert len(found) == faults
    if found:
        assert found[0] == (
            "executor Pusher_executor: its argument 0 would take 131072 bytes of a command line; "
            "Linux allows 131071; fix: move what is long into a file of the image"
        )


@pytest.mark.parametrize(("size", "faults"), [(90_000, 0), (100_000, 1)])
def test_values_of_inputs_that_leave_no_room(size, faults):
    """They are one argument, with all artifacts; a default of the pipeline counts as well."""
    change = ((*ROOT_PARAMETERS, "data", "defaultValue"), "pkg:" + "a" * size)
    found = lines(change)
    assert len(found) == faults
    assert all(line.startswith("task Reader: the values of its inputs would") for line in found)


@pytest.mark.parametrize(
    ("default", "kind"),
    [
        (True, "NUMBER_INTEGER"),
        (True, "NUMBER_DOUBLE"),
        ("1", "NUMBER_DOUBLE"),
        (float("nan"), "NUMBER_INTEGER"),
        (1, "STRING"),
        (0, "BOOLEAN"),
        ({}, "LIST"),
        ([], "STRUCT"),
        (None, "STRING"),
    ],
)
def test_a_default_of_another_type(default, kind):
    definition = {"parameterType": kind, "defaultValue": default}
    [line] = lines(((*ROOT_PARAMETERS, "more"), definition))
    assert line.startswith("parameter more: its default ")


@pytest.mark.parametrize(
    ("default", "kind"),
    [
        (3, "NUMBER_INTEGER"),
        (3.0, "NUMBER_INTEGER"),
        (3, "NUMBER_DOUBLE"),
        (-0.5, "NUMBER_DOUBLE"),
        ("", "STRING"),
        (False, "BOOLEAN"),
        ([1], "LIST"),
        ({"a": 1}, "STRUCT"),
    ],
)
def test_a_default_of_the_type(default, kind):
    definition = {"parameterType": kind, "defaultValue": default}
    assert lines(((*ROOT_PARAMETERS, "more"), definition)) == []


def test_what_a_run_need_not_set_needs_no_default():
    definition = {"parameterType": "STRING", "isOptional": True}
    assert lines(((*ROOT_PARAMETERS, "more"), definition)) == []


def test_an_optional_input_need_not_be_fed():
    assert lines(((*DECLARED, "artifacts", "more"), {**EXAMPLES, "isOptional": True})) == []


@pytest.mark.parametrize("base", ["data", "./data", "data/rows.csv"])
def test_relative_data_of_a_reader_that_takes_none_from_the_run(base):
    documents = spec()
    put(documents, (*READER_PARAMETERS, "input_base"), constant(base))
    assert lint(documents, platform(), "kfp") == []
    put(documents, (*READER_PARAMETERS, "runtime_data"), ...)
    put(documents, ("components", "Reader", "inputDefinitions", "parameters", "runtime_data"), ...)
    [fault] = lint(documents, platform(), "kfp")
    assert fault.where == 'task Reader, input "input_base"'
    assert fault.what == f'the data "{base}" are looked for in the image, which holds none'


# Inputs that are paths, each with one that no container sees.
HIDDEN = {
    "input_base": "/home/me/data",
    "runtime_data": "/home/me/data/rows.csv",
    "schema_file": "/home/me/schema.pbtxt",
    "push_dir": "/home/me/push",
    "push_destination": '{"filesystem": {"base_directory": "/home/me/push"}}',
    "custom_config": '{"settings": "{\\"checkpoint_dir\\": \\"/home/me/c\\"}"}',
}


@pytest.mark.parametrize("name", HIDDEN)
def test_each_known_path_must_be_visible(name):
    definition = {"parameterType": "STRING"}
    declared = ((*DECLARED, "parameters", name), definition)
    [line] = lines(declared, ((*PUSHER_PARAMETERS, name), constant(HIDDEN[name])))
    assert line.startswith(f'task Pusher, input "{name}": no container of "Pusher_executor" can')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_config", '{"splits": [{"pattern": "/* trips */ SELECT fare"}]}'),
        ("eval_config", '{"slicing_specs": [{"feature_values": {"page": "/checkout"}}]}'),
        ("custom_config", '{"settings": "{\\"classes\\": [\\"/cart\\"]}"}'),
    ],
)
def test_a_value_is_no_path(name, value):
    definition = {"parameterType": "STRING"}
    declared = ((*DECLARED, "parameters", name), definition)
    assert lines(declared, ((*PUSHER_PARAMETERS, name), constant(value))) == []


def test_what_workers_or_the_image_see_is_no_fault():
    seen = [
        '--environment_config={"command": "/opt/apache/beam/boot"}',
        "--environment_config=/opt/apache/beam/boot",
        "--environment_options=/opt/apache/beam/boot",
        "--flink_job_server_jar=/opt/jars/flink.jar",
        "--spark_job_server_jar=/opt/jars/spark.jar",
    ]
    assert lines(((*CONTAINER, "args"), seen)) == []
    [line] = lines(((*CONTAINER, "args"), [*seen, "--staging_location=/opt/staging"]))
    assert "can see /opt/staging" in line


def nested():
    """Returns the small pipeline with its pusher in a dag of its own, as conditions make one."""
    documents = spec()
    inner = documents["root"]["dag"]["tasks"].pop("Pusher")
    epochs = {"epochs": {"parameterType": "NUMBER_INTEGER"}}
    inner["inputs"]["artifacts"]["rows"] = {"componentInputArtifact": "rows"}
    del inner["dependentTasks"]
    documents["components"]["inner"] = {
        "inputDefinitions": {"parameters": epochs, "artifacts": {"rows": EXAMPLES}},
        "dag": {"tasks": {"Pusher": inner}},
    }
    documents["root"]["dag"]["tasks"]["Inner"] = {
        "componentRef": {"name": "inner"},
        "inputs": {
            "parameters": {"epochs": {"componentInputParameter": "epochs"}},
            "artifacts": {"rows": {"taskOutputArtifact": OUTPUT}},
        },
    }
    return documents


def test_a_dag_in_a_dag():
    assert lint(nested(), platform(), "kfp") == []


def test_a_dag_that_lacks_an_input_of_its_task():
    """What TFX makes of an exit handler with a runtime parameter."""
    documents = nested()
    put(documents, ("components", "inner", "inputDefinitions", "parameters"), {})
    put(documents, (*TASKS, "Inner", "inputs", "parameters"), {})
    [fault] = lint(documents, platform(), "kfp")
    assert fault.line() == (
        'task Pusher: its input "runtime_epochs" is the input "epochs" of inner, '
        "which has no such input; fix: declare it in the inputDefinitions of inner"
    )


def job(folder="gs://b/root"):
    documents = copy.deepcopy(spec())
    destination = constant('{"filesystem": {"base_directory": "gs://b/serving"}}')
    put(documents, (*PUSHER_PARAMETERS, "push_destination"), destination)
    return {"pipelineSpec": documents, "runtimeConfig": {"gcsOutputDirectory": folder}}


def test_a_job_of_vertex_without_a_fault():
    assert lint(job(), None, "vertex") == []
    documents = {**job()["pipelineSpec"], "defaultPipelineRoot": "gs://b/root"}
    assert lint(documents, None, "vertex") == []


@pytest.mark.parametrize("path", ["/gcs/b/checkpoints", "/tmp/c"])
def test_a_container_of_vertex_sees_buckets(path):
    documents = job()
    put(documents["pipelineSpec"], (*CONTAINER, "args"), [path])
    assert lint(documents, None, "vertex") == []


def test_a_container_of_vertex_sees_no_volume():
    documents = job()
    put(documents["pipelineSpec"], (*CONTAINER, "args"), ["/mnt/x/c"])
    [fault] = lint(documents, None, "vertex")
    assert fault.line() == (
        'executor Pusher_executor, its arguments: no container of "Pusher_executor" can see '
        "/mnt/x/c; fix: a path in /tmp or /gcs, or a URI of an object store"
    )


def test_a_pod_sees_no_bucket():
    [line] = lines(((*CONTAINER, "args"), ["/gcs/b/checkpoints"]))
    assert "can see /gcs/b/checkpoints; fix: a path in /tmp or /mnt/x" in line


@pytest.mark.parametrize("folder", ["", "/root", "minio://b/root"])
def test_vertex_writes_to_google_storage_alone(folder):
    [fault] = lint(job(folder), None, "vertex")
    assert fault.line() == (
        f'pipeline root: artifacts cannot go to "{folder}"; '
        "fix: name a folder that begins with gs://"
    )


def test_vertex_takes_no_platform_document():
    [fault] = lint(job(), {"platforms": {}}, "vertex")
    assert fault.line() == "platform document: Vertex AI takes none; fix: leave it out"


def test_kubeflow_takes_no_job():
    [fault] = lint(job(), platform(), "kfp")
    assert fault.line() == (
        "document: Kubeflow Pipelines takes no PipelineJob; fix: submit its pipelineSpec"
    )


def test_linting_changes_nothing():
    documents, told = spec(), platform()
    lint(documents, told, "kfp")
    assert (documents, told) == (spec(), platform())


def test_the_lint_needs_neither_tfx_nor_kfp():
    code = (
        "import sys; import orchestration.kubeflow.lint; "
        "assert not {'tfx', 'kfp', 'tensorflow', 'yaml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT_ROOT)
