"""The rows that files for phones are tried on, and what the served model answers to them."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from components import examples
from components.dense_rows import Rows, dense_rows
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.outputs import MEASURED
from usecase.schema import Column

# The sets of rows: of the data; made to hurt; and with numbers far from those of the data.
TEST, HURTFUL, EXTREME = "test", "hurtful", "extreme"
COMBINATIONS = 200  # of each set that is made, drawn at random
USUAL_ROWS = 20  # of the data, for the values between those that hurt

# What columns hold at their worst, beside nothing at all. Beyond 1e30 the network's own sums would
# leave float32, and there would be no right answer; nor is there below 1.2e-38, where TensorFlow
# takes numbers for 0.
WORST: dict[str, list[Any]] = {
    "float32": [0.0, -0.0, 1.0, -1.0, 1.2e-38, -1.2e-38, 1e9, -1e9, 1e30, -1e30],
    "int64": [0, 1, -1, 2, 2**31, 2**53 + 1, 2**63 - 1, -(2**63) + 1],
    "string": [" ", "unheard-of", "\N{SNOWMAN} Zürich 東京", "x" * 300, "line\nbreak", "True", "0"],
}


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
    answers, labels, usual = [], [], None
    for number, serialized in enumerate(examples.batches(examples_uri, split)):
        rows = dense_rows(declaration, serialized)
        usual = rows if usual is None else usual
        _write(folder, TEST, number, rows)
        answers.append(signatures["serving_default"](examples=serialized)[output].numpy())
        transformed = signatures["transform_features"](examples=serialized)
        labels.append(transformed[declaration.label.key].numpy())
    if usual is None:
        raise ValueError(f"the split {split} has no row")
    right = {TEST: np.concatenate(answers)}
    for name, rows in made_rows(declaration, usual).items():
        _write(folder, name, 0, rows)
        tensors = {key: tf.constant(values) for key, values in rows.items()}
        right[name] = signatures["serving_raw"](**tensors)[output].numpy()
    return Expected(right, np.concatenate(labels))


def made_rows(declaration: Declaration, usual: Rows) -> dict[str, Rows]:
    """Returns rows made to hurt, and rows of extreme numbers.

    Each set begins with usual rows in which one value is missing or at its worst; rows in which
    many are follow, combined at random (but always the same). The first row of those made to hurt
    has no value at all.

    Numbers that reach the network as numbers are extreme when they are far from the data: the sums
    that they enter nearly cancel, and rounding shows earlier. All else only hurts.

    Args:
        declaration: The columns and what they are used as.
        usual: Rows of the data, [rows] an input.
    """
    inputs = declaration.inputs
    known = {c.input_name: usual[c.input_name][:USUAL_ROWS].tolist() for c in inputs}
    worst = {c.input_name: WORST[c.dtype] for c in inputs}
    numbers = {c.input_name for f in declaration.features for c in f.columns if _is_number(f)}
    hurtful = {c.input_name: [c.missing] for c in inputs}
    for name in worst.keys() - numbers:
        hurtful[name] = [*hurtful[name], *worst[name]]
    extreme = {name: worst[name] for name in worst if name in numbers}
    nothing = {c.input_name: c.missing for c in inputs}
    sets = {HURTFUL: [nothing, *_rows(known, hurtful)], EXTREME: _rows(known, extreme)}
    return {
        name: {c.input_name: _array(c, [row[c.input_name] for row in rows]) for c in inputs}
        for name, rows in sets.items()
    }


def _is_number(feature: Feature) -> bool:
    """Whether its columns reach the network as numbers, or a function that may do anything."""
    return not feature.has_id or feature.function is not None


def _rows(known: dict[str, list[Any]], bad: dict[str, list[Any]]) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    plain = {name: values[0] for name, values in known.items()}
    rows = [{**plain, name: value} for name, values in bad.items() for value in values]
    for _ in range(COMBINATIONS):
        row = {name: values[random.integers(len(values))] for name, values in known.items()}
        picked = [name for name in bad if random.random() < 1 / 2]
        rows.append({**row, **{n: bad[n][random.integers(len(bad[n]))] for n in picked}})
    return rows


def _array(column: Column, values: list[Any]) -> np.ndarray:
    if column.dtype != "string":
        return np.array(values, column.dtype)
    return np.array([v if isinstance(v, bytes) else v.encode() for v in values], object)


def _write(folder: Path, name: str, number: int, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}-{number:06d}.npz", **rows)
