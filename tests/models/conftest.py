"""One run of Transform over every role, shared by the tests of preprocessing and of signatures."""

import math
from typing import NamedTuple

import numpy as np
import pytest

from models.inputs import Split
from usecase.features import Declaration, Feature, LabelColumn

NAN = math.nan
ABSENT = None
INT64_MIN = -(2**63)
ROWS = 48


def declared(name, role, dtype, **options):
    return Feature(name=name, role=role, dtype=dtype, **options)


DECLARATION = Declaration(
    features=(
        declared("fare", "numeric", "float32"),
        declared("fixed", "numeric", "float32"),
        declared("weight", "numeric", "float32", optional=True),
        declared("age", "numeric", "int64", optional=True, lowest=0, highest=120),
        declared("debt", "numeric", "int64"),
        declared("distance", "bucketized", "float32", optional=True, buckets=4),
        declared("seconds", "bucketized", "int64", lowest=0, buckets=3),
        declared("color", "categorical_string", "string", max_vocabulary=3),
        declared("town", "categorical_string", "string", min_count=2),
        declared("code", "categorical_integer", "int64"),
        declared("hour", "categorical_integer", "int64", lowest=0, highest=5),
        declared("delta", "categorical_integer", "int64", lowest=-2, highest=2),
        declared("member", "boolean", "string"),
        declared("paid", "boolean", "int64", lowest=0, highest=1),
        declared("active", "boolean", "float32"),
        declared("unseen", "numeric", "float32", optional=True),
    ),
    label_name="big",
    label_function="models.taxi.big_tip",
    label_columns=(
        LabelColumn(name="tips", dtype="float32"),
        LabelColumn(name="fare", dtype="float32"),
    ),
)


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
    }
    for row, name, value in [
        *((0, "weight", ABSENT), (1, "weight", NAN), (2, "age", ABSENT), (3, "age", -1)),
        *((4, "debt", INT64_MIN), (5, "distance", ABSENT), (6, "distance", NAN)),
        *((7, "seconds", -1), (8, "hour", -1), (9, "delta", INT64_MIN), (10, "paid", -1)),
        *((11, "active", NAN), (12, "active", ABSENT), (13, "tips", ABSENT)),
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


def read_back(folder, output):
    """Reads what Transform wrote as training does, then undoes the order."""
    from models.inputs import read_split

    split = read_split([f"{folder}*"], output.transformed_feature_spec(), DECLARATION.label_key)
    order = np.argsort(split.features["fare_xf"], kind="stable")
    split.features = {name: values[order] for name, values in split.features.items()}
    split.label = split.label[order]
    return split


@pytest.fixture(scope="session")
def transformed(tmp_path_factory):
    import apache_beam as beam
    import tensorflow_transform as tft
    import tensorflow_transform.beam as tft_beam

    from models.preprocessing import preprocessing_fn
    from models.signatures import feature_spec

    folder = tmp_path_factory.mktemp("transform")
    raw_spec = feature_spec(DECLARATION, with_label=True)
    metadata = tft.DatasetMetadata.from_feature_spec(raw_spec)
    train, served = by_fare(make_train()), by_fare(SERVED)
    config = {"declaration": DECLARATION.model_dump_json()}

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
    splits = [read_back(folder / name, output) for name in ("train", "served")]
    return Transformed(DECLARATION, output, train, served, *splits)
