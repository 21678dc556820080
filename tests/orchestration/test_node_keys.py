"""What a node's cache key holds beside its inputs: exactly the code and files that it uses."""

from pathlib import Path

import pytest

from orchestration import fingerprints
from orchestration.node_keys import NodeKey, add_keys
from orchestration.plan import make_plan
from pipeline.graph import create_nodes
from pipeline.places import Places
from pipeline.stage_names import STAGES
from usecase.paths import PROJECT_ROOT

WITH_LABEL = {"DataGate", "Transform", "Trainer"}


@pytest.fixture(scope="module")
def plan():
    return make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml"))


@pytest.fixture
def flags(plan, tmp_path):
    """Returns the flags of every executor, as TFX takes them into its key."""

    def compute(declaration=plan.declaration):
        out = str(tmp_path)
        places = Places(str(plan.data), str(plan.schema), out, out, out, 0)
        nodes = create_nodes(plan.use_case, plan.declaration, places)
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
        ("models/preprocessing.py", {"Transform", "Trainer"}),
        ("models/taxi.py", WITH_LABEL),
        ("models/labels.py", WITH_LABEL),
        ("components/data_checks.py", {"DataGate"}),
        ("components/quality.py", {"Evaluator"}),
        ("components/verdict.py", {"DataGate", "Evaluator"}),
        ("components/push_destination.py", {"Pusher"}),
        ("components/baseline.py", {"LatestPushedModel", "Evaluator"}),
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
    declaration = plan.declaration.model_copy(update={"label_function": None})
    before = flags(declaration)
    change("models/taxi.py")
    assert flags(declaration) == before


def test_flags_tell_code_files_and_lock_apart():
    made = [
        NodeKey({"a": "1"}, {}, "2").flags(),
        NodeKey({}, {"a": "1"}, "2").flags(),
        NodeKey({"a": "2"}, {}, "1").flags(),
    ]
    assert len(set(map(tuple, made))) == 3
    assert made[0] == [f"--code_digest={fingerprints.combined({'a': '1'})}", "--lock_digest=2"]
