"""A node's parameters, once those of the run are in their places."""

import json

import pytest
from google.protobuf import json_format
from tfx.proto import example_gen_pb2, range_config_pb2

from orchestration.kubeflow.entrypoint.runtime_values import reads_files, with_runtime_values
from orchestration.kubeflow.parameters import Range
from orchestration.kubeflow.runtime_places import Place
from pipeline.sources import example_gen
from usecase.config import Data, Split
from usecase.data_files import find_data
from usecase.errors import ConfigError, UserError

PLACES = {
    "min_rows": (Place(("settings", "thresholds", "min_rows")),),
    "max_drop_auc": (Place(("config", 0, "absolute"), negated=True),),
}
INPUT_CONFIG = '{"splits": [{"name": "rows", "pattern": "old.csv"}]}'


def test_values_go_to_their_places_and_nowhere_else():
    given = {
        "settings": '{"thresholds": {"min_rows": 100}}',
        "config": '[{"absolute": -0.01}]',
        "version": -1,
        "runtime_min_rows": 7,
        "runtime_max_drop_auc": 0.5,
        "runtime_unknown": 1,
    }
    assert with_runtime_values(given, PLACES) == {
        "settings": '{"thresholds": {"min_rows": 7}}',
        "config": '[{"absolute": -0.5}]',
        "version": -1,
    }


def test_a_value_out_of_its_range():
    places = {"max_epochs": (Place(("settings", "max_epochs"), allowed=Range(1)),)}
    given = {"settings": '{"max_epochs": 30}', "runtime_max_epochs": 0.0}
    with pytest.raises(UserError, match=r"max_epochs is 0\.0\n  expected: at least 1"):
        with_runtime_values(given, places)


def test_without_any_all_stays():
    given = {"settings": '{"thresholds":{"min_rows":100}}', "version": -1}
    assert with_runtime_values(given, PLACES) == given


def test_data_are_found_in_the_pod(tmp_path):
    for name in ("2024.csv", "2025.csv"):
        (tmp_path / name).write_text("a\n1\n")
    given = {"input_base": "x", "input_config": INPUT_CONFIG, "runtime_data": f"{tmp_path}/*.csv"}
    assert reads_files(given)
    assert with_runtime_values(given, {}) == {
        "input_base": str(tmp_path),
        "input_config": '{"splits": [{"name": "rows", "pattern": "*.csv"}]}',
    }


@pytest.mark.parametrize(
    "path",
    [
        "gs://bucket/rows/*/part-*.csv",
        "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv",
    ],
)
def test_data_are_what_a_build_would_hold(path):
    built = example_gen(Data(path=path), Split(), {}, find_data(Data(path=path)).pattern)
    other = {**built.exec_properties, "input_base": "x", "input_config": INPUT_CONFIG}
    changed = with_runtime_values({**other, "runtime_data": path}, {})
    assert changed["input_base"] == built.exec_properties["input_base"]
    assert input_config(changed) == input_config(built.exec_properties)
    assert changed.keys() == built.exec_properties.keys()


def test_data_in_spans(tmp_path):
    for span in (7, 8):
        (tmp_path / f"s{span}").mkdir()
        (tmp_path / f"s{span}" / "rows.csv").write_text("a\n1\n")
    given = {"input_base": "x", "input_config": INPUT_CONFIG, "runtime_data": "s{SPAN}/*.csv"}
    local = {**given, "runtime_data": f"{tmp_path}/s{{SPAN}}/*.csv"}
    remote = {**given, "runtime_data": "gs://bucket/rows/s{SPAN}/*.csv"}
    for told, base in ((local, str(tmp_path)), (remote, "gs://bucket/rows")):
        changed = with_runtime_values(told, {})
        assert changed["input_base"] == base
        assert input_config(changed).splits[0].pattern == "s{SPAN}/*.csv"
    (newest,) = _spans_of(with_runtime_values(local, {}))
    assert newest == 8
    assert "range_config" not in with_runtime_values(remote, {})  # the driver finds the newest


def test_data_that_are_not_there():
    given = {"input_base": "x", "input_config": INPUT_CONFIG, "runtime_data": "/no/such.csv"}
    with pytest.raises(ConfigError, match=r"data not found: /no/such\.csv"):
        with_runtime_values(given, {})


def test_a_query_reads_no_files():
    assert not reads_files({"input_config": json.dumps({"splits": []})})
    assert not reads_files({})


def _spans_of(properties):
    only = json_format.Parse(properties["range_config"], range_config_pb2.RangeConfig())
    return {only.static_range.start_span_number, only.static_range.end_span_number}


def input_config(properties):
    return json_format.Parse(properties["input_config"], example_gen_pb2.Input())
