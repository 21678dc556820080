"""Tasks run as the driver and the launcher would run them."""

import json

import pytest

from tests.orchestration.kubeflow.emulator import api_check, specs
from tests.orchestration.kubeflow.emulator.cluster import Cluster
from tests.orchestration.kubeflow.emulator.run import run
from tests.orchestration.kubeflow.emulator.specs import python, task

PASSED = "inputs.artifacts['_first.out'].artifacts[0].metadata['passed'] == 1.0"
WRITES = python("write(local(uri('out')) + '/a/file', 'x'); say(metadata={'passed': 1})")
READS = python("print('read', open(local(taken('in')['uri']) + '/a/file').read())")
TELLS = python("print('told', sys.argv[1])")


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


def told(done, name):
    """The ExecutorInput that a task of `TELLS` got."""
    return json.loads(done.tasks[name].log.split("told ", 1)[1])


def test_what_one_task_uploads_the_next_one_reads(cluster):
    pipeline = specs.spec(first=task(WRITES), second=task(READS, artifacts={"in": "first"}))
    done = run(cluster, specs.text(pipeline))
    assert done.states == {"first": "succeeded", "second": "succeeded"}, done.failures
    assert done.tasks["second"].log == "read x\n"
    assert (done.files(cluster, "first", "out") / "a/file").read_text() == "x"
    assert done.tasks["first"].warnings == []


def test_what_was_not_uploaded_is_lost(cluster):
    elsewhere = python("write(local(uri('out')) + 'side/a/file', 'x'); say()")
    pipeline = specs.spec(first=task(elsewhere), second=task(READS, artifacts={"in": "first"}))
    done = run(cluster, specs.text(pipeline))
    assert done.states == {"first": "succeeded", "second": "failed"}
    assert "does not exist" in done.tasks["first"].warnings[0]
    assert "FileNotFoundError" in done.failures


def test_an_artifact_whose_uri_is_a_local_path_is_lost(cluster):
    local = python("write(local(uri('out')) + '/a/file', 'x'); say(uri=local(uri('out')))\n")
    pipeline = specs.spec(
        first=task(local),
        second=task(python("print(os.path.exists(taken('in')['uri']))"), artifacts={"in": "first"}),
    )
    done = run(cluster, specs.text(pipeline))
    assert "no recognized storage URI" in done.tasks["first"].warnings[0]
    assert done.tasks["second"].log == "False\n"
    assert not list(cluster.folder.rglob("a/file"))


def test_empty_folders_vanish_and_empty_files_do_not(cluster):
    code = "os.makedirs(local(uri('out')) + '/empty'); write(local(uri('out')) + '/BLESSED'); say()"
    see = python("print(sorted(os.listdir(local(taken('in')['uri']))))")
    pipeline = specs.spec(first=task(python(code)), second=task(see, artifacts={"in": "first"}))
    assert run(cluster, specs.text(pipeline)).tasks["second"].log == "['BLESSED']\n"


def test_inputs_come_without_a_type_and_with_what_the_store_makes_of_metadata(cluster):
    said = {"count": 3, "yes": True, "of": {"a": 1}, "list": [1], "s": "t"}
    first = python(f"say(name='mine', metadata={said!r})")
    pipeline = specs.spec(first=task(first), second=task(TELLS, artifacts={"in": "first"}))
    done = run(cluster, specs.text(pipeline))
    (artifact,) = told(done, "second")["inputs"]["artifacts"]["in"]["artifacts"]
    assert artifact["type"] == {"instanceSchema": ""}
    assert artifact["name"] == "1"
    assert artifact["uri"].startswith("minio://mlpipeline/v2/artifacts/tiny/")
    metadata = artifact["metadata"]
    assert metadata.pop("store_session_info")
    assert metadata == {
        "count": 3,
        "yes": 1,
        "of": {"struct": {"a": 1}},
        "list": {"list": [1]},
        "s": "t",
        "display_name": "out",
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('{"artifacts": {}, "unknown": 1}', 'no field named "unknown"'),
        ('{"artifacts": {"out": {"artifacts": [{"id": 1}]}}}', 'no field named "id"'),
        ("{", "Failed to load JSON"),
        ('{"artifacts": {"out": {"artifacts": [{"metadata": {"x": null}}]}}}', "unsupported value"),
        ('{"artifacts": {"out": {"artifacts": [{"uri": "minio://other/x"}]}}}', "bucket prefix"),
    ],
)
def test_the_output_file_is_read_to_the_letter(cluster, said, message):
    done = run(cluster, specs.text(specs.spec(first=task(python(f"output({said!r})")))))
    assert done.states == {"first": "failed"}
    assert message in done.failures


@pytest.mark.parametrize("new_layout", [True, False])
@pytest.mark.parametrize("logs", [True, False])
def test_settings_of_the_cluster(tmp_path, logs, new_layout):
    cluster = Cluster(tmp_path, logs=logs, new_layout=new_layout)
    done = run(cluster, specs.text(specs.spec(first=task(TELLS))))
    outputs = told(done, "first")["outputs"]
    assert ("executor-logs" in outputs["artifacts"]) == logs
    assert outputs["outputFile"].endswith("/output_metadata.json")
    assert ("/tmp/kfp_outputs/" in outputs["outputFile"]) != new_layout
    assert ("/minio/mlpipeline/v2/" in outputs["outputFile"]) == new_layout
    if logs:
        assert outputs["artifacts"]["executor-logs"]["artifacts"][0]["type"] == {
            "schemaTitle": "system.Artifact"
        }
        assert done.files(cluster, "first", "executor-logs").read_text() == done.tasks["first"].log


@pytest.mark.parametrize(("passed", "state"), [(1, "succeeded"), (0, "skipped")])
def test_a_condition_skips_and_what_depends_on_it_is_omitted(cluster, passed, state):
    after = "omitted" if state == "skipped" else state
    pipeline = specs.spec(
        first=task(python(f"say(metadata={{'passed': {passed}}})")),
        second=task(python(""), artifacts={"_first.out": "first"}, condition=PASSED),
        third=task(python(""), artifacts={"in": "second"}),
        other=task(python(""), artifacts={"in": "first"}),
    )
    states = run(cluster, specs.text(pipeline)).states
    assert states == {"first": "succeeded", "second": state, "third": after, "other": "succeeded"}


def test_a_condition_on_what_is_not_there_fails(cluster):
    pipeline = specs.spec(
        first=task(python("say()")),
        second=task(python(""), artifacts={"_first.out": "first"}, condition=PASSED),
    )
    done = run(cluster, specs.text(pipeline))
    assert done.states["second"] == "failed"
    assert "no such key: passed" in done.failures


@pytest.mark.parametrize(("retries", "state"), [(2, "succeeded"), (1, "failed")])
def test_retries_start_a_new_pod_each(cluster, tmp_path, retries, state):
    counter = tmp_path / "count"
    code = (
        f"write({str(tmp_path)!r} + '/count', (open({str(counter)!r}).read() if "
        f"os.path.exists({str(counter)!r}) else '') + 'x')\n"
        "assert not os.listdir('.')\nwrite('./left')\n"
        f"sys.exit(len(open({str(counter)!r}).read()) < 3)"
    )
    done = run(cluster, specs.text(specs.spec(first=task(python(code), retries=retries))))
    assert done.states == {"first": state}
    assert done.tasks["first"].attempts == len(counter.read_text()) == retries + 1


def test_after_a_failure_nothing_starts(cluster):
    pipeline = specs.spec(first=task(["false"]), second=task(python("")))
    assert run(cluster, specs.text(pipeline)).states == {"first": "failed", "second": "omitted"}


def test_placeholders(cluster):
    shell = 'echo "$0|$1|$2"'
    command = [
        "sh",
        "-c",
        shell,
        "{{$.inputs.parameters['n']}}",
        "{{$.inputs.artifacts['in'].uri}}",
    ]
    pipeline = specs.spec(
        first=task(WRITES),
        second=task(
            [*command, "{{$.inputs.artifacts['in'].value}}"],
            artifacts={"in": "first"},
            parameters={"n": 5.0},
            types={"n": "NUMBER_INTEGER"},
        ),
    )
    done = run(cluster, specs.text(pipeline))
    number, uri, literal = done.tasks["second"].log.strip().split("|")
    assert number == "5"
    assert uri == done.tasks["first"].artifacts["out"]["uri"]
    assert literal == "{{$.inputs.artifacts['in'].value}}"


def test_a_volume_is_seen_by_those_who_mount_it_alone(tmp_path):
    claim, path = tmp_path / "claim", tmp_path / "mnt" / "shared"
    claim.mkdir()
    cluster = Cluster(tmp_path / "cluster", claims={"shared": claim})
    append = python(f"open({str(path)!r} + '/file', 'a').write('x')")
    mount = {"pvcMount": [{"constant": "shared", "mountPath": str(path)}]}
    pipeline = specs.spec(
        first=task(append), second=task(["test", "!", "-e", str(path)]), third=task(append)
    )
    done = run(cluster, specs.text(pipeline, first=mount, third=mount))
    assert set(done.states.values()) == {"succeeded"}, done.failures
    assert (claim / "file").read_text() == "xx"
    assert not path.exists()
    assert run(cluster, specs.text(pipeline, third=mount)).states["first"] == "failed"


def test_a_claim_that_is_not_there(cluster, tmp_path):
    mount = {"pvcMount": [{"constant": "shared", "mountPath": str(tmp_path / "x")}]}
    done = run(cluster, specs.text(specs.spec(first=task(["true"])), first=mount))
    assert "persistentvolumeclaim 'shared' not found" in done.failures


def test_the_environment_is_the_images_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("FROM_HERE", "1")
    entry = {
        "secretNameParameter": {"runtimeValue": {"constant": "keys"}},
        "keyToEnv": [{"secretKey": "token", "envVar": "TOKEN"}],
    }
    cluster = Cluster(tmp_path, secrets={"keys": {"token": "s"}})
    code = python("print([os.environ.get(k) for k in ('FROM_HERE', 'OWN', 'TOKEN')])")
    pipeline = specs.spec(first=task(code, env={"OWN": "o"}))
    done = run(cluster, specs.text(pipeline, first={"secretAsEnv": [entry]}))
    assert done.tasks["first"].log == "[None, 'o', 's']\n"
    done = run(Cluster(tmp_path), specs.text(pipeline, first={"secretAsEnv": [entry]}))
    assert "no key 'token' in secret 'keys'" in done.failures


def test_parameters_of_the_run(cluster):
    inputs = {
        "rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5},
        "name": {"parameterType": "STRING"},
    }
    pipeline = specs.spec(inputs, first=task(TELLS, parameters={"a": "$rate", "b": "$name"}))
    done = run(cluster, specs.text(pipeline), {"name": "n"})
    assert told(done, "first")["inputs"]["parameterValues"] == {"a": "0.5", "b": "n"}
    for given, message in [
        ({}, "name is not optional"),
        ({"name": 1}, "requires type STRING"),
        ({"name": "n", "rate": "0.5"}, "requires type NUMBER_DOUBLE"),
        ({"name": "n", "rate": True}, "requires type NUMBER_DOUBLE"),
        ({"name": "n", "other": 1}, "other provided is not required"),
    ]:
        with pytest.raises(api_check.RefusedError, match=message):
            run(cluster, specs.text(pipeline), given)


def test_a_parameter_that_the_pipeline_does_not_have(cluster):
    done = run(cluster, specs.text(specs.spec(first=task(TELLS, parameters={"a": "$rate"}))))
    assert "parent DAG does not have input parameter rate" in done.failures


def test_only_some_tasks_and_the_rest_as_an_earlier_run_left_it(cluster):
    pipeline = specs.spec(first=task(WRITES), second=task(READS, artifacts={"in": "first"}))
    text = specs.text(pipeline)
    first = run(cluster, text, only=["first"])
    assert first.states == {"first": "succeeded"}
    again = run(cluster, text, only=["second"], given=first)
    assert again.tasks["first"] is first.tasks["first"]
    assert again.tasks["second"].log == "read x\n"
