"""Rows of a file for a model on a server, and the columns of its answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving import tables
from serving.batch import digits
from serving.cells import Value, parse_cell
from serving.client import ServingClient
from serving.contract import Input
from serving.errors import ServingError
from serving.names import as_given
from serving.remote.model_metadata import TensorInfo
from serving.remote.signature_choice import RAW, examples_input, for_predict
from serving.values import FLOATS

KINDS = ("int64", "float32", "string")  # what a column may hold, the narrowest first


class OnServer:
    """A model on a server, as `serving.batch` asks it.

    Args:
        client: Asks the server.

    Raises:
        ServingError: If the server does not answer, or has no signature to predict with.
    """

    def __init__(self, client: ServingClient) -> None:
        self._client = client
        self._signature = for_predict(client.metadata(), None)
        self._width = 0

    def parsers(self, data: Path, header: Sequence[str]) -> Mapping[str, tables.Parser]:
        """Returns what reads the cells of each column that the signature takes.

        Raises:
            ServingError: If an input takes several values a row.
        """
        signature = self._signature
        if examples_input(signature) is not None:
            kinds = _kinds(data, header)
            return {name: _parser(kind, may_miss=True) for name, kind in kinds.items()}
        infos = [*signature.inputs.values()]
        _check_single(infos)
        inputs = as_given(tuple(Input(i.name, i.name, i.dtype, "") for i in infos), header)
        raw = signature.name == RAW
        return {i.column: _parser(_family(i.dtype), may_miss=raw) for i in inputs}

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Returns the model's outputs, one a row."""
        return self._client.predict(rows, signature=self._signature.name)

    def header(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns a name for each cell: the model's and the output's, and its place in that."""
        return [
            "_".join([self._client.model, name, *map(str, place)])
            for name, value in answer.items()
            for place, _ in _leaves(value)
        ]

    def cells(self, answer: Mapping[str, Any]) -> list[str]:
        """Returns what is added to a row.

        Raises:
            ServingError: If it has another number of values than the rows before.
        """
        found = [_text(leaf) for value in answer.values() for _, leaf in _leaves(value)]
        if self._width not in (0, len(found)):
            raise ServingError(
                f"the model answers with {self._width} values, then with {len(found)}",
                expected="as many for each row of a file",
                fix="ask for them in JSON: --json",
            )
        self._width = len(found)
        return found


def _parser(kind: str, *, may_miss: bool) -> tables.Parser:
    def parse(cell: str, where: str) -> Value | None:
        try:
            value = parse_cell(cell, kind)
        except ValueError as error:
            raise ServingError(f"{where}: {error}", fix="correct it") from None
        if value is not None or may_miss:
            return value
        if kind == "string":
            return b""
        if kind == "float32" and cell.strip():
            return float("nan")
        raise ServingError(
            f"{where}: no value", expected="one: this model knows no missing ones", fix="add it"
        )

    return parse


def _kinds(data: Path, header: Sequence[str]) -> dict[str, str]:
    """Returns what each column of a file holds, where the model does not say what it takes."""
    kinds = dict.fromkeys(header, KINDS[0])

    def widen(name: str) -> tables.Parser:
        def look(cell: str, _where: str) -> None:
            while not _fits(cell, kinds[name]):
                kinds[name] = KINDS[KINDS.index(kinds[name]) + 1]

        return look

    for _ in tables.read_rows(data, {name: widen(name) for name in header}):
        pass
    return kinds


def _fits(cell: str, kind: str) -> bool:
    try:
        parse_cell(cell, kind)
    except ValueError:
        return False
    return True


def _family(dtype: str) -> str:
    """Returns the type of cells that a type of tensors is read from."""
    if dtype == "string":
        return "string"
    return "float32" if dtype in FLOATS else "int64"


def _check_single(infos: Iterable[TensorInfo]) -> None:
    for info in infos:
        if info.shape is not None and any(size != 1 for size in info.shape[1:]):
            raise ServingError(
                f'input "{info.name}" takes several values a row ({info})',
                expected="one, as a cell holds it",
                fix="give the rows in JSON: --json",
            )


def _leaves(value: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yields the values of nested lists with their places."""
    if not isinstance(value, list):
        yield place, value
        return
    for k, one in enumerate(value):
        yield from _leaves(one, (*place, k))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, float):
        return digits(value)
    return str(value)
