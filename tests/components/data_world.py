"""The artifacts that the data gate reads, small and written by hand."""

import tensorflow as tf
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.data_checks import judge_data
from components.settings import DataGateSettings
from components.verdict import Verdict
from usecase.config import DataGate as Thresholds
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.labels import LabelSpec
from usecase.roles import Numeric
from usecase.schema import Column

AGE = Column(name="age", dtype="int64")


def declared(task, *columns, name="clicked", function=None, classes=()):
    """Returns a declaration of one feature and a label of columns, {name: dtype} each."""
    made = tuple(Column(name=column, dtype=dtype) for column, dtype in columns)
    label = LabelSpec(name=name, task=task, function=function, columns=made, classes=classes)
    age = Feature(name="age", declared=Numeric(), columns=(AGE,), value=AGE)
    return Declaration(features=(age,), label=label)


CLICKED = declared("binary", ("clicked", "int64"))
BIG_TIP = declared(
    "binary",
    ("tips", "float32"),
    ("fare", "float32"),
    name="big_tip",
    function="models.taxi.big_tip",
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


def failed(verdict):
    return {(r.metric, r.slice): r.value for r in verdict.results if not r.passed}


def result(verdict, metric, slice_name=""):
    (found,) = [r for r in verdict.results if (r.metric, r.slice) == (metric, slice_name)]
    return found
