"""One pushed version in all its shapes, each ready to be asked about the same rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rounds import Call
from serving.edge import EdgeModel
from serving.rows import tensors

SERVED = "SavedModel, serving_raw"
Row = Mapping[str, Any]


def of_version(serving: Path, mobile: Path, rows: list[Row]) -> dict[str, Call]:
    """Returns what answers to the rows, by name; the served model comes first.

    Each has an interpreter of its own: it would have to make room anew for another number of rows.

    Args:
        serving: The folder of the pushed SavedModel.
        mobile: That of the files for phones.
        rows: One row or more, as an app has them.
    """
    variants = [file.variant for file in EdgeModel(mobile).metadata.files.values()]
    arrays = tensors(EdgeModel(mobile).metadata.inputs, rows)
    calls = {SERVED: _served(serving, arrays)}
    for variant in variants:
        calls[f"{variant}, interpreter"] = _interpreter(mobile, variant, arrays)
        calls[f"{variant}, EdgeModel on a list of rows"] = _edge_model(mobile, variant, rows)
        calls[f"{variant}, EdgeModel on arrays"] = _edge_model(mobile, variant, arrays)
    return calls


def rows_of_test_split(examples: Path, mobile: Path, count: int) -> list[Row]:
    """Returns rows of the test split, missing values left out.

    Args:
        examples: The Examples artifact.
        mobile: The version whose inputs are wanted.
        count: How many rows.
    """
    import tensorflow as tf

    inputs = EdgeModel(mobile).metadata.inputs
    kinds = {"float32": "float_list", "int64": "int64_list", "string": "bytes_list"}
    files = sorted(map(str, (examples / "Split-test").glob("*.gz")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(count)
    rows: list[Row] = []
    for record in records.as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        values = {i.column: getattr(features[i.column], kinds[i.dtype]).value for i in inputs}
        rows.append({column: found[0] for column, found in values.items() if found})
    return rows


def _served(serving: Path, arrays: dict[str, np.ndarray]) -> Call:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(serving))

    def call() -> object:
        given = {name: tf.constant(values) for name, values in arrays.items()}
        outputs = loaded.signatures["serving_raw"](**given)
        return [output.numpy() for output in outputs.values()]

    return call


def _interpreter(mobile: Path, variant: str, arrays: dict[str, np.ndarray]) -> Call:
    from ai_edge_litert.interpreter import Interpreter

    model = EdgeModel(mobile, variant)
    interpreter = Interpreter(model_path=str(model.path), num_threads=1)
    runner = interpreter.get_signature_runner(model.metadata.signature)
    return lambda: runner(**arrays)


def _edge_model(mobile: Path, variant: str, rows: list[Row] | dict[str, np.ndarray]) -> Call:
    model = EdgeModel(mobile, variant)
    return lambda: model.predict(rows)
