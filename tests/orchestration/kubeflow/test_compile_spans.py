"""Data in spans on a cluster: who compares them, and that a cluster could run it."""

import json
from pathlib import Path

import pytest

from orchestration import fingerprints
from orchestration.kubeflow.lint import lint
from pipeline.stage_names import SPAN_DRIFT
from tests.orchestration.kubeflow.compiled import (
    argument_of,
    compiled,
    container_of,
    parameter_of,
    tasks_of,
)
from usecase.paths import PROJECT_ROOT

TAXI = "path: pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
ON_VOLUME = '{path: "/mnt/x/data/span-{SPAN}/*.csv"}'
STATISTICS = {
    "taskOutputArtifact": {"producerTask": "StatisticsGen", "outputArtifactKey": "statistics"}
}


def with_data(told, drift="warn"):
    """What stands in place of the taxi data, and what drift does."""
    return [(f"data:\n  {TAXI}", f'data_gate: {{drift: "{drift}"}}\ndata: {told}')]


@pytest.fixture(scope="module")
def warning(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("warn"), {}, changes=with_data(ON_VOLUME))


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refuse")
    return compiled(folder, {}, changes=with_data(ON_VOLUME, "refuse"))


def conditions(made):
    every = {name: task.get("triggerPolicy", {}) for name, task in tasks_of(made.spec).items()}
    return {name: policy.get("condition", "") for name, policy in every.items()}


def test_both_spans_are_splits_of_the_same_statistics(warning):
    node = tasks_of(warning.spec)[SPAN_DRIFT]
    assert node["inputs"]["artifacts"] == {
        "statistics": STATISTICS,
        "baseline_statistics": STATISTICS,
    }
    assert node["dependentTasks"] == ["StatisticsGen"]
    told = json.loads(parameter_of(warning.spec, SPAN_DRIFT, "include_split_pairs"))
    assert told == [["latest", "previous"]]
    assert argument_of(warning.spec, SPAN_DRIFT, "--code_digest")
    # The node that reads them finds out which there are.
    ingest = json.loads(parameter_of(warning.spec, "CsvExampleGen", "input_config"))
    assert ingest["splits"][0]["pattern"] == "span-{SPAN}/*.csv"
    assert parameter_of(warning.spec, "CsvExampleGen", "input_base") == "/mnt/x/data"


def test_a_cluster_could_run_it(warning, refusing):
    for made in (warning, refusing):
        assert lint(made.spec, made.platform, "kfp") == []
    spoiled = json.loads(json.dumps(warning.spec))
    del tasks_of(spoiled)["StatisticsGen"]
    assert any(SPAN_DRIFT in fault.where for fault in lint(spoiled, warning.platform, "kfp"))


def test_a_span_that_is_refused_stands_before_the_training(warning, refusing):
    behind = {name for name, text in conditions(warning).items() if "_DataGate.verdict" in text}
    assert {"Transform", "Trainer", "Pusher"} <= behind
    for name, text in conditions(refusing).items():
        assert (f"_{SPAN_DRIFT}.verdict" in text) == (name in behind), name
    assert not any(SPAN_DRIFT in text for text in conditions(warning).values())


@pytest.mark.parametrize(
    ("told", "drift"),
    [
        ('{path: "/mnt/x/data/rows-*.csv"}', "warn"),
        ('{path: "gs://shop/span-{SPAN}/*.csv"}', "warn"),
        ('{path: "/mnt/x/span-{SPAN}/*.tfrecord"}', "warn"),
        (ON_VOLUME, "off"),
    ],
)
def test_where_no_span_before_is_read_none_is_compared(tmp_path, told, drift):
    made = compiled(tmp_path, {}, changes=with_data(told, drift))
    assert SPAN_DRIFT not in tasks_of(made.spec)
    assert ("DistributionValidator" in tasks_of(made.spec)) == (drift != "off")


def test_what_its_pod_gets_may_be_said_where_it_does_not_run(tmp_path):
    section = {"nodes": {SPAN_DRIFT: {"memory": "3Gi"}}}
    (tmp_path / "with").mkdir()
    assert SPAN_DRIFT not in tasks_of(compiled(tmp_path, section).spec)
    made = compiled(tmp_path / "with", section, changes=with_data(ON_VOLUME))
    assert container_of(made.spec, SPAN_DRIFT)["resources"] == {"memoryLimit": 3 * 2**30 / 10**9}


def test_how_a_pod_reads_spans_is_code_of_that_node_alone(tmp_path, warning, monkeypatch):
    digest = fingerprints.file_digest
    own = PROJECT_ROOT / "components" / "span_examples.py"
    monkeypatch.setattr(
        fingerprints, "file_digest", lambda path: digest(path) + "x" * (Path(path) == own)
    )
    after = compiled(tmp_path, {}, changes=with_data(ON_VOLUME)).spec
    assert [
        node
        for node in tasks_of(after)
        if argument_of(after, node, "--code_digest")
        != argument_of(warning.spec, node, "--code_digest")
    ] == ["CsvExampleGen"]
