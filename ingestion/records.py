"""The records of a CSV file one by one, with their lines: for small files, and to find a fault."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ingestion.files import Opener, open_bytes, open_local, readable, text_lines
from usecase.errors import DataError

CSV = "CSV in UTF-8 with a header line"
LARGEST_CELL = 8 << 20  # as Arrow's blocks allow; more is a quote that is never closed
END = "\x1f end of file \x1f"  # put behind the last line, to see whether a quote is still open


class Record(NamedTuple):
    """A record: the number of its last line, counted from 1, and its cells as they stand."""

    line: int
    cells: list[str]


def records(path: Path | str, delimiter: str, opener: Opener = open_local) -> Iterator[Record]:
    """Yields the records of a CSV file in their order, the header first; blank lines are none.

    Raises:
        DataError: If the file is not readable, no UTF-8 or no CSV, or leaves a quote open.
    """
    before = 0
    csv.field_size_limit(LARGEST_CELL)  # Python's is 128 KiB
    with readable(path), open_bytes(path, opener) as file:
        reader = csv.reader(chain(text_lines(file), [END]), delimiter=delimiter)
        try:
            for cells in reader:
                if cells and cells[-1].endswith(END):
                    if cells != [END]:
                        raise _open_quote(path, before + 1)
                    return
                if any("\0" in cell for cell in cells):
                    raise csv.Error("line contains NUL")
                if cells:
                    yield Record(reader.line_num, cells)
                before = reader.line_num
        except UnicodeDecodeError as error:
            raise _not_readable(path, before, f"not UTF-8: {error.reason}") from error
        except csv.Error as error:
            raise _not_readable(path, before, str(error)) from error


def rows(path: Path | str, delimiter: str, opener: Opener = open_local) -> Iterator[Record]:
    """Yields the records below the header, each with as many cells as that.

    Raises:
        DataError: If one has not, or the file is not readable.
    """
    found = records(path, delimiter, opener)
    header = next(found, Record(0, [])).cells
    for record in found:
        if len(record.cells) != len(header):
            raise DataError(
                f"{path}, line {record.line}: {len(record.cells)} cells, not {len(header)}",
                expected="as many cells as the header has columns",
                fix=f'check for a missing quote or "{delimiter}"',
            )
        yield record


def _open_quote(path: Path | str, line: int) -> DataError:
    return DataError(
        f"{path}: a quote that is opened in the record at line {line} is never closed",
        expected='as many opening as closing quotes; a " inside quotes is doubled',
        fix="close the quote",
    )


def _not_readable(path: Path | str, line: int, why: str) -> DataError:
    place = f"after line {line}" if line else "in the first line"
    return DataError(
        f"data not readable: {path}, {place} ({why})",
        expected=CSV,
        fix="check the file and its encoding, and that each quote is closed",
    )
