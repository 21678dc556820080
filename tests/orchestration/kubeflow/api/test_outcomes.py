"""What became of the model, from the logs of gates and pushers to one line and an exit status."""

import copy
import time

import pytest

from orchestration.kubeflow.api import pod_logs as reading
from orchestration.kubeflow.api.outcomes import Outcomes, telling_nodes
from orchestration.kubeflow.api.pod_names import fnv_1a
from orchestration.kubeflow.api.tasks import Task
from orchestration.kubeflow.api.transport import Api
from tests.orchestration.kubeflow import gated_package, toy_package
from tests.orchestration.kubeflow.gated_package import PUSHED, SUCCEEDED, logs
from tests.orchestration.kubeflow.toy_package import detail, look

UNKNOWN = "succeeded: every node succeeded; Pusher's log says whether its model was pushed"
LOGS = "/apis/v1alpha1/.*|/k8s/pod/logs"
REFUSED_BY_QUALITY = {
    "DataGate": "data gate: passed",
    "Evaluator": "quality gate: refused: auc 0.910 < 0.930",
    "ServingGate": "serving gate: passed",
    "Pusher": "not pushed: the quality gate refused",
    "MobilePusher": "not pushed: the quality gate refused",
}
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nOSError: disk full'
REFUSED_BY_SERVING = {
    "Evaluator": "quality gate: passed",
    "ServingGate": "serving gate: refused: p99 ms 12.0 > 5.0",
    "Pusher": "not pushed: the serving gate refused",
    "MobilePusher": "pushed as version 17",
}


@pytest.fixture
def gated(runner, server, file):
    """Submits the gated pipeline to a cluster whose pods log something."""
    file.write_text(gated_package.text())
    server.script = [SUCCEEDED]

    def submit(lines, **how):
        server.logs = logs(lines, **how)
        return runner("submit")

    return submit


def end(done):
    return done.status, done.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("lines", "status", "line"),
    [
        (PUSHED, 0, "pushed as version 17, and on mobile"),
        (
            {**PUSHED, "Pusher": "pushed as version 17, which is stable now"},
            0,
            "pushed as version 17, which is stable now, and on mobile",
        ),
        (
            {**PUSHED, "Pusher": "pushed as version 17; not made stable: no answer"},
            0,
            "serving: pushed as version 17; not made stable: no answer; "
            "mobile: pushed as version 17",
        ),
        (
            dict.fromkeys(PUSHED, "up to date: version 9 is this very model"),
            0,
            "up to date: version 9 is this very model, and on mobile",
        ),
        (
            {**PUSHED, "Pusher": "up to date: version 9 is this very model"},
            0,
            "serving: up to date: version 9 is this very model; mobile: pushed as version 17",
        ),
        (REFUSED_BY_QUALITY, 1, "not pushed: quality gate refused: auc 0.910 < 0.930"),
        (
            REFUSED_BY_SERVING,
            1,
            "serving: not pushed: serving gate refused: p99 ms 12.0 > 5.0; "
            "mobile: pushed as version 17",
        ),
        (
            {
                "TFLiteGate": "tflite gate: refused: size MB 2.1 > 2.0",
                "Pusher": "pushed as version 17",
                "MobilePusher": "not pushed: the tflite gate refused",
            },
            1,
            "serving: pushed as version 17; "
            "mobile: not pushed: tflite gate refused: size MB 2.1 > 2.0",
        ),
        # Logs of some pods are gone.
        (
            {"Pusher": "not pushed: the quality gate refused"},
            1,
            "serving: not pushed: quality gate refused; mobile: not known",
        ),
        (
            {"Evaluator": "quality gate: refused: auc 0.910 < 0.930"},
            1,
            "not pushed: quality gate refused: auc 0.910 < 0.930",
        ),
        (
            {"TFLiteGate": "tflite gate: refused: size MB 2.1 > 2.0"},
            1,
            "serving: not known; mobile: not pushed: tflite gate refused: size MB 2.1 > 2.0",
        ),
        ({"Pusher": "pushed as version 17"}, 0, "serving: pushed as version 17; mobile: not known"),
        (
            {"Pusher": "not pushed: the Pusher found no blessing"},
            1,
            "serving: not pushed: the Pusher found no blessing; mobile: not known",
        ),
    ],
)
@pytest.mark.parametrize("template", ["", "system-container-impl-"])
def test_the_end_of_a_run_that_kubeflow_calls_a_success(gated, lines, status, line, template):
    assert end(gated(lines, template=template)) == (status, f"succeeded: {line}")


@pytest.mark.parametrize("lines", [{}, {"Evaluator": "quality gate: passed"}])
def test_where_no_pusher_s_log_is_left_nothing_is_claimed(gated, lines):
    assert end(gated(lines)) == (0, UNKNOWN)


def test_lines_without_the_mark_are_no_lines(gated):
    assert end(gated(REFUSED_BY_QUALITY, mark="")) == (0, UNKNOWN)


def test_submit_tells_a_line_with_the_end_of_its_node(gated):
    told = [line.split(maxsplit=1) for line in gated(REFUSED_BY_QUALITY).out.splitlines()]
    at = next(n for n, words in enumerate(told) if words[0] == "Evaluator")
    assert told[at + 1] == ["quality", "gate: refused: auc 0.910 < 0.930"]
    assert told[at + 2][0] == "ServingGate"


def test_each_log_is_read_once(gated, server):
    gated({node: PUSHED.get(node, "data gate: passed") for node in gated_package.NODES})
    asked = [request.path.split("/")[-2] for request in server.seen("GET", LOGS)]
    # Data gate, evaluator, the other gates and both pushers: neither ExampleGen nor Trainer.
    found = [pod for pod in asked if pod in server.logs]
    assert found == [f"toy-x-{n}" for n in (1, 3, 4, 5, 6, 7)]
    assert len(asked) == 2 * len(found)


def test_status_tells_a_line_below_its_node(gated, runner):
    gated(REFUSED_BY_SERVING)
    done = runner("status", "run-2", pipeline=False)
    lines = done.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  ServingGate "))
    assert lines[at + 1] == " " * 23 + "serving gate: refused: p99 ms 12.0 > 5.0"
    assert end(done) == (
        1,
        "succeeded: serving: not pushed: serving gate refused: p99 ms 12.0 > 5.0; "
        "mobile: pushed as version 17",
    )


def test_a_pipeline_without_a_phone_speaks_of_serving_alone(runner, server, file):
    spec = {**toy_package.SPEC["components"]}
    outputs = {"artifacts": {"pushed_model": toy_package.VERDICT}}
    spec["Pusher"] = {**spec["Pusher"], "outputDefinitions": outputs}
    file.write_text(toy_package.text(components=spec))
    pusher = {**detail("Pusher", "SUCCEEDED"), "child_tasks": [{"pod_name": "toy-x-1"}]}
    server.script = [look("SUCCEEDED", *toy_package.DONE[:-3], pusher)]
    server.logs = {"toy-x-1": "[outcome] pushed as version 17\n"}
    assert end(runner("submit")) == (0, "succeeded: pushed as version 17")


def test_a_refusal_by_the_data_gate_says_why(gated, runner, server):
    server.script = [
        look(
            "SUCCEEDED",
            *gated_package.done(gated_package.NODES[:2]),
            detail("Trainer", "SKIPPED"),
        )
    ]
    said = gated({"DataGate": "data gate: refused: rows 80 < 100"})
    assert end(said) == (
        1,
        "succeeded: not pushed: data gate refused: rows 80 < 100; 6 nodes behind it did not run",
    )
    server.logs = {}
    assert end(runner("status", "run-2")) == (
        1,
        "succeeded: DataGate refused, and 6 nodes behind it did not run; its verdict is in its log",
    )


def test_a_run_that_failed_says_what_was_pushed_all_the_same(gated, server):
    parts = gated_package.done(gated_package.NODES[:-1])
    broken = {**detail("MobilePusher", "FAILED"), "child_tasks": [{"pod_name": "toy-x-7"}]}
    server.script = [look("FAILED", *parts, broken)]
    said = gated({"Pusher": "pushed as version 17", "MobilePusher": f"x\n{TRACEBACK}"})
    assert end(said) == (
        2,
        "failed: MobilePusher failed: OSError: disk full; serving: pushed as version 17",
    )


# --- where logs cannot be read ---


def test_where_there_is_no_way_to_logs_few_requests_find_out(gated, server):
    server.has_logs = False
    assert end(gated(REFUSED_BY_QUALITY)) == (0, UNKNOWN)
    assert len(server.seen("GET", LOGS)) <= 1 + 2 * 2 * 6  # six nodes, two names each, twice


def test_behind_the_ui_its_own_way_to_logs_is_found_once(gated, server):
    server.is_ui = True
    line = "not pushed: quality gate refused: auc 0.910 < 0.930"
    assert end(gated(REFUSED_BY_QUALITY)) == (1, f"succeeded: {line}")
    assert len(server.seen("GET", "/apis/v1alpha1/.*")) == 1
    asked = [request.query for request in server.seen("GET", "/k8s/pod/logs")]
    assert {"podname": "toy-x-7", "runid": "run-2"} in asked


@pytest.mark.parametrize(
    ("asked", "experiment", "told"),
    [
        ("ada", "", "ada"),  # it is not known which
        ("ada", "gone", "ada"),
        ("bob", "of-ada", "ada"),
        ("", "of-ada", "ada"),
        ("ada", "of-all", None),  # a single user has no namespace, whatever is asked for
        ("ada", "of-none", None),
    ],
)
def test_the_ui_is_told_the_namespace_of_the_pods(server, asked, experiment, told):
    server.is_ui, server.namespace = True, told or ""
    server.runs["run"] = {}
    server.logs = {"a b": "text"}
    namespaces = {"of-ada": "ada", "of-all": "", "of-none": "-"}
    server.experiments = {
        name: {"experiment_id": name, "namespace": one} for name, one in namespaces.items()
    }
    logs_of_run = reading.PodLogs(Api(server.host, namespace=asked), "run", experiment)
    assert [logs_of_run.read("a b"), logs_of_run.read("gone")] == ["text", ""]
    query = server.seen("GET", "/k8s/pod/logs")[0].query
    namespace = {"podnamespace": told} if told else {}
    assert query == {"podname": "a b", "runid": "run", **namespace}
    assert len(server.seen("GET", "/experiments/.*")) == bool(experiment)


@pytest.mark.parametrize(("of_cluster", "given"), [("ada", "ada"), ("", "ada"), ("ada", "")])
def test_status_behind_the_ui_reads_logs_in_the_namespace_of_the_run(
    gated, server, runner, of_cluster, given
):
    server.is_ui, server.namespace = True, of_cluster
    server.logs = logs(REFUSED_BY_QUALITY)
    namespace = ["--namespace", "ada"]
    runner("submit", *namespace)
    told = runner("status", "run-2", *(namespace if given else []), pipeline=False)
    assert end(told) == (1, "succeeded: not pushed: quality gate refused: auc 0.910 < 0.930")


@pytest.mark.parametrize("kind", ["html", "login", "reset", "401", "403", "500", "503"])
def test_an_answer_that_is_no_log_changes_nothing(gated, server, kind):
    server.fail("GET", LOGS, kind, times=100, message="no")
    done = gated(REFUSED_BY_QUALITY)
    assert (end(done), done.err) == ((0, UNKNOWN), "")


def test_a_server_that_hangs_costs_little_time(gated, server, monkeypatch):
    monkeypatch.setattr(reading, "SECONDS", 0.3)
    server.fail("GET", LOGS, "slow", times=100, seconds=2.0)
    began = time.monotonic()
    assert end(gated(REFUSED_BY_QUALITY)) == (0, UNKNOWN)
    assert time.monotonic() - began < 2.0
    assert len(server.seen("GET", LOGS)) == 1


def test_a_run_s_logs_together_have_their_time(gated, server, monkeypatch):
    monkeypatch.setattr(reading, "PATIENCE", 1e-9)
    assert end(gated(REFUSED_BY_QUALITY)) == (0, UNKNOWN)
    assert len(server.seen("GET", LOGS)) <= 1


@pytest.mark.parametrize(("more", "known"), [(0, True), (1, False), (100, False)])
def test_of_a_huge_log_a_part_is_read(gated, server, api, monkeypatch, more, known):
    line = "[outcome] pushed as version 17\n"
    monkeypatch.setattr(reading, "MOST", 200_000)
    server.runs["run"] = {}
    filler = "x" * (200_000 - len(line) - 1 + more)
    server.logs = {"toy-x-6": f"{filler}\n{line}", "toy-x-7": "y\n" * 1_000_000}
    said = Outcomes(api, "run", gated_package.SPEC).every(
        SUCCEEDED, [Task("Pusher", "SUCCEEDED"), Task("MobilePusher", "SUCCEEDED")]
    )
    assert said == ({"Pusher": ("pushed as version 17",)} if known else {})


def test_garbage_in_a_log_is_not_shown(gated, server):
    server.script = [SUCCEEDED]
    done = gated({"Pusher": "pushed as version 17\x1b[2J\x07 \u2028 \ufffd" + "z" * 2000})
    shown = next(line for line in done.out.splitlines() if "pushed as" in line)
    assert shown.isprintable()
    assert len(shown.strip()) == 600


@pytest.mark.parametrize("state", ["SKIPPED", "NOT RUN", "RUNNING", "FAILED"])
def test_only_what_ran_to_its_end_is_asked(server, api, state):
    server.runs["run"] = {}
    server.logs = logs(PUSHED)
    outcomes = Outcomes(api, "run", gated_package.SPEC)
    assert outcomes.of(SUCCEEDED, Task("Pusher", "SUCCEEDED")) == ("pushed as version 17",)
    before = len(server.requests)
    assert outcomes.of(SUCCEEDED, Task("MobilePusher", state)) == ()
    assert len(server.requests) == before


def test_a_log_that_was_not_there_yet_is_asked_for_again(server, api):
    server.runs["run"] = {}
    outcomes = Outcomes(api, "run", gated_package.SPEC)
    pusher = Task("Pusher", "SUCCEEDED")
    assert outcomes.of(SUCCEEDED, pusher) == ()
    server.logs = logs(PUSHED)
    assert outcomes.of(SUCCEEDED, pusher) == ("pushed as version 17",)


# --- which nodes, and which pods ---


def test_gates_and_pushers_are_told_by_their_outputs():
    assert telling_nodes(gated_package.SPEC) == [
        "DataGate",
        "Evaluator",
        "TFLiteGate",
        "MobilePusher",
        "ServingGate",
        "Pusher",
    ]
    assert telling_nodes({}) == []


def test_a_pod_that_was_tried_again_is_found(server, api):
    spec = copy.deepcopy(gated_package.SPEC)
    spec["root"]["dag"]["tasks"]["Pusher"]["retryPolicy"] = {"maxRetryCount": 2}
    part = f"taxi-x-{fnv_1a('taxi-x.root.Pusher.executor')}"
    pusher = {**detail("Pusher", "SUCCEEDED"), "child_tasks": [{"pod_name": part}]}
    last = fnv_1a("taxi-x.root.Pusher.executor(1)")
    server.runs["run"] = {}
    server.logs = {f"taxi-x-retry-system-container-impl-{last}": "[outcome] pushed as version 17\n"}
    said = Outcomes(api, "run", spec).of(look("SUCCEEDED", pusher), Task("Pusher", "SUCCEEDED"))
    assert said == ("pushed as version 17",)


# --- why a node failed ---


def test_a_failed_node_is_explained_by_its_pod_and_read_once(server, api):
    server.runs["run"] = {}
    server.logs = toy_package.KILLED
    outcomes = Outcomes(api, "run", toy_package.SPEC)
    failed = Task("Trainer", "FAILED", 30.0)
    for _ in range(2):
        assert outcomes.explained(toy_package.FAILED, failed).error == toy_package.WHY
    assert len(server.seen("GET", LOGS)) == 1
    succeeded = Task("DataGate", "SUCCEEDED", 30.0)
    assert outcomes.explained(toy_package.FAILED, succeeded) == succeeded
    assert len(server.seen("GET", LOGS)) == 1


@pytest.mark.parametrize("template", ["", "system-container-driver-"])
def test_a_driver_that_failed_explains_its_node(server, api, template):
    run = look("FAILED", *toy_package.GATED, detail("Trainer-driver", "FAILED"))
    digest = fnv_1a("toy-x.root.Trainer-driver")
    line = "F0301 02:02:59.000000       1 main.go:76] KFP driver: no such claim\n"
    server.runs["run"] = {}
    server.logs = {f"toy-x-{template}{digest}": line}
    outcomes = Outcomes(api, "run", {})
    told = outcomes.explained(run, Task("Trainer", "FAILED"))
    assert told.error == "KFP driver: no such claim"


def test_where_no_log_is_left_an_error_is_not_known(server, api):
    server.runs["run"] = {}
    outcomes = Outcomes(api, "run", toy_package.SPEC)
    for run in (toy_package.FAILED, look("FAILED", detail("Trainer-driver", "FAILED"))):
        assert outcomes.explained(run, Task("Trainer", "FAILED")).error == ""
    server.logs = toy_package.KILLED
    assert outcomes.explained(toy_package.FAILED, Task("Trainer", "FAILED")).error
