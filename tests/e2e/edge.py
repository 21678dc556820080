"""The served model and the files for phones, asked about the same rows."""

import csv
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.contract import Input
from serving.edge import EdgeModel

KINDS: dict[str, Callable[[str], Any]] = {"float32": float, "int64": int, "string": str}


def records(examples: Path, split: str) -> list[bytes]:
    """Returns the serialized examples of a split of an Examples artifact."""
    files = sorted(map(str, (examples / f"Split-{split}").glob("*.gz")))
    return list(tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator())


class Served:
    """A pushed SavedModel.

    Args:
        model: Its folder.
    """

    def __init__(self, model: Path) -> None:
        self._loaded = tf.saved_model.load(str(model))

    def __call__(self, examples: list[bytes]) -> dict[str, np.ndarray]:
        """Returns its answers to serialized examples, by output."""
        signature = self._loaded.signatures["serving_default"]
        return {k: v.numpy() for k, v in signature(examples=tf.constant(examples)).items()}


def integers(examples: list[bytes], column: str) -> list[int]:
    """Returns the values of a column that no example lacks."""
    parsed = map(tf.train.Example.FromString, examples)
    return [e.features.feature[column].int64_list.value[0] for e in parsed]


def without(example: bytes, column: str) -> bytes:
    """Returns an example that lacks a value."""
    parsed = tf.train.Example.FromString(example)
    parsed.features.feature[column].ClearField("kind")
    return parsed.SerializeToString()


def csv_rows(data: Path) -> list[dict[str, str]]:
    """Returns the rows of a CSV file, as text."""
    with data.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_values(model: EdgeModel, row: dict[str, str], date: Callable[[str], Any]) -> dict[str, Any]:
    """Returns a row of text as an app has it: each input's value, None where there is none.

    Args:
        model: Whose inputs are wanted.
        row: The text of every column.
        date: Reads a date in text.
    """
    return {i.column: _value(i, row[i.column], date) for i in model.metadata.inputs}


def _value(tensor: Input, cell: str, date: Callable[[str], Any]) -> Any:
    if not cell:
        return None
    is_text = bool(tensor.unit) and not cell.lstrip("-").isdecimal()
    return date(cell) if is_text else KINDS[tensor.dtype](cell)


def seconds(moment: datetime.datetime) -> int:
    """Returns the seconds since 1970 in UTC of a moment that knows its zone."""
    return int(moment.timestamp())


def only_number(answer: dict[str, np.ndarray]) -> str:
    """Returns the name of the output that is no class."""
    (name,) = answer.keys() - {"class"}
    return name


def furthest(right: np.ndarray, answers: np.ndarray, least: float = 1.0) -> float:
    """Returns the largest difference of an answer, as a share of the right one.

    Args:
        right: The right answers, float32.
        answers: Those to judge, of the same shape.
        least: Right answers below it are taken for that large.
    """
    assert right.shape == answers.shape
    assert right.dtype == answers.dtype == np.float32
    assert np.isfinite(right).all()
    wide = right.astype(np.float64)
    return float((np.abs(wide - answers) / np.maximum(least, np.abs(wide))).max())


def example_values(model: EdgeModel, example: bytes) -> dict[str, Any]:
    """Returns an example as an app has it: the values of the model's inputs that are there."""
    features = tf.train.Example.FromString(example).features.feature
    kinds = {"float32": "float_list", "int64": "int64_list", "string": "bytes_list"}
    lists = {i.column: getattr(features[i.column], kinds[i.dtype]) for i in model.metadata.inputs}
    return {column: values.value[0] for column, values in lists.items() if values.value}
