"""Rows of a file for a model for phones, and the columns of its answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving import answers
from serving.cells import Value, parse_cell
from serving.contract import Input
from serving.edge import EdgeModel
from serving.errors import ServingError
from serving.tables import Parser


class OnFile:
    """A model for phones, as `serving.batch` asks it."""

    def __init__(self, model: EdgeModel) -> None:
        self._model = model

    def parsers(self, data: Path, header: Sequence[str]) -> Mapping[str, Parser]:
        """Returns what reads the cells of each column that the model takes."""
        return dict(_parser(tensor, header) for tensor in self._model.metadata.inputs)

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Returns the model's outputs, one a row."""
        return self._model.predict(rows)

    def header(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns the names of the columns that are added to a file."""
        return answers.header(self._model.metadata.label)

    def cells(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns what is added to a row."""
        return answers.cells(self._model.metadata.label, answer)


def _parser(tensor: Input, header: Sequence[str]) -> tuple[str, Parser]:
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
