"""How a CSV file is written: what stands between its cells, and what a missing value looks like."""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from ingestion.files import open_bytes, readable
from ingestion.missing import EMPTY, spellings
from usecase.config import Data

DELIMITERS = (",", ";", "\t", "|")
SNIFFED_BYTES = 1 << 16
SNIFFED_ROWS = 100


class Dialect(NamedTuple):
    """How a CSV file is written; quotes are `"`, and doubled inside quotes.

    Attributes:
        delimiter: The one character between cells.
        missing: The cells that are missing values, exactly as they are spelled.
    """

    delimiter: str = ","
    missing: tuple[str, ...] = EMPTY


def dialect_of(data: Data) -> Dialect:
    """Returns the dialect that a configuration names."""
    return Dialect(data.delimiter, spellings(data.missing))


def sniff(path: Path) -> Dialect:
    """Returns the dialect that the first rows of a file speak.

    Of `,`, `;`, tab and `|`, the delimiter is the one that cuts the header and every row into the
    same number of cells, and into the most; where none does, the one that cuts most rows like the
    header, since a row may be faulty; a comma, where none cuts anything.

    Raises:
        DataError: If the file cannot be read.
    """
    with readable(path), open_bytes(path) as file:
        head = file.read(SNIFFED_BYTES)
    is_whole = len(head) < SNIFFED_BYTES
    text = head.decode("utf-8-sig", errors="replace")
    widths = {delimiter: _widths(text, delimiter, is_whole) for delimiter in DELIMITERS}
    return Dialect(max(DELIMITERS, key=widths.__getitem__))


def _widths(text: str, delimiter: str, is_whole: bool) -> tuple[int, int]:
    """Returns into how many cells every row is cut, and most rows with the header; 0 if neither."""
    try:
        rows = list(_rows(csv.reader(StringIO(text, newline=""), delimiter=delimiter)))
    except csv.Error:
        return 0, 0
    if not is_whole and len(rows) > 1 and len(rows) <= SNIFFED_ROWS:
        rows.pop()  # it may be cut off
    if not rows:
        return 0, 0
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows)
    is_cut = width > 1 and alike == len(rows)
    return width if is_cut else 0, width if 2 * alike > len(rows) else 0


def _rows(reader: Iterable[list[str]]) -> Iterable[list[str]]:
    count = 0
    for row in reader:
        if row:
            yield row
            count += 1
        if count > SNIFFED_ROWS:
            return
