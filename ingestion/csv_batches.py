"""A CSV file as Arrow's batches of text, in blocks of a bounded size."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv

from ingestion.dialect import Dialect
from ingestion.files import Opener, open_bytes, open_local, readable
from ingestion.records import rows
from usecase.errors import DataError

BLOCK_BYTES = 4 << 20  # no row may be longer than two


def csv_batches(
    path: Path | str, header: list[str], dialect: Dialect, opener: Opener = open_local
) -> Iterator[pa.RecordBatch]:
    """Yields a file's rows, every column as text; null where a value is missing.

    Cells are as they are written, without their quotes. A record may hold line ends inside quotes.
    Blank lines are no rows.

    Args:
        path: The file, with a header line.
        header: The names in it.
        dialect: How it is written.
        opener: Opens it.

    Raises:
        DataError: If a row has too many or too few cells, or the file is no CSV in UTF-8.
    """
    with readable(path), open_bytes(path, opener) as file:
        checked = _Checked(file)
        last: pa.RecordBatch | None = None
        try:
            for batch in _open(checked, header, dialect):
                last = batch if batch.num_rows else last
                yield batch
        except pa.ArrowInvalid as error:
            _find_fault(path, dialect, opener)
            if "Empty CSV file" in str(error):  # a header without a line end
                return
            raise _no_csv(path, str(error)) from error
    if checked.nuls or checked.quotes % 2 or _may_be_open(last):
        _find_fault(path, dialect, opener)


def _open(file: io.RawIOBase, header: list[str], dialect: Dialect) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.PythonFile(file, mode="r"),
        csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            column_types={name: pa.string() for name in header},
            include_columns=header,
            null_values=list(dialect.missing),
            strings_can_be_null=True,
        ),
    )


def _may_be_open(last: pa.RecordBatch | None) -> bool:
    """Returns whether a quote may be open at the end of the rows.

    All that follows an open quote is one cell with the line ends in it: the last one. An inch mark
    elsewhere makes the number of quotes even.
    """
    text = last.column(last.num_columns - 1)[-1].as_py() if last is not None else None
    return text is not None and ("\n" in text or "\r" in text)


class _Checked(io.RawIOBase):
    """Bytes on their way to Arrow, which takes NULs and a quote that is never closed for text."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.nuls = 0
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        block = self._file.read(size)
        self.nuls += block.count(b"\0")
        self.quotes += block.count(b'"')
        return block


def _find_fault(path: Path | str, dialect: Dialect, opener: Opener) -> None:
    """Reads a file slowly, for the line at which it goes wrong."""
    for _ in rows(path, dialect.delimiter, opener):
        pass


def _no_csv(path: Path | str, why: str) -> DataError:
    if "straddl" in why:  # Arrow's word for a record longer than a block
        return DataError(
            f"data not readable: {path} has a row of several MiB",
            expected="shorter rows; a quote that is not closed makes one of all that follow",
            fix="close the quote, or drop the long column",
        )
    return DataError(
        f"data not readable: {path} ({why})",
        expected="CSV in UTF-8 with a header line",
        fix="check the file and its encoding",
    )
