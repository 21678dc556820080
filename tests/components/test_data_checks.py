"""The data gate, on small artifacts written here."""

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx.types.standard_artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema

from components.artifacts import GateVerdict
from components.data_checks import judge_data
from components.data_gate import DataGate
from components.settings import DataGateSettings
from components.verdict import Verdict
from usecase.config import DataGate as Thresholds
from usecase.features import Declaration, Feature, LabelColumn

CLICKED = Declaration(
    features=(Feature(name="age", role="numeric", dtype="int64"),),
    label_name="clicked",
    label_function=None,
    label_columns=(LabelColumn(name="clicked", dtype="int64"),),
)
BIG_TIP = CLICKED.model_copy(
    update={
        "label_name": "big_tip",
        "label_function": "models.taxi.big_tip",
        "label_columns": tuple(LabelColumn(name=n, dtype="float32") for n in ("tips", "fare")),
    }
)
SCHEMA = """
feature { name: "age" type: INT value_count { min: 0 max: 1 } presence { min_fraction: 0.9 } }
feature { name: "clicked" type: INT presence { min_fraction: 1.0 } }
"""
ERROR, WARNING = anomalies_pb2.AnomalyInfo.ERROR, anomalies_pb2.AnomalyInfo.WARNING
QUARTER = [1, 0, 0, 0]  # a quarter of the rows has the rarer label


class World:
    """The four artifacts of one run; good, until a test spoils them."""

    def __init__(self, folder):
        self.folder = folder
        for split, rows in (("train", 5), ("eval", 2), ("test", 1)):
            self.examples(split, [{"clicked": label} for label in rows * QUARTER])
            self.statistics(split, rows=4 * rows, ages=4 * rows)
            self.anomalies(split)
        self.write("schema/schema.pbtxt", SCHEMA.encode())

    def write(self, path, content):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def examples(self, split, rows):
        path = self.folder / "examples" / f"Split-{split}" / "data_tfrecord-0.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for row in rows:
                writer.write(as_example(row).SerializeToString())
        return path

    def statistics(self, split, *, rows, ages):
        age = statistics_pb2.FeatureNameStatistics(path={"step": ["age"]})
        age.num_stats.common_stats.tot_num_values = ages
        every = statistics_pb2.DatasetFeatureStatisticsList(
            datasets=[{"num_examples": rows, "features": [age]}]
        )
        self.write(f"statistics/Split-{split}/FeatureStats.pb", every.SerializeToString())

    def anomalies(self, split, **infos):
        found = anomalies_pb2.Anomalies()
        for column, (severity, description) in infos.items():
            info = found.anomaly_info[column]
            info.severity, info.description = severity, description
            info.short_description = description.partition(":")[0]
        self.write(f"anomalies/Split-{split}/SchemaDiff.pb", found.SerializeToString())

    def uris(self):
        names = ("examples", "statistics", "anomalies", "schema")
        return {f"{name}_uri": str(self.folder / name) for name in names}

    def verdict(self, declaration=CLICKED, **thresholds):
        limits = Thresholds(**{"min_rows": 20, **thresholds})
        settings = DataGateSettings(declaration=declaration, thresholds=limits)
        verdict = judge_data(settings, **self.uris())
        # Whatever it says must survive the file: a gate that raises publishes nothing.
        verdict.write(self.folder / "verdict")
        assert Verdict.read(self.folder / "verdict") == verdict
        return verdict


def as_example(row):
    kinds = {int: "int64_list", float: "float_list", bytes: "bytes_list"}
    example = tf.train.Example()
    for name, value in row.items():
        if value is not None:
            getattr(example.features.feature[name], kinds[type(value)]).value.append(value)
    return example


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def failed(verdict):
    return {(r.metric, r.slice): r.value for r in verdict.results if not r.passed}


def result(verdict, metric, slice_name=""):
    (found,) = [r for r in verdict.results if (r.metric, r.slice) == (metric, slice_name)]
    return found


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


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("least", [0.0, 0.01])
def test_a_constant_label_never_passes(world, label, least):
    for split in ("train", "eval", "test"):
        world.examples(split, [{"clicked": label}] * 20)
    verdict = world.verdict(min_label_share=least)
    assert failed(verdict) == {("label_share", ""): 0}
    assert result(verdict, "label_share").detail == 'the label "clicked" is the same in every row'


@pytest.mark.parametrize("rare", [0, 1])
@pytest.mark.parametrize(("least", "passed"), [(0.25, True), (0.2501, False)])
def test_the_share_of_the_rarer_label(world, rare, least, passed):
    for split in ("train", "eval", "test"):
        world.examples(split, [{"clicked": abs(label - 1 + rare)} for label in 5 * QUARTER])
    verdict = world.verdict(min_label_share=least)
    assert failed(verdict) == ({} if passed else {("label_share", ""): 0.25})


def test_labels_that_are_neither_0_nor_1_or_missing(world):
    spoilt = [{"clicked": 2}, {"clicked": -1}, {"clicked": None}]
    world.examples("train", [{"clicked": label} for label in 5 * QUARTER] + spoilt)
    verdict = world.verdict()
    assert failed(verdict) == {("labels_unusable", ""): 3}
    text = 'rows whose label "clicked" is missing or neither 0 nor 1'
    assert result(verdict, "labels_unusable").detail == text
    # Of the usable ones, a quarter is still positive.
    assert result(verdict, "label_share").value == 0.25


@pytest.mark.parametrize("value", [1.0, b"yes"])
def test_a_label_of_another_type_than_the_schema(world, value):
    world.examples("eval", [{"clicked": value}])
    verdict = world.verdict()
    assert failed(verdict) == {("label_share", ""): None}
    assert '"clicked" cannot be read' in result(verdict, "label_share").detail
    assert result(verdict, "rows", "split=train").passed


def test_a_label_may_be_computed(world):
    trips = [(3.0, 10.0), (2.0, 10.0), (0.0, 10.0), (None, 10.0), (3.0, None)]
    for split in ("train", "eval", "test"):
        world.examples(split, [{"tips": tips, "fare": fare} for tips, fare in trips])
    verdict = world.verdict(BIG_TIP)
    assert failed(verdict) == {("labels_unusable", ""): 6}
    assert result(verdict, "label_share").value == pytest.approx(1 / 3)


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
