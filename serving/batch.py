"""Many rows through a model: a CSV file, or JSON, and back with the answers."""

import base64
import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

import numpy as np

from serving import tables
from serving.errors import ServingError

BATCH_ROWS = 1024  # read, answered and written in one piece, so that memory stays bounded


class Answering(Protocol):
    """A model that answers to rows, wherever it runs."""

    def parsers(self, data: Path, header: Sequence[str]) -> Mapping[str, tables.Parser]:
        """Returns what reads the cells of each column that the model takes.

        Args:
            data: A CSV file.
            header: The names of its columns.

        Raises:
            ServingError: If a model cannot take its rows from a file.
        """

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Returns the model's outputs, one a row.

        Args:
            rows: A list of dicts.

        Raises:
            ServingError: If the model cannot take them.
        """

    def header(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns the names of the columns that are added to a file, of the first row's answer."""

    def cells(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns what is added to a row, in the order of `header`."""


def predict_csv(model: Answering, data: Path, out: Path) -> None:
    """Writes the rows of a CSV file in their order, the model's columns beside them.

    Args:
        model: The model.
        data: The rows; columns that the model does not read are passed through.
        out: The file to write; it is replaced when the new one is whole.

    Raises:
        ServingError: If a row cannot be read, or the folder of the output is not there.
    """
    if not out.absolute().parent.is_dir():
        raise ServingError(
            f"output folder does not exist: {out.absolute().parent}",
            fix="create it, or choose another --out",
        )
    with tables.whole_file(out) as file:
        _write(model, data, file)


def print_csv(model: Answering, data: Path, stream: BinaryIO) -> None:
    """Does the same into a stream, as UTF-8; where a row cannot be read, nothing is printed."""
    with tempfile.TemporaryFile() as kept:
        text = io.TextIOWrapper(kept, encoding="utf-8", newline="")
        _write(model, data, text)
        text.flush()
        kept.seek(0)
        shutil.copyfileobj(kept, stream)
        text.detach()


def answer_json(model: Answering, text: str) -> str:
    """Returns the answers to rows in JSON, in JSON.

    Args:
        model: The model.
        text: One row as an object, or a list of them.

    Returns:
        An object of outputs, or a list of them; a number that is not finite is null.

    Raises:
        ServingError: If it is no JSON, or a row cannot be read.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ServingError(
            f"--json is not readable ({error})",
            expected='one row, {"column": value}, or a list of rows',
            fix="put it into single quotes, and names and text into double ones",
        ) from error
    found = [
        {name: _plain(value) for name, value in answer.items()}
        for answer in answer_rows(model, [rows] if isinstance(rows, dict) else rows)
    ]
    return json.dumps(found[0] if isinstance(rows, dict) else found)


def answer_rows(model: Answering, rows: Any) -> list[dict[str, Any]]:
    """Returns the model's outputs for each row, by name, as Python's own types."""
    found = model.predict(rows)
    for name, values in found.items():
        if not values.ndim or len(values) != len(rows):
            raise ServingError(
                f'output "{name}" has the shape {list(values.shape)} for {len(rows)} rows',
                expected="one answer a row",
                fix="ask for it in Python: ServingClient(...).predict(rows)",
            )
    columns = {name: values.tolist() for name, values in found.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _write(model: Answering, data: Path, file: TextIO) -> None:
    header = tables.check_csv(data)
    answered = _answered(model, data)
    first = next(answered)  # a checked file has a row
    rows = ([*row.cells, *model.cells(answer)] for row, answer in chain([first], answered))
    tables.write_rows(file, [*header, *model.header(first[1])], rows)


def _answered(model: Answering, data: Path) -> Iterator[tuple[tables.Row, dict[str, Any]]]:
    rows = tables.read_rows(data, model.parsers(data, tables.read_header(data)))
    while batch := list(islice(rows, BATCH_ROWS)):
        yield from zip(batch, answer_rows(model, [row.values for row in batch]), strict=True)


def digits(value: float) -> str:
    """Returns a number with all digits that it has, and with no more if it is a float32."""
    with np.errstate(over="ignore"):
        return f"{value:.9g}" if np.float32(value) == value else repr(value)


def _plain(value: Any) -> Any:
    """Returns a value as JSON holds it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(digits(value)) if math.isfinite(value) else None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    return value
