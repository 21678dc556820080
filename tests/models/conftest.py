"""One run of Transform over every role, shared by the tests of features and of signatures."""

import datetime
import functools
from typing import NamedTuple

import numpy as np
import pytest

from models.inputs import Split
from tests.models import own_functions
from tests.models.declarations import (
    ABSENT,
    INT64_MAX,
    INT64_MIN,
    NAN,
    crossed,
    declared,
    label_column,
    made,
)
from usecase.declaration import Declaration
from usecase.labels import LabelSpec
from usecase.roles import (
    Boolean,
    Bucketized,
    CategoricalInteger,
    CategoricalString,
    DateTime,
    Numeric,
)
from usecase.schema import Column

ROWS = 48
ALL_PARTS = ("hour", "day_of_week", "day_of_month", "day_of_year", "month", "year")

AGE = declared("age", Numeric(), "int64", optional=True, lowest=0, highest=120)
WEIGHT = declared("weight", Numeric(), "float32", optional=True)
DEBT = declared("debt", Numeric(), "int64")
COLOR = declared("color", CategoricalString(max_vocabulary=3), "string")

DECLARATION = Declaration(
    features=(
        declared("fare", Numeric(), "float32"),
        declared("fixed", Numeric(), "float32"),
        declared("tenth", Numeric(), "float32"),
        WEIGHT,
        AGE,
        DEBT,
        declared("unseen", Numeric(), "float32", optional=True),
        declared("celsius", Numeric(scaling="min_max"), "float32", optional=True),
        declared("floor", Numeric(scaling="min_max"), "int64"),
        declared("level", Numeric(scaling="min_max"), "float32"),
        declared("unseen_range", Numeric(scaling="min_max"), "float32", optional=True),
        declared("balance", Numeric(scaling="log"), "float32", optional=True),
        declared("votes", Numeric(scaling="log"), "int64", lowest=0),
        declared("flat", Numeric(scaling="log"), "float32"),
        declared("unseen_log", Numeric(scaling="log"), "int64", optional=True),
        declared("distance", Bucketized(buckets=4), "float32", optional=True),
        declared("seconds", Bucketized(buckets=3), "int64", lowest=0),
        declared("unseen_bucket", Bucketized(buckets=3), "float32"),
        COLOR,
        declared("town", CategoricalString(min_count=2), "string"),
        declared("unseen_word", CategoricalString(), "string"),
        declared("code", CategoricalInteger(), "int64"),
        declared("grade", CategoricalInteger(max_vocabulary=2, min_count=9), "int64", lowest=0),
        declared("hour", CategoricalInteger(), "int64", lowest=0, highest=5),
        declared("delta", CategoricalInteger(), "int64", lowest=-2, highest=2),
        declared("member", Boolean(), "string"),
        declared("open", Boolean(), "string", truth=("closed", "ouvert")),
        declared("paid", Boolean(), "int64", lowest=0, highest=1),
        declared("active", Boolean(), "float32"),
        declared("picked_up", DateTime(parts=ALL_PARTS), "int64"),
        declared(
            "landed",
            DateTime(parts=("year", "hour", "day_of_week"), utc_offset_hours=-9.5),
            "int64",
            lowest=0,
        ),
        made("load", Numeric, own_functions.load, AGE, WEIGHT),
        made("sevens", Bucketized, own_functions.in_sevens, DEBT, buckets=2),
        made("last_digit", CategoricalInteger, own_functions.last_digit, DEBT),
        made("initial", CategoricalString, own_functions.initial, COLOR, mobile=False),
        made("heavy", Boolean, own_functions.heavy, WEIGHT),
        crossed("color_by_hour", "color", "hour"),
        crossed("heavy_by_code", "heavy", "code"),
    ),
    label=LabelSpec(
        name="big",
        task="binary",
        function="models.taxi.big_tip",
        columns=(Column(name="tips", dtype="float32"), Column(name="fare", dtype="float32")),
    ),
)

# What only some tests take, with other labels.
FEW = ("fare", "color", "hour", "color_by_hour")
CLASSES = ("B b", "Ç", "Aa")
LABELS = {
    "multiclass": label_column("string", name="town", task="multiclass", classes=CLASSES),
    "regression": label_column("float32", name="tips", task="regression"),
}


def second(*date):
    return int(datetime.datetime(*date, tzinfo=datetime.timezone.utc).timestamp())


def make_train():
    """Returns {column: values}; every kind of missing value occurs, and must not be learned."""
    random = np.random.default_rng(7)
    rank = random.permutation(ROWS)
    columns = {
        # All different, so that rows can be told apart after Beam has shuffled them.
        "fare": [float(v) for v in 10 + rank + random.uniform(0, 0.5, ROWS)],
        "tips": [float(v) for v in random.uniform(0, 8, ROWS)],
        "fixed": [2.5] * ROWS,
        "weight": [float(v) for v in random.normal(70, 12, ROWS)],
        "age": random.integers(0, 100, ROWS).tolist(),
        "debt": random.integers(-1000, 1000, ROWS).tolist(),
        "distance": [float(v) for v in random.permutation(ROWS)],
        "seconds": random.permutation(ROWS).tolist(),
        "color": ["red"] * 20 + ["green"] * 12 + ["blue"] * 8 + ["teal"] * 4 + [""] * 4,
        "town": ["Aa"] * 30 + ["B b"] * 10 + ["Ç"] * 5 + ["rare", ABSENT, ""],
        "code": [300] * 20 + [-7] * 15 + [17001] * 10 + [INT64_MIN, INT64_MIN, ABSENT],
        "hour": (np.arange(ROWS) % 6).tolist(),
        "delta": (np.arange(ROWS) % 5 - 2).tolist(),
        "member": ["true", "No", "T", "0", "maybe", ""] * (ROWS // 6),
        "paid": (np.arange(ROWS) % 2).tolist(),
        "active": [float(v) for v in np.arange(ROWS) % 3],
        "unseen": [ABSENT] * ROWS,
        "tenth": [0.1] * ROWS,
        "celsius": [float(v) for v in random.uniform(-30, 40, ROWS)],
        "floor": random.integers(-3, 40, ROWS).tolist(),
        "level": [-4.25] * ROWS,
        "unseen_range": [ABSENT, NAN] * (ROWS // 2),
        "balance": [
            float(v) for v in random.normal(0, 1, ROWS) * 10.0 ** random.normal(2, 2, ROWS)
        ],
        "votes": (random.integers(0, 10, ROWS) ** 6).tolist(),
        "flat": [-0.7] * ROWS,
        "unseen_log": [ABSENT, INT64_MIN] * (ROWS // 2),
        "unseen_bucket": [NAN, ABSENT] * (ROWS // 2),
        "unseen_word": ["", ABSENT] * (ROWS // 2),
        "grade": [7] * 22 + [0] * 13 + [3] * 10 + [2] * 3,
        "open": ["ouvert", "closed", "true", ""] * (ROWS // 4),
        "picked_up": random.integers(second(1890, 1, 1), second(2110, 1, 1), ROWS).tolist(),
        "landed": random.integers(0, second(2040, 1, 1), ROWS).tolist(),
    }
    for row, name, value in [
        *((0, "weight", ABSENT), (1, "weight", NAN), (2, "age", ABSENT), (3, "age", -1)),
        *((4, "debt", INT64_MIN), (5, "distance", ABSENT), (6, "distance", NAN)),
        *((7, "seconds", -1), (8, "hour", -1), (9, "delta", INT64_MIN), (10, "paid", -1)),
        *((11, "active", NAN), (12, "active", ABSENT), (13, "tips", ABSENT)),
        *((14, "tenth", NAN), (15, "celsius", ABSENT), (16, "celsius", NAN), (17, "floor", ABSENT)),
        *((18, "floor", INT64_MIN), (19, "level", NAN), (20, "balance", NAN)),
        *((21, "balance", ABSENT), (22, "votes", -1), (23, "votes", ABSENT), (24, "flat", ABSENT)),
        *((25, "grade", -1), (26, "grade", ABSENT), (27, "open", ABSENT)),
        *((28, "picked_up", INT64_MIN), (29, "picked_up", ABSENT), (30, "landed", -1)),
        *((31, "landed", ABSENT), (32, "picked_up", -1), (33, "debt", ABSENT)),
    ]:
        columns[name][row] = value
    return columns


SERVED = {
    "fare": [1.0, 2.0, 3.0, 4.0, 500.0, 6.0, 7.0],
    "tips": [0.2, 0.5, ABSENT, 1.0, 99.0, 1.3, 1.2],
    "fixed": [2.5, ABSENT, NAN, 2.5, 100.0, 2.0, 2.5],
    "weight": [70.5, ABSENT, NAN, 0.0, 1e9, 71.0, 60.0],
    "age": [33, ABSENT, -1, 0, 120, 44, 55],
    "debt": [-1, ABSENT, INT64_MIN, 0, 10**12, -500, 500],
    "distance": [20.0, ABSENT, NAN, -9.0, 1e9, 12.25, 35.5],
    "seconds": [20, ABSENT, -1, 0, 86400, 15, 32],
    "color": ["red", ABSENT, "", "teal", "RED", "green", "blue"],
    "town": ["B b", ABSENT, "", "rare", "Ç ", "Ç", "Aa"],
    "code": [17001, ABSENT, INT64_MIN, 0, 301, -7, 300],
    "hour": [5, ABSENT, -1, 6, -2, 0, 3],
    "delta": [2, ABSENT, INT64_MIN, 3, -3, -2, -1],
    "member": ["True", ABSENT, "", "1", "tRUE", "n", "FALSE"],
    "paid": [1, ABSENT, -1, 0, 7, 1, 0],
    "active": [1.0, ABSENT, NAN, -0.0, 0.25, 0.0, 2.0],
    "unseen": [3.0, ABSENT, NAN, -1.0, 0.0, 9.0, 7.0],
    "tenth": [0.1, ABSENT, NAN, 1.1, -0.4, 0.1, 0.1],
    "celsius": [0.0, ABSENT, NAN, -40.0, 90.0, 12.5, -0.0],
    "floor": [0, ABSENT, INT64_MIN, -1, 200, 39, -3],
    "level": [-4.25, ABSENT, NAN, 0.0, -5.0, -4.25, 3.0],
    "unseen_range": [0.5, ABSENT, NAN, -2.0, 0.0, 1.0, 7.0],
    "balance": [0.0, ABSENT, NAN, -1e-6, 1e30, -1e30, 5.0],
    "votes": [0, ABSENT, -1, 1, 2**62, 17, 10**6],
    "flat": [-0.7, ABSENT, NAN, 0.7, 0.0, -0.7, 99.0],
    "unseen_log": [1, ABSENT, INT64_MIN, -1, 0, 10, -100],
    "unseen_bucket": [1.0, ABSENT, NAN, -1.0, 0.0, 1e9, 2.0],
    "unseen_word": ["word", ABSENT, "", "a", "b", "c", "d"],
    "grade": [7, ABSENT, -1, 0, 3, 2, INT64_MIN + 1],
    "open": ["ouvert", ABSENT, "", "closed", "true", "0", "Ouvert"],
    "picked_up": [
        *(second(2000, 2, 29, 23, 59, 59), ABSENT, INT64_MIN, second(1900, 2, 28, 12)),
        *(INT64_MAX, INT64_MIN + 1, 0),
    ],
    "landed": [second(2024, 2, 29, 9, 29, 59), ABSENT, -1, 0, INT64_MAX, -2, second(2023, 12, 31)],
}


class Transformed(NamedTuple):
    """What a run of Transform took and gave; rows are in the order of `fare`."""

    declaration: Declaration
    output: object
    train: dict
    served: dict
    train_xf: Split
    served_xf: Split


def by_fare(columns):
    order = sorted(range(len(columns["fare"])), key=lambda row: columns["fare"][row])
    return {name: [values[row] for row in order] for name, values in columns.items()}


def instances(columns):
    """Returns one {column: [value] or []} a row."""
    return [
        {name: [] if value is ABSENT else [value] for name, value in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]


def read_back(folder, output, label_key):
    """Reads what Transform wrote as training does, then undoes the order."""
    from models.inputs import read_split

    split = read_split([f"{folder}*"], output.transformed_feature_spec(), label_key)
    order = np.argsort(split.features["fare_xf"], kind="stable")
    split.features = {name: values[order] for name, values in split.features.items()}
    split.label = split.label[order]
    return split


def run_transform(folder, declaration, train, served):
    """Runs tf.Transform on train rows, and applies what it learned to others."""
    import apache_beam as beam
    import tensorflow_transform as tft
    import tensorflow_transform.beam as tft_beam

    from models.preprocessing import preprocessing_fn
    from models.signatures import feature_spec

    raw_spec = feature_spec(declaration, with_label=True)
    metadata = tft.DatasetMetadata.from_feature_spec(raw_spec)
    train, served = by_fare(train), by_fare(served)
    config = {"declaration": declaration.model_dump_json()}

    def write(dataset, name):
        rows, transformed_metadata = dataset
        coder = tft.coders.ExampleProtoCoder(transformed_metadata.schema)
        path = str(folder / name)
        (
            rows
            | f"encode {name}" >> beam.Map(coder.encode)
            | name >> beam.io.WriteToTFRecord(path, file_name_suffix=".gz")
        )

    with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(folder / "tmp")):
        rows = pipeline | "train rows" >> beam.Create(instances(train), reshuffle=False)
        others = pipeline | "other rows" >> beam.Create(instances(served), reshuffle=False)
        dataset, function = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        write(dataset, "train")
        write(((others, metadata), function) | tft_beam.TransformDataset(), "served")
        function | tft_beam.WriteTransformFn(str(folder))

    output = tft.TFTransformOutput(str(folder))
    key = declaration.label.key
    splits = [read_back(folder / name, output, key) for name in ("train", "served")]
    return Transformed(declaration, output, train, served, *splits)


@pytest.fixture(scope="session")
def transformed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transform")
    return run_transform(folder, DECLARATION, make_train(), SERVED)


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    """Returns what Transform makes of few features and the label of a task."""

    @functools.cache
    def run(task):
        features = tuple(f for f in DECLARATION.features if f.name in FEW)
        declaration = Declaration(features=features, label=LABELS[task])
        columns = {c.name for c in (*declaration.inputs, *LABELS[task].columns)}
        rows = [{name: rows[name] for name in sorted(columns)} for rows in (make_train(), SERVED)]
        return run_transform(tmp_path_factory.mktemp(f"transform_{task}"), declaration, *rows)

    return run


@pytest.fixture(params=["train", "served"])
def column(request, transformed):
    """Returns the raw and the transformed values of a name; of the train rows, then of others."""
    raw = getattr(transformed, request.param)
    encoded = getattr(transformed, request.param + "_xf").features
    return lambda name: (raw.get(name), encoded[f"{name}_xf"])
