"""Many rows through a model for phones: a CSV file, or JSON, and back with the answers."""

import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from serving import answers, tables
from serving.cells import Value, parse_cell
from serving.contract import Input
from serving.edge import BATCH_ROWS, EdgeModel
from serving.errors import ServingError


def predict_csv(model: EdgeModel, data: Path, out: Path) -> None:
    """Writes the rows of a CSV file in their order, the columns of `answers.header` beside them.

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


def print_csv(model: EdgeModel, data: Path, stream: BinaryIO) -> None:
    """Does the same into a stream, as UTF-8; where a row cannot be read, nothing is printed."""
    with tempfile.TemporaryFile() as kept:
        text = io.TextIOWrapper(kept, encoding="utf-8", newline="")
        _write(model, data, text)
        text.flush()
        kept.seek(0)
        shutil.copyfileobj(kept, stream)
        text.detach()


def answer_json(model: EdgeModel, text: str) -> str:
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


def answer_rows(model: EdgeModel, rows: Any) -> list[dict[str, Any]]:
    """Returns the model's outputs for each row, by name, as Python's own types."""
    columns = {name: values.tolist() for name, values in model.predict(rows).items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _write(model: EdgeModel, data: Path, file: TextIO) -> None:
    header = tables.check_csv(data)
    label = model.metadata.label
    answered = (
        [*row.cells, *answers.cells(label, answer)] for row, answer in _answered(model, data)
    )
    tables.write_rows(file, [*header, *answers.header(label)], answered)


def _answered(model: EdgeModel, data: Path) -> Iterator[tuple[tables.Row, dict[str, Any]]]:
    header = tables.read_header(data)
    rows = tables.read_rows(data, dict(_parser(i, header) for i in model.metadata.inputs))
    while batch := list(islice(rows, BATCH_ROWS)):
        yield from zip(batch, answer_rows(model, [row.values for row in batch]), strict=True)


def _parser(tensor: Input, header: list[str]) -> tuple[str, tables.Parser]:
    """Returns the column that an input is read from, and what reads its cells."""

    def parse(cell: str, where: str) -> Value | None:
        try:
            return parse_cell(cell, tensor.dtype)
        except ValueError as error:
            raise ServingError(
                f"{where}: {error}",
                expected=f"{tensor.unit}: the model takes no dates in text" if tensor.unit else "",
                fix="correct it, or leave the cell empty",
            ) from None

    by_name = tensor.name in header and tensor.column not in header
    return (tensor.name if by_name else tensor.column), parse


def _plain(value: Any) -> Any:
    """Returns a value as JSON holds it, with the digits that a float32 has."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value
