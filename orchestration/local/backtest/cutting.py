"""Rows cut into one file a span by a column of moments, in blocks of a bounded size."""

import contextlib
import csv
import glob
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ingestion.dialect import dialect_of
from ingestion.reading import Format, read_batches, read_columns
from orchestration.local.backtest.moments import EXPECTED, Moments
from orchestration.local.backtest.periods import By, period_numbers
from usecase.config import Data
from usecase.dates import DateText
from usecase.errors import DataError, did_you_mean

MOST_SPANS = 240  # as many files are open at once
UNDATED = "undated"
MOST_BYTES = 128 << 20  # of rows of all spans that wait to be written


class _Writer(Protocol):
    def write_table(self, table: Any) -> None: ...
    def close(self) -> None: ...


class _Gathered:
    """Rows of spans on their way to their writers.

    What is written at once is a row group of Parquet, whose metadata stay in memory until the end:
    a group for the few rows that a span has in a block would be too many.

    Attributes:
        writers: The writer of each span.
    """

    def __init__(self) -> None:
        self.writers: dict[int, _Writer] = {}
        self._batches: dict[int, list[pa.RecordBatch]] = {}
        self._bytes: dict[int, int] = {}

    def add(self, number: int, batch: pa.RecordBatch) -> None:
        """Takes rows of a span, and writes the largest one where these are many."""
        self._batches.setdefault(number, []).append(batch)
        self._bytes[number] = self._bytes.get(number, 0) + batch.nbytes
        if sum(self._bytes.values()) > MOST_BYTES:
            self._write(max(self._bytes, key=self._bytes.__getitem__))

    def finish(self) -> None:
        """Writes what is left."""
        for number in [*self._batches]:
            self._write(number)

    def _write(self, number: int) -> None:
        del self._bytes[number]
        self.writers[number].write_table(pa.Table.from_batches(self._batches.pop(number)))


def cut(
    data: Data, files: Sequence[Path], time: str, date: DateText | None, by: By, folder: Path
) -> str:
    """Writes the rows of each span to a file of its own, unless that is done already.

    Args:
        data: How the rows are written.
        files: The files that hold them.
        time: The column that says when a row was.
        date: How it writes dates, where the configuration says so.
        by: How long a span is.
        folder: Where the files go: of these very rows, cut this way. It appears when it is whole.

    Returns:
        Their path, with {SPAN} in place of the number, wildcards in names escaped. A file `undated`
        beside them holds the count of rows without a moment, which are in none.

    Raises:
        DataError: If there is no such column, or it holds no moments.
    """
    source: Format = "parquet" if data.source == "parquet" else "csv"
    pattern = f"{glob.escape(str(folder))}/span-{{SPAN}}.{source}"
    if folder.is_dir():
        return pattern
    dialect = dialect_of(data)
    columns = read_columns(files, source, dialect).names
    if time not in columns:
        raise DataError(
            f'no column "{time}" to cut the rows by',
            expected=EXPECTED,
            fix=did_you_mean(time, columns),
        )
    incoming = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(parents=True)
    moments = Moments(time, date)
    undated = 0
    with contextlib.ExitStack() as stack:
        gathered = _Gathered()
        writers = gathered.writers
        for batch in read_batches(files, source, dialect):
            seconds, known = moments.seconds(batch.column(columns.index(time)))
            undated += int((~known).sum())
            numbers = np.where(known, period_numbers(seconds, by), -1)
            for number in np.unique(numbers[known]):
                if number not in writers:
                    _require_few(len(writers), time, by)
                    path = incoming / f"span-{number}.{source}"
                    writers[number] = _writer(path, batch.schema, data.delimiter, stack)
                rows = np.flatnonzero(numbers == number)
                gathered.add(number, batch.take(pa.array(rows)))
        gathered.finish()
    if not writers:
        raise DataError(
            f'column "{time}" holds no moment in any row',
            expected=EXPECTED,
            fix="name another column with --time",
        )
    (incoming / UNDATED).write_text(str(undated), encoding="utf-8")
    incoming.rename(folder)
    return pattern


def undated_rows(folder: Path) -> int:
    """Returns how many rows `cut` found without a moment."""
    return int((folder / UNDATED).read_text(encoding="utf-8"))


def _writer(path: Path, schema: pa.Schema, delimiter: str, stack: contextlib.ExitStack) -> _Writer:
    writer: _Writer
    if path.suffix == ".parquet":
        writer = pyarrow.parquet.ParquetWriter(path, schema)
    else:
        file = stack.enter_context(path.open("wb"))
        # Not by Arrow, which refuses some names.
        header = io.StringIO(newline="")
        csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(schema.names)
        file.write(header.getvalue().encode())
        options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter)
        writer = pyarrow.csv.CSVWriter(file, schema, write_options=options)
    stack.callback(writer.close)
    return writer


def _require_few(spans: int, time: str, by: By) -> None:
    if spans == MOST_SPANS:
        raise DataError(
            f'column "{time}" falls into more than {MOST_SPANS} spans by {by}',
            expected="fewer and longer spans",
            fix="cut by a longer time with --by year, or name another column with --time",
        )
