"""What a node's cache key holds beside its inputs: exactly the code and files that it uses."""

from pathlib import Path

import pytest
import yaml

from orchestration import fingerprints
from orchestration.node_keys import NodeKey, add_keys
from orchestration.plan import make_plan
from pipeline.graph import create_nodes
from pipeline.places import Places
from pipeline.stage_names import BASELINE_STATISTICS, DRIFT, SPAN_DRIFT, stage_names
from usecase.paths import PROJECT_ROOT

STAGES = stage_names("csv", mobile=True, spans=True)
SERVING = "ServingGate"
FOR_PHONES = {"TFLiteExporter", "TFLiteGate"}
DRIFTS = {DRIFT, SPAN_DRIFT}
BASELINES = {"LatestPushedModel", BASELINE_STATISTICS}
WITH_LABEL = {"DataGate", "Transform", "Trainer", SERVING, *FOR_PHONES}


@pytest.fixture(scope="module")
def plan():
    return make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml"))


@pytest.fixture
def flags(plan, tmp_path):
    """Returns the flags of every executor, as TFX takes them into its key."""

    def compute(declaration=plan.declaration):
        out = str(tmp_path)
        places = Places(str(plan.data), str(plan.schema), out, out, out, out, 0)
        nodes = create_nodes(plan.use_case, plan.declaration, places, mobile=True, spans=True)
        add_keys(nodes, declaration)
        return {node.id: str(node.executor_spec.encode()) for node in nodes}

    return compute


@pytest.fixture
def change(monkeypatch):
    """Makes a file of the project look changed."""
    digest = fingerprints.file_digest

    def changed(name):
        def fake(path):
            return "changed" if Path(path) == PROJECT_ROOT / name else digest(path)

        assert (PROJECT_ROOT / name).is_file()
        monkeypatch.setattr(fingerprints, "file_digest", fake)

    return changed


def test_every_node_has_a_key(flags):
    assert set(flags()) == set(STAGES)


def test_what_has_not_changed_has_the_same_key(flags):
    assert flags() == flags()


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("models/network.py", {"Trainer"}),
        ("models/heads.py", {"Trainer"}),
        ("models/signatures.py", {"Trainer", SERVING, "TFLiteGate"}),
        ("models/preprocessing.py", {"Transform", *FOR_PHONES}),
        ("models/categories.py", {"Transform", "Trainer", *FOR_PHONES}),
        ("models/taxi.py", WITH_LABEL),
        ("models/labels.py", {"DataGate", "Transform", *FOR_PHONES}),
        ("models/columns.py", WITH_LABEL),
        ("models/lite.py", FOR_PHONES),
        ("serving/phone/metadata.py", FOR_PHONES),
        ("components/data_checks.py", {"DataGate"}),
        ("components/quality.py", {"Evaluator", "TFLiteGate"}),
        ("components/verdict.py", {"DataGate", *DRIFTS, "Evaluator", SERVING, "TFLiteGate"}),
        ("components/infra_blessing.py", {SERVING, "TFLiteGate"}),
        ("components/differences.py", {SERVING, "TFLiteGate"}),
        ("components/serving_checks.py", {SERVING}),
        ("components/serving_answers.py", {SERVING}),
        ("components/warmup.py", {SERVING}),
        ("components/kept_statistics.py", {SERVING, BASELINE_STATISTICS}),
        ("components/comparable.py", DRIFTS),
        ("components/split_pair.py", DRIFTS),
        ("usecase/drift.py", DRIFTS),
        ("serving/launch.py", {SERVING}),
        # What is pushed may become the stable version, on running servers.
        ("serving/client.py", {SERVING, "Pusher", "MobilePusher"}),
        ("serving/releases/rollout.py", {"Pusher", "MobilePusher"}),
        # Nobody imports the server: it is started.
        ("model_server/__main__.py", {SERVING}),
        ("model_server/servable.py", {SERVING}),
        ("model_server/predict.py", {SERVING}),
        ("components/push_destination.py", {"Pusher", "MobilePusher", *FOR_PHONES}),
        ("components/pusher.py", {"Pusher", "MobilePusher"}),
        ("components/baseline.py", {*BASELINES, "Evaluator", *DRIFTS}),
        ("schema/taxi/schema.pbtxt", {"ImportSchemaGen"}),
        # What the graph is made of reaches the nodes as properties, which TFX looks at itself.
        ("pipeline/stages.py", set()),
        ("orchestration/outcome.py", set()),
        ("local_runner.py", set()),
    ],
)
def test_a_changed_file_concerns_those_who_use_it(flags, change, name, nodes):
    before = flags()
    change(name)
    after = flags()
    assert {node for node in before if before[node] != after[node]} == nodes


def test_a_changed_lock_concerns_all(flags, monkeypatch):
    before = flags()
    monkeypatch.setattr(fingerprints, "lock_digest", lambda: "changed")
    after = flags()
    assert {node for node in before if before[node] != after[node]} == set(STAGES)


def test_a_label_without_a_function_brings_no_code(plan, flags, change):
    label = plan.declaration.label.model_copy(update={"function": None})
    declaration = plan.declaration.model_copy(update={"label": label})
    before = flags(declaration)
    change("models/taxi.py")
    assert flags(declaration) == before


def test_the_function_of_a_feature_is_code_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    own = tmp_path / "own_feature.py"
    own.write_text("def rich(columns):\n    return columns['fare'] / 2\n")
    raw = yaml.safe_load((PROJECT_ROOT / "configs" / "taxi.yaml").read_text())
    raw["features"]["rich"] = {
        "role": "numeric",
        "function": "own_feature.rich",
        "columns": ["fare"],
    }
    (tmp_path / "taxi.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    plan = make_plan(str(tmp_path / "taxi.yaml"))
    out = str(tmp_path / "out")
    places = Places(str(plan.data), str(plan.schema), out, out, out, out, 0)
    nodes = create_nodes(plan.use_case, plan.declaration, places, mobile=True)
    keys = add_keys(nodes, plan.declaration)
    assert {node for node, key in keys.items() if str(own) in key.code} == WITH_LABEL


def test_flags_tell_code_files_and_lock_apart():
    made = [
        NodeKey({"a": "1"}, {}, "2").flags(),
        NodeKey({}, {"a": "1"}, "2").flags(),
        NodeKey({"a": "2"}, {}, "1").flags(),
    ]
    assert len(set(map(tuple, made))) == 3
    assert made[0] == [f"--code_digest={fingerprints.combined({'a': '1'})}", "--lock_digest=2"]
