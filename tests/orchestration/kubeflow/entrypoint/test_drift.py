"""Comparisons in a pod, where texts and doubles are all that arrives."""

import json

import pytest
from google.protobuf import json_format

from components.distribution_validator import config_of
from components.kept_statistics import add_statistics
from orchestration.kubeflow.entrypoint.arguments import parse
from orchestration.kubeflow.entrypoint.run import run
from tests.components.drift_world import COLUMNS, rows, statistics, statistics_of
from tests.orchestration.kubeflow.pod_world import (
    ROOT,
    TASK_ID,
    asked,
    command_line,
    executor_input,
    given,
    spec,
)

SAID = ("passed with a warning: ", "refused: ")


def node(name, executor, inputs, outputs, parameters, output_file):
    """The command line of a node; inputs and parameters as (value, type)."""
    asked_for = {k: asked(f"{ROOT}/{name}/{TASK_ID}/{k}", title) for k, title in outputs.items()}
    told = executor_input(
        {key: artifact for key, (artifact, _) in inputs.items()},
        asked_for,
        {key: value for key, (value, _) in parameters.items()},
        output_file,
    )
    kinds = [(key, kind) for key, (_, kind) in parameters.items()]
    inputs_spec = spec(kinds, **{key: title for key, (_, title) in inputs.items()})
    return command_line(f"components.{executor}", told, inputs_spec)


@pytest.fixture
def in_pod(tmp_path):
    """Runs a node; returns what it says of its outputs by key."""

    def start(*told):
        output_file = tmp_path / "kfp_outputs" / "output_metadata.json"
        run(parse(node(*told, output_file)), {"KUBEFLOW_MOUNT_ROOT": str(tmp_path / "pod")})
        every = json.loads(output_file.read_text())["artifacts"]
        return {key: listed["artifacts"][0] for key, listed in every.items()}

    return start


def baseline(in_pod, serving):
    told = in_pod(
        *("LatestPushedStatistics", "pushed_statistics.LatestPushedStatistics_Executor", {}),
        {"statistics": "tfx.ExampleStatistics"},
        {"push_dir": (str(serving), "STRING"), "version": (-1, "NUMBER_INTEGER")},
    )
    return told["statistics"]


@pytest.mark.parametrize("refuses", [0, 1])
def test_drift_is_found_in_a_pod(in_pod, tmp_path, capsys, refuses):
    now, before = rows(2000, 1, cities=(0.4, 0.5, 0.1)), rows(2000, 2)
    statistics(now, tmp_path / "pod/minio" / ROOT.removeprefix("minio://") / "now")
    statistics(before, tmp_path / "before")
    model = tmp_path / "serving" / "12"
    model.mkdir(parents=True)
    (model / "saved_model.pb").touch()

    without = baseline(in_pod, tmp_path / "serving")
    assert (without["metadata"]["empty"], without["metadata"]["pushed_version"]) == (1.0, 12.0)
    add_statistics(model, str(tmp_path / "before"))
    found = baseline(in_pod, tmp_path / "serving")
    assert found["metadata"]["pushed_version"] == 12.0

    config = json_format.MessageToJson(config_of(COLUMNS))
    for kept, passed in ((without, 1.0), (found, 1.0 - refuses)):
        told = in_pod(
            *("DistributionValidator", "distribution_validator.Executor"),
            {
                "statistics": (
                    given(f"{ROOT}/now", split_names='["train"]'),
                    "tfx.ExampleStatistics",
                ),
                "baseline_statistics": (
                    given(kept["uri"], **kept["metadata"]),
                    "tfx.ExampleStatistics",
                ),
            },
            {"anomalies": "tfx.ExampleAnomalies", "verdict": "components.GateVerdict"},
            {
                "distribution_validator_config": (config, "STRING"),
                "refuses": (refuses, "NUMBER_INTEGER"),
                "include_split_pairs": ('[["train", "train"]]', "STRING"),
            },
        )
        assert told["verdict"]["metadata"]["passed"] == passed
    line = f"[outcome] data gate: {SAID[refuses]}drift of city: L-infinity distance"
    assert line in capsys.readouterr().out
    assert told["verdict"]["metadata"]["baseline"] == "version 12"


@pytest.fixture
def compare_spans(in_pod, tmp_path):
    """Compares the splits of one statistics artifact; returns the verdict's metadata."""

    def compare(tables, refuses):
        folder = tmp_path / "pod/minio" / ROOT.removeprefix("minio://") / "now"
        made = statistics_of(tables, folder)
        side = (given(f"{ROOT}/now", split_names=made.split_names), "tfx.ExampleStatistics")
        told = in_pod(
            *("SpanDistributionValidator", "distribution_validator.Executor"),
            {"statistics": side, "baseline_statistics": side},
            {"anomalies": "tfx.ExampleAnomalies", "verdict": "components.GateVerdict"},
            {
                "distribution_validator_config": (
                    json_format.MessageToJson(config_of(COLUMNS)),
                    "STRING",
                ),
                "refuses": (refuses, "NUMBER_INTEGER"),
                "include_split_pairs": ('[["latest", "previous"]]', "STRING"),
            },
        )
        return told["verdict"]["metadata"]

    return compare


@pytest.mark.parametrize("refuses", [0, 1])
def test_drift_between_spans_is_found_in_a_pod(compare_spans, capsys, refuses):
    now, before = rows(2000, 1, cities=(0.4, 0.5, 0.1)), rows(2000, 2)
    found = compare_spans({"latest": now, "previous": before}, refuses)
    assert (found["passed"], found["baseline"]) == (1.0 - refuses, "the span before")
    said = capsys.readouterr().out
    assert f"[outcome] data gate: {SAID[refuses]}drift of city: L-infinity distance" in said
    assert "in the span before" in said


@pytest.mark.parametrize("splits", [("latest", "previous"), ("train", "latest")])
def test_spans_without_drift_or_alone_pass_in_a_pod(compare_spans, capsys, splits):
    tables = {name: rows(2000, seed) for seed, name in enumerate(splits)}
    assert compare_spans(tables, 1)["passed"] == 1.0
    assert "[outcome] data gate: passed\n" in capsys.readouterr().out
