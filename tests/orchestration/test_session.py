"""A run whose nodes only pretend: what is told of it, in which order, and what came of it."""

import time
from types import SimpleNamespace

import pytest

from components.verdict import Verdict, judge
from models.origin import asked_for_by
from orchestration.local.console import Console
from orchestration.local.execute import Execution
from orchestration.local.selection import WHOLE, Selection
from orchestration.local.session import Session
from orchestration.local.workspace import Workspace
from orchestration.node_keys import NodeKey
from orchestration.plan import Plan, make_plan
from orchestration.results import Release
from pipeline.stage_names import stage_names
from serving.releases import rollout
from serving.releases.options import By, Options
from serving.releases.store import STATE_FILE
from usecase.paths import PROJECT_ROOT

UPSTREAM = {
    "ExampleValidator": ["StatisticsGen"],
    "StatisticsGen": ["CsvExampleGen"],
    "DataGate": ["ExampleValidator"],
    "LatestPushedModel": ["DataGate"],
    "Transform": ["DataGate"],
    "Trainer": ["Transform"],
    "Evaluator": ["Trainer", "LatestPushedModel"],
    "ServingGate": ["Trainer"],
    "Pusher": ["Evaluator", "ServingGate"],
    "TFLiteExporter": ["Trainer", "Transform"],
    "TFLiteGate": ["TFLiteExporter", "Trainer"],
    "MobilePusher": ["TFLiteGate", "Evaluator"],
}


class Listener(Console):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__(lambda: None)
        self.said = []

    def node_started(self, node_id):
        self.said.append(f"{node_id} starts")

    def node_finished(self, result):
        self.said.append(f"{result.id} {result.state}")


class World:
    """An output folder, and nodes that do what the test says."""

    def __init__(self, folder, monkeypatch):
        self.plan = make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml"))
        self.workspace = Workspace(folder, "taxi")
        self.console = Listener()
        self.works = {}
        self.taken_over = {}
        # As TFX orders them: by depth, then by name.
        self.order = sorted(stage_names("csv", mobile=True), key=lambda n: (_depth(n), n))
        monkeypatch.setattr(Session, "_prepare", lambda session: (self, self._keys()))
        monkeypatch.setattr(
            "orchestration.local.tfx_imports.fact", lambda execution: execution.node_id.lower()
        )

    def _keys(self):
        return {node: NodeKey({}, {}, "lock") for node in self.order}

    def nodes(self):
        for name in self.order:
            info = SimpleNamespace(id=name)
            yield SimpleNamespace(node_info=info, upstream_nodes=UPSTREAM.get(name, []))

    def run(self, node):
        name = node.node_info.id
        return self.works.get(name, lambda: Execution(name, "ran"))()

    def push(self, node_id, name, version, **told):
        """Makes a Pusher push, or find the model there already."""

        def work():
            (self.workspace.destination(name) / str(version)).mkdir(parents=True, exist_ok=True)
            return Execution(node_id, "ran", output_properties=told or {"pushed": 1})

        self.works[node_id] = work

    def gate(self, node_id, key, *results):
        self.works[node_id] = self.judged(node_id, key, *results)

    def judged(self, node_id, key, *results):
        """Returns the work of a gate that comes to these results."""
        folder = self.workspace.root / node_id
        Verdict(results[0].name, results).write(folder)
        done = Execution(node_id, "ran", outputs={key: [str(folder)]})
        return lambda: done

    def go(self, selection=WHOLE, **going_on):
        run_id, _ = self.workspace.new_run()
        session = Session(
            *(self.plan, self.workspace, self.console, run_id, "key", time.monotonic()),
            selection,
            **going_on,
        )
        session.parts = selection.parts({node: UPSTREAM.get(node, []) for node in self.order})
        for node in session.parts.left:
            self.works[node] = lambda node=node: Execution(node, "left")
        self.works |= self.taken_over
        return session.run()


def _depth(name):
    return 1 + max(map(_depth, UPSTREAM.get(name, [])), default=0)


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(tmp_path, monkeypatch)
    made.push("Pusher", "serving", 7)
    made.push("MobilePusher", "mobile", 7)
    return made


def states(record):
    return {node.id: node.state for node in record.result.nodes}


def test_nodes_are_told_one_at_a_time_in_the_order_of_their_stages(world):
    record = world.go()
    order = list(stage_names("csv", mobile=True))
    assert [node.id for node in record.result.nodes] == order
    assert world.console.said == [f"{n} {what}" for n in order for what in ("starts", "ran")]


@pytest.mark.parametrize(
    ("selection", "is_anew"),
    [
        (WHOLE, False),
        (Selection(anew=True), True),
        (Selection(first="Transform"), True),
        (Selection(only="Trainer"), True),
        (Selection(first="Evaluator"), False),
    ],
)
def test_a_training_that_is_asked_for_anew_takes_no_older_checkpoint(world, selection, is_anew):
    seen = []
    world.works["Trainer"] = lambda: seen.append(asked_for_by()) or Execution("Trainer", "ran")
    world.works["Evaluator"] = lambda: Execution("Evaluator", "ran")
    run_id = world.go(selection).result.run_id
    world.go(selection, goes_on=(run_id,), origin="the first")
    assert seen == ([run_id, "the first"] if is_anew else [None, None])
    assert asked_for_by() is None


class Selecting:
    """An executor that knows what earlier runs completed, and keeps what it is told to force."""

    def __init__(self, completed):
        self.forced, self._completed = None, completed

    def upstream(self):
        return {node: UPSTREAM.get(node, []) for node in ("DataGate", "Transform", "Trainer")}

    def completed(self, run_id):
        return frozenset(self._completed[run_id])

    def force(self, nodes):
        self.forced = nodes

    def leave_out(self, nodes):
        assert not nodes


@pytest.mark.parametrize(
    ("goes_on", "forced"),
    [
        ((), {"DataGate", "Transform", "Trainer"}),
        (("second",), {"DataGate", "Transform", "Trainer"}),
        (("first", "second"), {"Trainer"}),
        (("first", "second", "third"), {"Trainer"}),
    ],
)
def test_what_any_of_the_interrupted_runs_did_is_not_done_anew(world, goes_on, forced):
    """The second was killed before it came to anything, the third behind its first node."""
    executor = Selecting({"first": ["DataGate", "Transform"], "second": [], "third": ["DataGate"]})
    session = Session(
        *(world.plan, world.workspace, world.console, "last", "key", 0.0),
        Selection(anew=True),
        goes_on,
    )
    assert session._select(executor).forced == forced == executor.forced


def test_both_destinations_are_on_record(world):
    record = world.go()
    result = record.result
    assert (result.verdict, result.headline) == ("pushed", "version 7 serves now, and is on mobile")
    assert [(p.name, p.pushed, p.version, p.refused) for p in result.destinations] == [
        ("serving", True, 7, ""),
        ("mobile", True, 7, ""),
    ]
    assert result.serving_model == str(world.workspace.serving / "7")
    assert result.mobile_model == str(world.workspace.mobile / "7" / "model.tflite")
    assert record.pushed_digest.startswith("serving/7-")
    assert " mobile/7-" in record.pushed_digest


def release(world, *versions):
    for version in versions:
        model = world.workspace.serving / str(version)
        model.mkdir(parents=True, exist_ok=True)
        (model / "saved_model.pb").touch()
        rollout.promote(world.workspace.serving, version, By("me"), Options(is_offline=True))


def test_what_is_stable_is_told_beside_what_was_pushed(world):
    release(world, 5, 6)
    result = world.go().result
    assert result.headline == "version 7 waits, and is on mobile; stable is 6"
    assert (result.verdict, result.release) == ("pushed", Release(6))
    assert (result.release_problem, result.told_warnings) == ("", ())


def test_what_became_stable_is_told(world):
    world.push("Pusher", "serving", 7, pushed=1, promoted=1)
    release(world, 7)
    assert world.go().result.headline == "version 7 is stable now, and is on mobile"


def test_what_did_not_become_stable_fails_no_run(world):
    release(world, 6)
    why = "http://localhost:8501 cannot load version 7"
    world.push("Pusher", "serving", 7, pushed=1, pushed_version="7", not_promoted=why)
    result = world.go().result
    assert (result.verdict, result.exit_code, result.error) == ("pushed", 0, "")
    assert result.headline == "version 7 waits, and is on mobile; stable is 6"
    assert result.told_warnings == (f"promotion of version 7: {why}",)


def test_a_damaged_release_fails_no_run(world):
    world.workspace.serving.mkdir(parents=True)
    (world.workspace.serving / STATE_FILE).write_text("{")
    result = world.go().result
    assert (result.verdict, result.headline) == ("pushed", "version 7 serves now, and is on mobile")
    assert result.release is None
    (warning,) = result.told_warnings
    assert str(world.workspace.serving / STATE_FILE) in warning
    assert "\n" not in warning


def test_where_no_mobile_model_is_wanted_there_is_but_one_destination(world, monkeypatch):
    monkeypatch.setattr(Plan, "mobile", False)
    monkeypatch.setattr(Plan, "warnings", ("no mobile model: because",))
    world.order = list(stage_names("csv"))
    (world.workspace.mobile / "3").mkdir(parents=True)  # of a time when one was
    record = world.go()
    result = record.result
    assert [node.id for node in result.nodes] == world.order
    assert (result.verdict, result.headline) == ("pushed", "version 7 serves now")
    assert [place.name for place in result.destinations] == ["serving"]
    assert result.mobile_model is None
    assert result.warnings == ("no mobile model: because",)
    assert "mobile" not in record.pushed_digest


def test_a_gate_that_refuses_the_mobile_model_alone(world):
    far = judge("tflite", "float32 difference", 0.02, "max", 1e-5)
    slow = judge("tflite", "float32 latency ms", 9.0, "max", 5.0, binding=False)
    world.gate("TFLiteGate", "verdict", slow, far)
    world.works["MobilePusher"] = lambda: Execution("MobilePusher", "ran")
    result = world.go().result
    assert result.verdict == "partly_pushed"
    assert result.headline == (
        "serving: version 7; mobile refused: tflite gate: float32 difference 0.020 > 1e-05"
    )
    assert {node.id for node in result.nodes if node.refused} == {"TFLiteGate"}
    assert result.mobile_model is None
    assert result.gates == (slow, far)


def test_a_gate_that_refuses_the_served_model_alone(world):
    why = "no answer over gRPC\nlog line"
    world.gate(
        "ServingGate", "verdict", judge("serving", "grpc answers", None, "max", 0, detail=why)
    )
    world.works["Pusher"] = lambda: Execution("Pusher", "ran")
    result = world.go().result
    assert result.verdict == "partly_pushed"
    assert result.headline == (
        "mobile: version 7; serving refused: serving gate: no answer over gRPC"
    )
    assert {node.id for node in result.nodes if node.refused} == {"ServingGate"}
    assert [gate.detail for gate in result.gates] == [why]


def test_a_gate_that_only_warns_has_not_refused(world):
    world.gate(
        "TFLiteGate", "verdict", judge("tflite", "float32 latency ms", 9, "max", 5, binding=False)
    )
    result = world.go().result
    assert result.verdict == "pushed"
    assert not any(node.refused for node in result.nodes)


def crash(message):
    def work():
        raise RuntimeError(message)

    return work


def test_an_exporter_that_crashes_does_not_keep_a_blessed_model_from_serving(world):
    world.works["TFLiteExporter"] = crash("the machine had too little memory")
    record = world.go()
    result = record.result
    got = states(record)
    assert got["TFLiteExporter"] == "failed"
    assert (got["Evaluator"], got["Pusher"]) == ("ran", "ran")
    assert (got["TFLiteGate"], got["MobilePusher"]) == ("skipped", "skipped")
    assert {n.reason for n in result.nodes if n.state == "skipped"} == {"a node before it failed"}
    assert (result.verdict, result.exit_code) == ("failed", 2)
    error = "TFLiteExporter: RuntimeError: the machine had too little memory"
    assert result.error == error
    assert result.headline == f"{error}; serving: version 7 pushed"
    assert [place.pushed for place in result.destinations] == [True, False]


def test_an_evaluator_that_crashes_loses_nothing_of_what_runs_beside_it(world):
    world.works["Evaluator"] = crash("no rows")
    record = world.go()
    got = states(record)
    assert {n for n, state in got.items() if state == "failed"} == {"Evaluator"}
    assert {n for n, state in got.items() if state == "skipped"} == {"Pusher", "MobilePusher"}
    assert record.result.headline == "Evaluator: RuntimeError: no rows"
    assert {"TFLiteExporter", "TFLiteGate"} <= set(record.ingredients)


def test_all_that_went_wrong_is_told(world):
    world.works |= {"Evaluator": crash("no rows"), "TFLiteExporter": crash("no memory")}
    result = world.go().result
    assert result.headline == "Evaluator: RuntimeError: no rows"
    assert result.error.splitlines() == [
        "Evaluator: RuntimeError: no rows",
        "TFLiteExporter: RuntimeError: no memory",
    ]


def test_what_a_gate_keeps_from_running_is_told_apart(world):
    bad = judge("data", "anomalies", 1, "max", 0, detail="age: gone")
    world.gate("DataGate", "verdict", bad)
    after = [n for n in UPSTREAM if n not in ("StatisticsGen", "ExampleValidator", "DataGate")]
    for node in after:
        world.works[node] = lambda node=node: Execution(node, "skipped")
    result = world.go().result
    skipped = {n.id: n.reason for n in result.nodes if n.state == "skipped"}
    assert skipped == dict.fromkeys(after, "a gate before it refused")
    assert (result.verdict, result.headline) == ("not_pushed", "data gate refused: age: gone")
    assert [place.refused for place in result.destinations] == ["data gate: age: gone"] * 2


def test_a_run_that_was_to_stop_says_where_and_pushes_nothing(world):
    result = world.go(Selection(last="Trainer", stages=world.plan.stages)).result
    assert (result.verdict, result.exit_code) == ("stopped", 0)
    assert result.headline == "stopped behind train, as asked: nothing was pushed"
    told = {node.id: (node.state, node.reason) for node in result.nodes}
    assert told["Trainer"] == ("ran", "first run")
    left = {node for node, (_, reason) in told.items() if reason == "not asked for"}
    needed = {"CsvExampleGen", "StatisticsGen", "ExampleValidator", "DataGate", "Transform"}
    assert left == told.keys() - needed - {"Trainer"}
    assert {told[node][0] for node in left} == {"skipped"}
    assert [(p.name, p.pushed, p.refused) for p in result.destinations] == [
        ("serving", False, ""),
        ("mobile", False, ""),
    ]


def test_a_gate_refuses_in_a_part_as_in_the_whole(world):
    bad = judge("data", "anomalies", 1, "max", 0, detail="age: gone")
    world.gate("DataGate", "verdict", bad)
    for node in ("Transform", "Trainer"):
        world.works[node] = lambda node=node: Execution(node, "skipped")
    result = world.go(Selection(last="Trainer", stages=world.plan.stages)).result
    assert (result.verdict, result.headline) == ("not_pushed", "data gate refused: age: gone")


def test_what_a_gate_beside_the_way_said_is_not_of_this_run(world):
    refuses = judge("quality", "auc", 0.8, "min", 0.9)
    passes = judge("serving", "answers", 1, "min", 1)
    selection = Selection(only="ServingGate", stages=world.plan.stages)
    world.works["ServingGate"] = world.judged("ServingGate", "verdict", passes)
    world.taken_over = {"Evaluator": world.judged("Evaluator", "evaluation", refuses)}
    result = world.go(selection).result
    assert (result.verdict, result.exit_code) == ("stopped", 0)
    assert result.gates == (passes,)
    assert not any(node.refused for node in result.nodes)
    world.taken_over = {"DataGate": world.judged("DataGate", "verdict", refuses)}
    assert world.go(selection).result.verdict == "not_pushed"


def test_phones_alone_are_nothing_to_what_serves(world):
    release(world, 6)
    result = world.go(Selection(last="MobilePusher", stages=world.plan.stages)).result
    assert (result.verdict, result.headline) == ("pushed", "version 7 is on mobile now")


def test_one_destination_alone_may_be_asked_for(world):
    result = world.go(Selection(last="Pusher", stages=world.plan.stages)).result
    assert (result.verdict, result.headline) == ("pushed", "version 7 serves now")
    assert [(p.name, p.pushed) for p in result.destinations] == [("serving", True)]


def test_what_was_asked_for_says_so(world):
    record = world.go(Selection(first="Trainer", stages=world.plan.stages))
    reasons = {node.id: node.reason for node in record.result.nodes}
    assert reasons["Transform"] == "first run"
    assert reasons["Trainer"] == reasons["Evaluator"] == reasons["Pusher"] == "asked for"
    assert record.result.verdict == "pushed"
