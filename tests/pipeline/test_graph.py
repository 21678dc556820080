"""The graph of the taxi use case, as TFX compiles it."""

import importlib
import json
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format
from tfx.dsl.compiler import compiler
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline

from components.distribution_validator import comparators_of
from components.settings import ServingGateSettings
from models.functions import load_function
from models.settings import TrainerSettings
from models.signatures import feature_spec
from orchestration.plan import make_plan
from pipeline.graph import create_nodes
from pipeline.places import Places
from pipeline.stage_names import SPAN_DRIFT, stage_names
from usecase.config import Serving
from usecase.declaration import Declaration, declare
from usecase.loading import parse_use_case
from usecase.paths import PROJECT_ROOT
from usecase.schema import read_schema

STAGES = stage_names("csv", mobile=True)
FOR_PHONES = ("TFLiteExporter", "TFLiteGate", "MobilePusher")
CONFIG = str(PROJECT_ROOT / "configs" / "taxi.yaml")
PLACES = Places(
    data="/data/trips.csv",
    schema="/schema/taxi/schema.pbtxt",
    pipeline_root="/out/artifacts",
    checkpoints="/out/checkpoints",
    serving="/out/serving",
    mobile="/out/mobile",
    baseline_version=7,
)


@pytest.fixture(scope="module")
def plan():
    return make_plan(CONFIG)


def compiled(use_case, declaration, *, mobile=True, spans=False, **places):
    made = Places(**{**vars(PLACES), **places})
    return compiler.Compiler().compile(
        tfx_pipeline.Pipeline(
            pipeline_name="taxi",
            pipeline_root=made.pipeline_root,
            components=create_nodes(use_case, declaration, made, mobile=mobile, spans=spans),
            metadata_connection_config=metadata.sqlite_metadata_connection_config("/out/db"),
        )
    )


def nodes_of(pipeline):
    return {n.pipeline_node.node_info.id: n.pipeline_node for n in pipeline.nodes}


@pytest.fixture(scope="module")
def graph(plan):
    return nodes_of(compiled(plan.use_case, plan.declaration))


def parameters(node):
    """Returns a node's properties, JSON inside strings read."""
    values = {}
    for name, parameter in node.parameters.parameters.items():
        value = parameter.field_value
        raw = getattr(value, value.WhichOneof("value"))
        values[name] = json.loads(raw) if isinstance(raw, str) and raw[:1] in "{[" else raw
    return values


def producers(node):
    """Returns where each input comes from, as "Node.output"."""
    return {
        name: [
            f"{channel.producer_node_query.id}.{channel.output_key}" for channel in spec.channels
        ]
        for name, spec in node.inputs.inputs.items()
        if not name.startswith("_")
    }


def test_nodes_can_run_in_the_order_that_people_are_told(graph):
    assert set(graph) == set(STAGES)
    order = list(STAGES)
    for name, node in graph.items():
        assert all(order.index(upstream) < order.index(name) for upstream in node.upstream_nodes)


def test_without_phones_nothing_is_made_for_them(plan, graph):
    nodes = nodes_of(compiled(plan.use_case, plan.declaration, mobile=False))
    assert set(nodes) == set(stage_names("csv")) == set(graph) - set(FOR_PHONES)


def test_the_exporter_waits_for_no_verdict_on_the_model(graph):
    assert set(graph["TFLiteExporter"].upstream_nodes) == {"Trainer", "Transform", "DataGate"}


def test_the_serving_gate_waits_for_no_verdict_on_the_model(graph):
    assert set(graph["ServingGate"].upstream_nodes) == {
        *("Trainer", "CsvExampleGen", "StatisticsGen", "DataGate")
    }


@pytest.mark.parametrize(
    ("configured", "found", "judges"),
    [("auto", "embedded", "embedded"), ("docker", None, "docker"), ("auto", None, "auto")],
)
def test_the_server_that_judges_is_a_property_of_its_gate(plan, configured, found, judges):
    serving = plan.use_case.serving.model_copy(update={"server": configured})
    use_case = plan.use_case.model_copy(update={"serving": serving})
    nodes = create_nodes(use_case, plan.declaration, PLACES, server=found)
    (gate,) = [node for node in nodes if node.id == "ServingGate"]
    settings = ServingGateSettings.model_validate_json(gate.exec_properties["settings"])
    assert settings.serving == serving.model_copy(update={"server": judges})
    assert (settings.name, settings.split) == ("taxi", "test")


def test_the_order_of_creation_can_run(plan):
    seen = set()
    for node in create_nodes(plan.use_case, plan.declaration, PLACES, mobile=True):
        assert {upstream.id for upstream in node.upstream_nodes} <= seen
        seen.add(node.id)
    assert seen == set(STAGES)


def test_stages_have_names_of_their_own():
    assert len(set(STAGES.values())) == len(STAGES)


def test_all_that_follows_the_data_gate_hangs_on_it(graph):
    ungated = {name for name, node in graph.items() if not node.inputs.conditionals}
    assert ungated == {
        *("CsvExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "DataGate"),
        *("LatestPushedStatistics", "DistributionValidator"),
    }
    for name in set(graph) - ungated:
        (condition,) = graph[name].inputs.conditionals.values()
        comparison = condition.placeholder_expression.operator.compare_op
        verdict = comparison.lhs.operator.artifact_property_op
        assert verdict.key == "passed"
        assert verdict.is_custom_property
        assert comparison.rhs.value.int_value == 1
        (operand,) = [
            spec.channels[0].producer_node_query.id
            for key, spec in graph[name].inputs.inputs.items()
            if key == verdict.expression.operator.index_op.expression.placeholder.key
        ]
        assert operand == "DataGate"


def test_who_reads_what(graph):
    wired = {name: producers(node) for name, node in graph.items()}
    examples, schema = ["CsvExampleGen.examples"], ["ImportSchemaGen.schema"]
    statistics = ["StatisticsGen.statistics"]
    model = ["Trainer.model"]
    assert wired == {
        "CsvExampleGen": {},
        "ImportSchemaGen": {},
        "StatisticsGen": {"examples": examples},
        "ExampleValidator": {"statistics": statistics, "schema": schema},
        "LatestPushedStatistics": {},
        "DistributionValidator": {
            "statistics": statistics,
            "baseline_statistics": ["LatestPushedStatistics.statistics"],
        },
        "DataGate": {
            "examples": examples,
            "statistics": statistics,
            "anomalies": ["ExampleValidator.anomalies"],
            "schema": schema,
        },
        "LatestPushedModel": {},
        "Transform": {"examples": examples, "schema": schema},
        "Trainer": {
            "examples": ["Transform.transformed_examples"],
            "transform_graph": ["Transform.transform_graph"],
        },
        # Raw rows: what is judged is the model as it serves, preprocessing included.
        "Evaluator": {
            "examples": examples,
            "model": model,
            "baseline_model": ["LatestPushedModel.model"],
        },
        "ServingGate": {"trained_model": model, "examples": examples, "statistics": statistics},
        # What serves is what the gate hands on: the model with its warm-up records.
        "Pusher": {
            "model_blessing": ["Evaluator.blessing"],
            "infra_blessing": ["ServingGate.blessing"],
        },
        "TFLiteExporter": {
            "trained_model": model,
            "transform_graph": ["Transform.transform_graph"],
        },
        "TFLiteGate": {
            "model": ["TFLiteExporter.model"],
            "trained_model": model,
            "examples": examples,
        },
        # What is pushed to phones is what the gate hands on.
        "MobilePusher": {
            "model_blessing": ["Evaluator.blessing"],
            "infra_blessing": ["TFLiteGate.blessing"],
        },
    }


def test_each_split_is_seen_by_those_who_may(graph):
    ingest = parameters(graph["CsvExampleGen"])
    assert ingest["output_config"]["split_config"]["splits"] == [
        {"name": "train", "hash_buckets": 8},
        {"name": "eval", "hash_buckets": 1},
        {"name": "test", "hash_buckets": 1},
    ]
    assert parameters(graph["Transform"])["splits_config"] == {
        "analyze": ["train"],
        "transform": ["train", "eval"],
    }
    trainer = parameters(graph["Trainer"])
    assert (trainer["train_args"], trainer["eval_args"]) == (
        {"splits": ["train"]},
        {"splits": ["eval"]},
    )
    assert parameters(graph["Evaluator"])["example_splits"] == ["test"]


def test_places_reach_their_nodes(graph):
    ingest = parameters(graph["CsvExampleGen"])
    assert ingest["input_base"] == "/data"
    assert ingest["input_config"]["splits"] == [{"name": "rows", "pattern": "trips.csv"}]
    assert parameters(graph["ImportSchemaGen"])["schema_file"] == PLACES.schema
    assert parameters(graph["LatestPushedModel"]) == {"push_dir": "/out/serving", "version": 7}
    for node, folder, other in (
        ("Pusher", "/out/serving", "/out/mobile"),
        ("MobilePusher", "/out/mobile", "/out/serving"),
    ):
        given = parameters(graph[node])
        assert given["push_destination"] == {"filesystem": {"base_directory": folder}}
        assert given["custom_config"]["sibling"] == other
    settings = parameters(graph["Trainer"])["custom_config"]["settings"]
    assert TrainerSettings.model_validate_json(settings).checkpoint_dir == "/out/checkpoints"


def test_only_the_pusher_that_serves_is_told_how_versions_are_released(plan, graph):
    assert parameters(graph["Pusher"])["custom_config"]["serving"] == {
        "promote": "manual",
        "keep": 1,
        "servers": [],
        "startup_timeout_s": 120.0,
    }
    assert set(parameters(graph["MobilePusher"])["custom_config"]) == {"sibling"}
    gate = parameters(graph["ServingGate"])["settings"]["serving"]
    assert set(gate) == set(Serving.model_fields) - {"promote", "keep", "servers"}


def test_no_column_of_the_label_alone_is_served(plan, graph):
    declared = [
        Declaration.model_validate_json(
            parameters(graph["Transform"])["custom_config"]["declaration"]
        ),
        TrainerSettings.model_validate_json(
            parameters(graph["Trainer"])["custom_config"]["settings"]
        ).declaration,
    ]
    for declaration in declared:
        assert declaration == plan.declaration
        assert set(feature_spec(declaration)) == set(plan.use_case.features)
        assert "tips" not in feature_spec(declaration)
        assert "tips" in feature_spec(declaration, with_label=True)


@pytest.mark.parametrize(
    ("node", "key", "name"),
    [("Transform", "preprocessing_fn", "preprocessing_fn"), ("Trainer", "run_fn", "run_fn")],
)
def test_functions_that_tfx_is_given_by_name_exist(graph, node, key, name):
    path = parameters(graph[node])[key]
    function = load_function(path)
    assert function.__name__ == name
    assert f"{function.__module__}.{name}" == path


def test_executors_that_tfx_imports_by_name_exist(plan):
    nodes = create_nodes(plan.use_case, plan.declaration, PLACES, mobile=True)
    ours = set()
    for node in nodes:
        module, _, name = node.executor_spec.class_path.rpartition(".")
        executor = getattr(importlib.import_module(module), name)
        assert callable(executor.Do)
        if not module.startswith("tfx."):
            ours.add(node.id)
    assert ours == {
        *("CsvExampleGen", "LatestPushedStatistics", "DistributionValidator", "DataGate"),
        *("LatestPushedModel", "Transform", "Evaluator", "ServingGate", "Pusher", *FOR_PHONES),
    }


CHANGES = {
    "training": ({"max_epochs": 3}, {"Trainer"}),
    "network": ({"dropout": 0.5}, {"Trainer"}),
    "evaluation": ({"min_slice_size": 9}, {"Evaluator"}),
    "data_gate": ({"min_rows": 9}, {"DataGate"}),
    "split": ({"train": 7}, {"CsvExampleGen"}),
    "features": (
        {"trip_miles": "numeric"},
        {"DataGate", "Transform", "Trainer", "ServingGate", "TFLiteExporter", "TFLiteGate"},
    ),
    "serving": ({"max_latency_ms": 9}, {"ServingGate"}),
    "serving.promote": ({"promote": "on_push"}, {"Pusher"}),
    "serving.keep": ({"keep": 2}, {"Pusher"}),
    "serving.servers": ({"servers": ["http://a:8501", "b:8500"]}, {"Pusher"}),
    "mobile": ({"max_megabytes": 9}, {"TFLiteGate"}),
}


@pytest.mark.parametrize("section", CHANGES)
def test_a_changed_config_touches_only_the_nodes_it_is_about(plan, graph, section):
    values, touched = CHANGES[section]
    raw = yaml.safe_load(Path(CONFIG).read_text())
    key = section.partition(".")[0]
    raw[key] = {**raw.get(key, {}), **values}
    use_case = parse_use_case(yaml.safe_dump(raw, sort_keys=False))
    after = nodes_of(compiled(use_case, declare(use_case, read_schema(plan.schema))))
    assert {n for n in graph if parameters(after[n]) != parameters(graph[n])} == touched


def test_a_new_version_touches_only_the_baseline(plan, graph):
    after = nodes_of(compiled(plan.use_case, plan.declaration, baseline_version=8))
    touched = {n for n in graph if parameters(after[n]) != parameters(graph[n])}
    assert touched == {"LatestPushedModel", "LatestPushedStatistics"}


def drifting(plan, mode):
    gate = plan.use_case.data_gate.model_copy(update={"drift": mode})
    return plan.use_case.model_copy(update={"data_gate": gate})


def test_what_is_not_compared_has_no_nodes(plan, graph):
    nodes = nodes_of(compiled(drifting(plan, "off"), plan.declaration))
    assert set(graph) - set(nodes) == {"LatestPushedStatistics", "DistributionValidator"}


def test_drift_that_refuses_stands_before_all_that_follows_the_data_gate(plan, graph):
    nodes = nodes_of(compiled(drifting(plan, "refuse"), plan.declaration))
    assert set(nodes) == set(graph)
    for name, node in graph.items():
        behind = bool(node.inputs.conditionals)
        assert len(nodes[name].inputs.conditionals) == (2 if behind else 0), name
        waits = "DistributionValidator" in nodes[name].upstream_nodes
        assert waits == behind, name
        # What only warns keeps no one from being reused: its verdict is new after each push.
        assert "DistributionValidator" not in node.upstream_nodes


@pytest.fixture(scope="module")
def in_spans(plan):
    return nodes_of(compiled(plan.use_case, plan.declaration, spans=True))


def test_spans_are_compared_by_one_node_more(graph, in_spans):
    names = stage_names("csv", mobile=True, spans=True)
    assert set(in_spans) == set(names) == {*graph, SPAN_DRIFT}
    node = in_spans[SPAN_DRIFT]
    assert list(node.upstream_nodes) == ["StatisticsGen"]
    assert not node.inputs.conditionals
    # What it decides on is in one place: both spans are splits of the same statistics.
    statistics = ["StatisticsGen.statistics"]
    assert producers(node) == {"statistics": statistics, "baseline_statistics": statistics}
    own, other = parameters(node), parameters(in_spans["DistributionValidator"])
    assert own["include_split_pairs"] == [["latest", "previous"]]
    assert other["include_split_pairs"] == [["train", "train"]]
    differing = {name for name in own if own[name] != other[name]}
    assert differing == {"include_split_pairs"}


def test_a_span_that_only_warns_keeps_no_one_from_being_reused(graph, in_spans):
    for name, node in graph.items():
        assert list(in_spans[name].upstream_nodes) == list(node.upstream_nodes)
        assert len(in_spans[name].inputs.conditionals) == len(node.inputs.conditionals)


def test_a_span_that_is_refused_ends_the_run_as_well(plan, graph):
    nodes = nodes_of(compiled(drifting(plan, "refuse"), plan.declaration, spans=True))
    for name, node in graph.items():
        behind = bool(node.inputs.conditionals)
        assert len(nodes[name].inputs.conditionals) == (3 if behind else 0), name
        assert (SPAN_DRIFT in nodes[name].upstream_nodes) == behind, name
    assert parameters(nodes[SPAN_DRIFT])["refuses"] == 1


def test_spans_are_not_compared_where_nothing_is(plan):
    nodes = nodes_of(compiled(drifting(plan, "off"), plan.declaration, spans=True))
    assert not {"LatestPushedStatistics", "DistributionValidator", SPAN_DRIFT} & set(nodes)


def test_a_change_of_mind_on_drift_concerns_its_node_alone(plan, graph):
    nodes = nodes_of(compiled(drifting(plan, "refuse"), plan.declaration))
    touched = {name for name in graph if parameters(nodes[name]) != parameters(graph[name])}
    assert touched == {"DistributionValidator"}


def test_columns_are_compared_as_the_schema_says(plan):
    own = {**plan.comparators, "fare": plan.comparators["fare"]._replace(threshold=0.3)}
    made = create_nodes(plan.use_case, plan.declaration, PLACES, comparators=own)
    (node,) = [n for n in made if n.id == "DistributionValidator"]
    config = node.exec_properties["distribution_validator_config"]
    assert comparators_of(config) == own
    assert {"tips", "fare", "company"} < set(own)
    assert "trip_start_timestamp" not in own


def test_what_has_not_changed_compiles_the_same(plan):
    first, second = (
        # Its bytes would differ: maps inside of an Any have no order of their own.
        text_format.MessageToString(compiled(plan.use_case, plan.declaration))
        for _ in range(2)
    )
    assert first == second
