"""CSV files of rows: read with the types of a model, and written back with answers beside them."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from serving.cells import Value
from serving.errors import ServingError

# Of a cell's text and its place, for an error: the value, None if it is missing.
Parser = Callable[[str, str], Value | None]
DELIMITERS = (",", ";", "\t", "|")
GZIP_MAGIC = b"\x1f\x8b"
NOT_READABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


class Row(NamedTuple):
    """One row: its cells as they stand, and its values; missing ones left out."""

    cells: list[str]
    values: dict[str, Value]


def check_csv(path: Path) -> list[str]:
    """Checks that a CSV file has a header line and a row below it.

    Returns:
        The names of its columns.

    Raises:
        ServingError: If the file cannot be read, is empty, has only a header, or names a column
            twice.
    """
    try:
        with _reader(path) as reader:
            header: list[str] = next(reader, [])
            row = next((row for row in reader if row), None)
        refuse_nul([*header, *(row or [])])
    except NOT_READABLE as error:
        raise ServingError(
            f"data not readable: {path} ({error})",
            expected="a CSV file in UTF-8 with a header line",
            fix="check the file and its encoding",
        ) from error
    _check_header(header, path)
    if row is None:
        raise ServingError(
            f"data file has a header but no row: {path}",
            expected="at least one row",
            fix="check where the file came from",
        )
    return header


def _check_header(header: list[str], path: Path) -> None:
    if header and header[0].startswith("\ufeff"):
        raise ServingError(
            f"data file begins with a byte order mark: {path}",
            expected="UTF-8 without one, which would become part of the first column's name",
            fix=f"save it as plain UTF-8, or: sed -i '1s/^\\xEF\\xBB\\xBF//' {path}",
        )
    if not any(header):
        raise ServingError(
            f"data file is empty: {path}",
            expected="a header line and rows",
            fix="check where the file came from",
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ServingError(
            f"data file names a column twice: {', '.join(twice)} ({path})",
            expected="each column once",
            fix="rename or drop one of them",
        )


def read_header(path: Path) -> list[str]:
    """Returns the column names of a CSV file."""
    with _reader(path) as reader:
        return next(reader)


def read_rows(path: Path, parsers: Mapping[str, Parser]) -> Iterator[Row]:
    """Yields the rows of a CSV file in their order; blank lines are no rows.

    Args:
        path: The file, with a header line.
        parsers: What reads the cells of each column that has values.

    Raises:
        ServingError: If a column is not there, or a line has too many or too few cells; what a
            parser raises passes through.
    """
    with _reader(path) as reader:
        header = next(reader)
        cut = reader.dialect.delimiter
        places = _places(header, parsers, path)
        for cells in _lines(reader, path):
            where = f"{path}, line {reader.line_num}"
            if len(cells) != len(header):
                raise ServingError(
                    f"{where}: {len(cells)} cells, not {len(header)}",
                    expected="as many cells as the header has columns",
                    fix="check for a missing quote or " + ("comma" if cut == "," else f'"{cut}"'),
                )
            found = {
                name: parsers[name](cells[place], f'{where}, column "{name}"')
                for name, place in places.items()
            }
            yield Row(cells, {name: v for name, v in found.items() if v is not None})


def write_rows(file: TextIO, header: list[str], rows: Iterable[list[str]]) -> None:
    """Writes a CSV file."""
    minimal = csv.writer(file, lineterminator="\n")
    # Python before 3.13 leaves a lone carriage return unquoted, which ends a row when read.
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    minimal.writerow(header)
    for cells in rows:
        writer = quoted if any("\r" in cell for cell in cells) else minimal
        writer.writerow(cells)


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Opens a text file that replaces what is at a path once it is whole, or leaves it alone."""
    incoming = path.with_name(path.name + ".new")
    try:
        with incoming.open("w", newline="", encoding="utf-8") as file:
            yield file
        incoming.replace(path)
    finally:
        incoming.unlink(missing_ok=True)


def refuse_nul(cells: list[str]) -> None:
    """Checks that no cell holds a NUL, which Python's csv takes for a character since 3.11.

    Raises:
        csv.Error: If one does.
    """
    if any("\0" in cell for cell in cells):
        raise csv.Error("line contains NUL")


@contextmanager
def _reader(path: Path) -> Iterator[Any]:
    """Opens a CSV file; gzip is told by its content, and the delimiter by its header."""
    with path.open("rb") as raw:
        is_gzip = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with (gzip.open if is_gzip else open)(path, "rt", newline="", encoding="utf-8") as file:
        delimiter = _delimiter(file)
        file.seek(0)
        yield csv.reader(file, delimiter=delimiter)


def _delimiter(file: TextIO) -> str:
    """Returns what cuts the header of a file; a comma, wherever one does."""
    return "," if _cells(file, ",") > 1 else max(DELIMITERS, key=lambda one: _cells(file, one))


def _cells(file: TextIO, delimiter: str) -> int:
    file.seek(0)
    try:
        return len(next(csv.reader(file, delimiter=delimiter), []))
    except csv.Error:  # what is not cut can be longer than any cell may be
        return 0


def _lines(reader: Any, path: Path) -> Iterator[list[str]]:
    """Yields lines that are not blank."""
    try:
        for cells in reader:
            refuse_nul(cells)
            if cells:
                yield cells
    except NOT_READABLE as error:
        raise ServingError(
            f"{path}, after line {reader.line_num}: not readable ({error})",
            expected="CSV in UTF-8",
            fix="check the file and its encoding",
        ) from error


def _places(header: list[str], names: Iterable[str], path: Path) -> dict[str, int]:
    gone = [name for name in names if name not in header]
    if gone:
        raise ServingError(
            f"{path} has no column {', '.join(gone)}",
            expected="every column that the model reads (cells may be empty)",
            fix="add it to the header",
        )
    return {name: header.index(name) for name in names}
