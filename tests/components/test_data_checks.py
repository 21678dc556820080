"""The data gate, on small artifacts written here."""

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.types.standard_artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema

from components.artifacts import GateVerdict
from components.data_gate import DataGate
from components.settings import DataGateSettings
from components.verdict import Verdict
from tests.components.data_world import (
    CLICKED,
    ERROR,
    SCHEMA,
    WARNING,
    World,
    as_example,
    failed,
    result,
)
from usecase.config import DataGate as Thresholds


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_clean_data_passes(world):
    verdict = world.verdict(min_label_share=0.25)
    assert verdict.passed
    assert {
        (r.name, r.metric, r.slice, r.value, r.bound, r.threshold) for r in verdict.results
    } == {
        ("data", "anomalies", "", 0, "max", 0),
        ("data", "columns_too_empty", "", 0, "max", 0),
        ("data", "rows", "split=train", 20, "min", 20),
        ("data", "rows", "split=eval", 8, "min", 1),
        ("data", "rows", "split=test", 4, "min", 1),
        ("data", "labels_unusable", "", 0, "max", 0),
        ("data", "label_share", "", 0.25, "min", 0.25),
    }
    assert {r.detail for r in verdict.results} == {""}


def test_an_error_is_told_with_its_splits(world):
    for split in ("train", "test"):
        world.anomalies(split, age=(ERROR, "Out-of-range values: 200 > 130."))
    verdict = world.verdict()
    assert failed(verdict) == {("anomalies", ""): 1}
    detail = result(verdict, "anomalies").detail
    assert detail == "age: Out-of-range values: 200 > 130 (train, test)"


def test_a_warning_does_not_count(world):
    world.anomalies("train", shoe_size=(WARNING, "New column: in the data, not in the schema."))
    assert world.verdict().passed


def test_a_split_of_which_nothing_is_said_has_no_anomalies(world):
    (world.folder / "anomalies/Split-eval/SchemaDiff.pb").unlink()
    assert world.verdict().passed


def test_two_columns_are_two_anomalies(world):
    world.anomalies("train", age=(ERROR, "Too old."), clicked=(ERROR, "Too often."))
    verdict = world.verdict()
    assert failed(verdict) == {("anomalies", ""): 2}
    detail = result(verdict, "anomalies").detail
    assert detail == "age: Too old (train); clicked: Too often (train)"


def test_an_anomaly_of_the_whole_data_set_counts(world):
    found = anomalies_pb2.Anomalies()
    found.dataset_anomaly_info.severity = ERROR
    found.dataset_anomaly_info.description = "Too few examples."
    world.write("anomalies/Split-eval/SchemaDiff.pb", found.SerializeToString())
    assert result(world.verdict(), "anomalies").detail == "Too few examples (eval)"


def test_many_anomalies_are_cut_short_but_counted(world):
    world.anomalies("train", **{f"column_{i}": (ERROR, "Gone.") for i in range(7)})
    anomalies = result(world.verdict(), "anomalies")
    assert anomalies.value == 7
    assert anomalies.detail.count("Gone") == 5
    assert anomalies.detail.endswith("column_4: Gone (train); and 2 more")


def test_as_many_as_are_shown_are_not_cut_short(world):
    world.anomalies("train", **{f"column_{i}": (ERROR, "Gone.") for i in range(5)})
    detail = result(world.verdict(), "anomalies").detail
    assert detail == "; ".join(f"column_{i}: Gone (train)" for i in range(5))


@pytest.mark.parametrize(("values", "passed"), [(18, True), (17, False), (0, False)])
def test_a_column_needs_values_and_not_just_lists(world, values, passed):
    world.statistics("train", rows=20, ages=values)
    columns = result(world.verdict(), "columns_too_empty")
    assert (columns.passed, columns.value) == (passed, 0 if passed else 1)
    share = f"{values / 20:.1%}"
    assert columns.detail == ("" if passed else f"age: a value in {share} of rows, not 90%")


def test_tfdv_takes_an_empty_cell_for_a_value(world):
    rows = [{"age": 30, "clicked": 1}] * 10 + [{"clicked": 1}] * 10
    examples = [as_example(row) for row in rows]
    for example in examples[10:]:
        example.features.feature["age"].int64_list.SetInParent()
    path = world.folder / "cells.gz"
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for example in examples:
            writer.write(example.SerializeToString())
    statistics = tfdv.generate_statistics_from_tfrecord(str(path))
    schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
    assert not tfdv.validate_statistics(statistics, schema).anomaly_info

    raw = statistics.SerializeToString()
    world.write("statistics/Split-train/FeatureStats.pb", raw)
    detail = result(world.verdict(), "columns_too_empty").detail
    assert detail == "age: a value in 50.0% of rows, not 90%"


def test_too_few_rows_to_train_on(world):
    assert failed(world.verdict(min_rows=21)) == {("rows", "split=train"): 20}


# TFDV writes a data set without statistics for a split without rows.
@pytest.mark.parametrize("statistics", [None, b"\n\0"], ids=["no file", "no rows"])
@pytest.mark.parametrize("split", ["eval", "test"])
def test_an_empty_split(world, split, statistics):
    path = world.folder / f"statistics/Split-{split}/FeatureStats.pb"
    path.unlink()
    if statistics is not None:
        path.write_bytes(statistics)
    world.examples(split, [])
    assert failed(world.verdict()) == {("rows", f"split={split}"): 0}


@pytest.mark.parametrize(("min_rows", "passed"), [(20, 1), (21, 0)])
def test_the_component_publishes_the_verdict(world, artifact, run_component, min_rows, passed):
    kinds = {
        "examples": Examples,
        "statistics": ExampleStatistics,
        "anomalies": ExampleAnomalies,
        "schema": Schema,
    }
    inputs = {name: artifact(kind, world.folder / name) for name, kind in kinds.items()}
    verdict = artifact(GateVerdict, world.folder / "published")
    settings = DataGateSettings(declaration=CLICKED, thresholds=Thresholds(min_rows=min_rows))
    properties = {"settings": settings.model_dump_json()}
    run_component(DataGate, inputs, {"verdict": verdict}, properties)
    assert verdict.get_int_custom_property("passed") == passed
    assert Verdict.read(verdict.uri) == world.verdict(min_rows=min_rows)
