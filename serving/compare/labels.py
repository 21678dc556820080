"""The labels of rows: a column of their file, or what the model computes from other columns."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from serving import tables
from serving.cells import parse_cell
from serving.client import ServingClient
from serving.errors import ServingError, did_you_mean
from serving.names import input_name
from serving.remote.model_metadata import ModelMetadata
from serving.remote.signature_choice import column_types, examples_input
from serving.remote.transport import Fault
from serving.values import FLOATS

TRANSFORM = "transform_features"  # serialized tf.Examples to transformed features and the label
TRANSFORMED = "_xf"  # behind the names of its outputs, as the pipeline calls them
ROWS = 256  # of one request
MISSING = ("", "nan")
# What TensorFlow says of a feature of another type than a model parses it as.
WRONG_TYPE = re.compile(
    r"Key: (?P<column>.+?)(?:, Index: \d+)?\.\s+Data types don't match\."
    r".*?[Ee]xpected type: (?P<type>\w+)",
    re.DOTALL,
)
KINDS = {"float": "float32", "int64": "int64", "string": "string"}


@dataclass(frozen=True)
class Labels:
    """The labels of all rows, in their order.

    Attributes:
        name: The column, or the output that computes them.
        texts: Of a column: the cells, "" where the label is missing; else None.
        numbers: Of computed ones: class ids or numbers, NaN where missing; else None.
    """

    name: str
    texts: list[str] | None = None
    numbers: np.ndarray | None = None


def labels(
    name: str, data: Path, most: int, client: ServingClient, metadata: ModelMetadata
) -> Labels:
    """Returns the labels of a file's rows.

    Args:
        name: A column of the file; or, where it has none of that name, an output of the signature
            that transforms features, with or without `TRANSFORMED`.
        data: The file.
        most: How many rows to read.
        client: Asks the stable version.
        metadata: Of the stable version.

    Raises:
        ServingError: If there is no such label, or the server cannot compute it.
    """
    header = tables.read_header(data)
    if name in header:
        rows = islice(tables.read_rows(data, {name: _text}), most)
        texts = [_plain(row.values.get(name, b"")) for row in rows]
        return Labels(name, texts=texts)
    outputs = _transformed(metadata)
    for output in (name, f"{input_name(name)}{TRANSFORMED}"):
        if output in outputs:
            numbers = Computed(output, client, metadata).of(data, header, most)
            return Labels(name, numbers=numbers)
    computed = f", nor does the model's signature {TRANSFORM} compute it" if outputs else ""
    raise ServingError(
        f"{data} has no column {name}{computed}",
        expected="the column of labels, or an output that is computed from other columns",
        fix=did_you_mean(name, [*header, *outputs]),
    )


def _transformed(metadata: ModelMetadata) -> list[str]:
    """Returns the outputs of the signature that transforms tf.Examples; none without one."""
    signature = metadata.signatures.get(TRANSFORM)
    if signature is None or examples_input(signature) is None:
        return []
    return [*signature.outputs]


class Computed:
    """A label that the model computes from raw columns.

    The metadata tell the types of the columns that the model reads, and of no others. A type that
    is not known is told by the server, which refuses any other one by name.

    Args:
        name: The output that is the label.
        client: Asks the stable version.
        metadata: Of the stable version.
    """

    def __init__(self, name: str, client: ServingClient, metadata: ModelMetadata) -> None:
        self._name = name
        self._client = client
        self._known = column_types(metadata)
        self._kinds: dict[str, str] = {}

    def of(self, data: Path, header: list[str], most: int) -> np.ndarray:
        """Returns the label of each row, float64 [rows].

        Args:
            data: A CSV file.
            header: The names of its columns.
            most: How many rows to read.

        Raises:
            ServingError: If the server cannot compute it.
        """
        self._kinds = {name: self._kind(name) for name in header}
        rows = islice(tables.read_rows(data, {}), most)  # read by type below, maybe twice
        found = []
        while cells := [row.cells for row in islice(rows, ROWS)]:
            answer = self._ask([dict(zip(header, row, strict=True)) for row in cells], str(data))
            if answer.size != len(cells):
                raise ServingError(
                    f"{self._name} has the shape {list(answer.shape)} for {len(cells)} rows",
                    expected="one label a row",
                    fix="choose another --label",
                )
            found.append(answer.reshape(len(cells)))
        return np.concatenate(found).astype(np.float64)

    def _kind(self, column: str) -> str:
        dtype = self._known.get(input_name(column), "string")
        if dtype == "string":
            return "string"
        return "float32" if dtype in FLOATS else "int64"

    def _ask(self, cells: list[dict[str, str]], where: str) -> np.ndarray:
        for _ in range(len(self._kinds) + 1):  # each refusal tells the type of one more column
            rows = [dict(self._values(row, where)) for row in cells]
            try:
                answer = self._client.predict(rows, signature=TRANSFORM, outputs=[self._name])
            except ServingError as error:
                if not self._learn(error.__cause__):
                    raise
            else:
                return answer[self._name]
        raise ServingError(
            f"the types of the columns that {self._name} is computed from cannot be found out",
            expected="one type for each column",
            fix="add the label to the file as a column",
        )

    def _values(self, row: Mapping[str, str], where: str) -> Iterator[tuple[str, Any]]:
        for column, cell in row.items():
            try:
                value = parse_cell(cell, self._kinds[column])
            except ValueError as error:
                raise ServingError(
                    f'{where}, column "{column}": {error}', fix="correct it"
                ) from None
            if value is not None:
                yield column, value

    def _learn(self, fault: BaseException | None) -> bool:
        """Takes the type that the server asks for; returns whether that was news."""
        told = WRONG_TYPE.search(fault.message) if isinstance(fault, Fault) else None
        if told is None or told["column"] not in self._kinds or told["type"] not in KINDS:
            return False
        new = KINDS[told["type"]]
        is_news = self._kinds[told["column"]] != new
        self._kinds[told["column"]] = new
        return is_news


def _text(cell: str, _where: str) -> bytes | None:
    text = cell.strip()
    return None if text.lower() in MISSING else text.encode()


def _plain(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
