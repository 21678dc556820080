"""The rows that a model server is asked, and what the model itself answers to them."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from components import examples
from components.dense_rows import Rows, dense_rows
from components.serving_answers import Answers
from usecase.declaration import Declaration

EXAMPLES, RAW = "serving_default", "serving_raw"  # the signatures that clients use
EXAMPLES_INPUT = "examples"
AT_ONCE = 256  # rows a request


class NoAnswerError(Exception):
    """The model gives no answers even in this process; the text says why, in one line."""


class Trials(NamedTuple):
    """Rows, as either signature takes them, and the right answers.

    Attributes:
        serialized: tf.Examples, bytes [rows].
        columns: Dense columns by input, [rows] each, sentinels where a value is missing.
        right: By signature, the model's outputs by name, [rows] or [rows, classes] each.
    """

    serialized: np.ndarray
    columns: Rows
    right: dict[str, Answers]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.serialized)


def make_trials(
    declaration: Declaration, saved_model: str, examples_uri: str, split: str, most: int
) -> Trials:
    """Reads rows of the data, puts rows with missing values before them, and asks the model.

    Args:
        declaration: Its inputs.
        saved_model: The model.
        examples_uri: The Examples artifact.
        split: Its split to take.
        most: Most rows to take from it.

    Raises:
        NoAnswerError: If the model cannot be loaded here, or does not answer.
    """
    signatures = _load(saved_model)
    usual = _rows(examples_uri, split, most)
    rows = [*_with_missing_values(declaration, usual[0]), *usual]
    serialized = np.array(rows, object)
    columns = dense_rows(declaration, tf.constant(rows))
    inputs: dict[str, Rows] = {EXAMPLES: {EXAMPLES_INPUT: serialized}, RAW: columns}
    right = {name: _ask(signatures[name], name, given) for name, given in inputs.items()}
    return Trials(serialized, columns, right)


def part(rows: Rows, start: int | None, stop: int | None) -> Rows:
    """Returns some of the rows."""
    return {name: values[start:stop] for name, values in rows.items()}


def _load(saved_model: str) -> Any:
    try:
        signatures = tf.saved_model.load(saved_model).signatures
    except Exception as error:  # TensorFlow raises whatever it likes of a bad model
        raise NoAnswerError(f"the model cannot be loaded: {first_line(error)}") from error
    if missing := [name for name in (EXAMPLES, RAW) if name not in signatures]:
        raise NoAnswerError(f"the model has no signature {' and no signature '.join(missing)}")
    return signatures


def _rows(examples_uri: str, split: str, most: int) -> list[bytes]:
    rows: list[bytes] = []
    for batch in examples.batches(examples_uri, split):
        rows += batch.numpy().tolist()
        if len(rows) >= most:
            break
    if not rows:
        raise ValueError(f"the split {split} has no row")
    return rows[:most]


def _with_missing_values(declaration: Declaration, usual: bytes) -> list[bytes]:
    """Returns a row without each of its values in turn, then one without any."""
    names = [column.name for column in declaration.inputs]
    made = []
    for absent in [*([name] for name in names), names]:
        example = tf.train.Example.FromString(usual)
        for name in absent:
            example.features.feature.pop(name, None)
        made.append(example.SerializeToString())
    return made


def _ask(signature: Any, name: str, rows: Rows) -> Answers:
    """Returns the answers to all rows, asked as a server will be: so many at once."""
    count = len(next(iter(rows.values())))
    parts = []
    try:
        for start in range(0, count, AT_ONCE):
            tensors = {k: tf.constant(v) for k, v in part(rows, start, start + AT_ONCE).items()}
            parts.append({k: v.numpy() for k, v in signature(**tensors).items()})
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise NoAnswerError(f"{name} does not answer: {first_line(error)}") from error
    return {key: np.concatenate([one[key] for one in parts]) for key in parts[0]}


def first_line(error: Exception) -> str:
    """Returns what an error says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
