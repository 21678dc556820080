"""The rows that files for phones are tried on, and what the served model answers to them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from components import examples
from models.columns import dense
from models.signatures import feature_spec
from usecase.declaration import Declaration
from usecase.outputs import MEASURED
from usecase.schema import Column

TEST, HURTFUL = "test", "hurtful"  # the sets of rows
COMBINATIONS = 200  # of hurtful values, drawn at random

# What columns hold at their worst, beside nothing at all. Beyond 1e30 the network's own sums would
# leave float32, and there would be no right answer; nor is there below 1.2e-38, where TensorFlow
# takes numbers for 0.
WORST: dict[str, list[Any]] = {
    "float32": [0.0, -0.0, 1.0, -1.0, 1.2e-38, -1.2e-38, 1e9, -1e9, 1e30, -1e30],
    "int64": [0, 1, -1, 2, 2**31, 2**53 + 1, 2**63 - 1, -(2**63) + 1],
    "string": [" ", "unheard-of", "\N{SNOWMAN} Zürich 東京", "x" * 300, "line\nbreak", "True", "0"],
}

Rows = dict[str, np.ndarray]


class Expected(NamedTuple):
    """What the served model answers.

    Attributes:
        answers: By set of rows, float32 [rows] or [rows, classes].
        labels: Of the test rows, float32 [rows].
    """

    answers: dict[str, np.ndarray]
    labels: np.ndarray


def write_trials(
    declaration: Declaration, saved_model: str, examples_uri: str, split: str, folder: Path
) -> Expected:
    """Writes rows for the phone, and asks the served model for the right answers.

    Args:
        declaration: Features and label.
        saved_model: The served model.
        examples_uri: The Examples artifact.
        split: Its split to take.
        folder: Where `components.tflite_probe` finds the rows.
    """
    signatures = tf.saved_model.load(saved_model).signatures
    output = MEASURED[declaration.label.task]
    answers, labels, first = [], [], None
    for number, serialized in enumerate(examples.batches(examples_uri, split)):
        rows = dense_rows(declaration, serialized)
        first = rows if first is None else first
        _write(folder, TEST, number, rows)
        answers.append(signatures["serving_default"](examples=serialized)[output].numpy())
        transformed = signatures["transform_features"](examples=serialized)
        labels.append(transformed[declaration.label.key].numpy())
    if first is None:
        raise ValueError(f"the split {split} has no row")
    hurtful = hurtful_rows(declaration.inputs, first)
    _write(folder, HURTFUL, 0, hurtful)
    right = signatures["serving_raw"](**{name: tf.constant(v) for name, v in hurtful.items()})
    return Expected(
        {TEST: np.concatenate(answers), HURTFUL: right[output].numpy()}, np.concatenate(labels)
    )


def dense_rows(declaration: Declaration, serialized: tf.Tensor) -> Rows:
    """Returns tf.Examples as a phone is given them: [rows] an input, sentinels where missing.

    Args:
        declaration: Its inputs.
        serialized: Serialized tf.Examples, string [rows].
    """
    parsed = tf.io.parse_example(serialized, feature_spec(declaration))
    return {c.input_name: dense(c, parsed[c.name]).numpy() for c in declaration.inputs}


def hurtful_rows(inputs: tuple[Column, ...], usual: Mapping[str, np.ndarray]) -> Rows:
    """Returns rows made to hurt.

    One with every value missing, then usual rows in which one value is missing or at its worst,
    then rows of such values alone, combined at random (but always the same).

    Args:
        inputs: The columns.
        usual: Rows of the data, [rows] an input.
    """
    random = np.random.default_rng(0)
    worst = {c.input_name: [c.missing, *WORST[c.dtype]] for c in inputs}
    plain = {name: values[:1].tolist()[0] for name, values in usual.items()}
    rows = [{c.input_name: c.missing for c in inputs}]
    rows += [{**plain, name: value} for name, values in worst.items() for value in values]
    for _ in range(COMBINATIONS):
        rows.append({name: values[random.integers(len(values))] for name, values in worst.items()})
    return {c.input_name: _array(c, [row[c.input_name] for row in rows]) for c in inputs}


def _array(column: Column, values: list[Any]) -> np.ndarray:
    if column.dtype != "string":
        return np.array(values, column.dtype)
    return np.array([v if isinstance(v, bytes) else v.encode() for v in values], object)


def _write(folder: Path, name: str, number: int, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}-{number:06d}.npz", **rows)
