"""The graph with a Tuner, and what its key holds."""

import json

import pytest
from tfx.dsl.compiler import compiler
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline

from models.functions import load_function
from models.settings import TunerSettings
from models.tuner import tuner_fn
from orchestration import fingerprints
from orchestration.node_keys import add_keys
from orchestration.plan import make_plan
from pipeline.graph import create_nodes
from pipeline.places import Places
from pipeline.stage_names import stage_names
from usecase.paths import PROJECT_ROOT

CONFIG = str(PROJECT_ROOT / "configs" / "taxi.yaml")
PLACES = Places(
    *("/data/rows.csv", "/schema.pbtxt", "/out/artifacts", "/out/ck", "/out/serving"),
    *("/out/mobile", 7),
)


@pytest.fixture(scope="module")
def plan():
    return make_plan(CONFIG, tune=True)


def compiled(plan):
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name="taxi",
        pipeline_root="/out",
        components=create_nodes(plan.use_case, plan.declaration, PLACES, tune=plan.tune),
        metadata_connection_config=metadata.sqlite_metadata_connection_config("/out/db"),
    )
    nodes = compiler.Compiler().compile(pipeline).nodes
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in nodes}


@pytest.fixture(scope="module")
def graph(plan):
    return compiled(plan)


def read_by(node):
    """Returns where each input comes from, as "Node.output"."""
    return {
        name: f"{spec.channels[0].producer_node_query.id}.{spec.channels[0].output_key}"
        for name, spec in node.inputs.inputs.items()
        if not name.startswith("_")
    }


def test_the_tuner_stands_between_transform_and_trainer(plan, graph):
    assert set(graph) == set(stage_names("csv", tune=True))
    assert list(plan.stages) == list(stage_names("csv", tune=True, mobile=True))
    assert plan.stages["Tuner"] == "tune"
    names = list(stage_names("csv", tune=True))
    assert names[names.index("Tuner") - 1 : names.index("Tuner") + 2] == [
        *("Transform", "Tuner", "Trainer"),
    ]
    assert [n for n in names if n != "Tuner"] == list(stage_names("csv"))


def test_the_tuner_sees_what_the_trainer_sees_and_no_more(graph):
    tuner, trainer = read_by(graph["Tuner"]), read_by(graph["Trainer"])
    assert tuner == {
        "examples": "Transform.transformed_examples",
        "transform_graph": "Transform.transform_graph",
    }
    assert trainer == {**tuner, "hyperparameters": "Tuner.best_hyperparameters"}
    given = {
        name: parameter.field_value.string_value
        for name, parameter in graph["Tuner"].parameters.parameters.items()
    }
    assert json.loads(given["train_args"])["splits"] == ["train"]
    assert json.loads(given["eval_args"])["splits"] == ["eval"]
    assert len(graph["Tuner"].inputs.conditionals) == 1  # the data gate's


def test_the_tuner_is_given_all_that_a_search_needs(plan, graph):
    given = graph["Tuner"].parameters.parameters
    assert load_function(given["tuner_fn"].field_value.string_value) is tuner_fn
    custom = json.loads(given["custom_config"].field_value.string_value)
    settings = TunerSettings.model_validate_json(custom["settings"])
    assert settings.declaration == plan.declaration
    assert (settings.network, settings.training) == (plan.use_case.network, plan.use_case.training)
    assert settings.tuning == plan.use_case.tuning


def test_without_tune_nothing_of_it_is_there():
    plan = make_plan(CONFIG)
    graph = compiled(plan)
    assert "Tuner" not in graph
    assert "Tuner" not in plan.stages
    assert "hyperparameters" not in read_by(graph["Trainer"])


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("models/tuner.py", {"Tuner"}),
        ("models/proposals.py", {"Tuner"}),
        ("components/tuner.py", {"Tuner"}),
        ("models/network.py", {"Tuner", "Trainer"}),
        ("models/fitting.py", {"Tuner", "Trainer"}),
        ("usecase/search_space.py", {"Tuner", "Trainer"}),
        ("components/quality.py", {"Evaluator"}),
    ],
)
def test_a_changed_file_makes_those_who_use_it_run_again(plan, monkeypatch, name, nodes):
    def flags():
        made = create_nodes(plan.use_case, plan.declaration, PLACES, tune=True)
        add_keys(made, plan.declaration)
        return {node.id: str(node.executor_spec.encode()) for node in made}

    digest = fingerprints.file_digest
    before = flags()
    assert (PROJECT_ROOT / name).is_file()
    monkeypatch.setattr(
        fingerprints,
        "file_digest",
        lambda path: "changed" if str(path) == str(PROJECT_ROOT / name) else digest(path),
    )
    after = flags()
    assert {node for node in before if before[node] != after[node]} == nodes


def test_a_changed_threshold_does_not_tune_again_and_a_changed_space_does(plan):
    def tuner_of(**changes):
        use_case = plan.use_case.model_copy(update=changes)
        nodes = create_nodes(use_case, plan.declaration, PLACES, tune=True)
        (node,) = [node for node in nodes if node.id == "Tuner"]
        return node.exec_properties["custom_config"]

    evaluation = plan.use_case.evaluation.model_copy(update={"min_slice_size": 1})
    assert tuner_of(evaluation=evaluation) == tuner_of()
    tuning = plan.use_case.tuning.model_copy(update={"trials": 3})
    assert tuner_of(tuning=tuning) != tuner_of()
