"""What can be known of the data before anything runs."""

import csv
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from orchestration.local.tfrecords import begins_like_tfrecord, check_tfrecord
from usecase.config import Source
from usecase.errors import DataError


def check_data(source: Source, files: Sequence[Path]) -> None:
    """Checks the local files of rows; there are none if rows come from elsewhere.

    Raises:
        DataError: If one cannot be read, or they do not belong together.
    """
    if source == "tfrecord":
        for path in files:
            check_tfrecord(path)
        return
    headers = [(path, check_csv(path)) for path in files]
    for (first, header), (path, other) in pairwise(headers):
        if other != header:
            raise DataError(
                f"data files have different headers: {first} and {path} "
                f"({_difference(header, other)})",
                expected="the same columns in the same order in every file of a pattern",
                fix="correct one of them, or narrow the pattern",
            )


def check_csv(path: Path) -> list[str]:
    """Checks that a CSV file has a header line and a row below it.

    Columns are not compared with the schema here: what the data holds is the data gate's to judge.

    Returns:
        The names of its columns.

    Raises:
        DataError: If the file cannot be read, is empty, has only a header, or names a column twice.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            row = next((row for row in reader if row), None)
        refuse_nul([*header, *(row or [])])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        _refuse_tfrecord(path)
        raise DataError(
            f"data not readable: {path} ({error})",
            expected="a CSV file in UTF-8 with a header line",
            fix="check the file and its encoding",
        ) from error
    if header and header[0].startswith("\ufeff"):
        raise DataError(
            f"data file begins with a byte order mark: {path}",
            expected="UTF-8 without one, which would become part of the first column's name",
            fix=f"save it as plain UTF-8, or: sed -i '1s/^\\xEF\\xBB\\xBF//' {path}",
        )
    if not any(header):
        raise DataError(
            f"data file is empty: {path}",
            expected="a header line and rows",
            fix="check where the file came from",
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"data file names a column twice: {', '.join(twice)} ({path})",
            expected="each column once",
            fix="rename or drop one of them",
        )
    if row is None:
        raise DataError(
            f"data file has a header but no row: {path}",
            expected="at least one row",
            fix="check where the file came from",
        )
    return header


def refuse_nul(cells: list[str]) -> None:
    """Checks that no cell holds a NUL, which Python's csv takes for a character since 3.11.

    Raises:
        csv.Error: If one does.
    """
    if any("\0" in cell for cell in cells):
        raise csv.Error("line contains NUL")


def _refuse_tfrecord(path: Path) -> None:
    try:
        is_tfrecord = begins_like_tfrecord(path)
    except (OSError, EOFError, zlib.error):
        return
    if is_tfrecord:
        raise DataError(
            f"data file holds TFRecords, but was read as CSV: {path}",
            expected="CSV, unless the configuration or the file's name says otherwise",
            fix="set data.format: tfrecord, or let the name end in .tfrecord or .tfrecord.gz",
        )


def _difference(first: Sequence[str], second: Sequence[str]) -> str:
    """Returns in words how two headers differ."""
    if names := sorted(set(first) ^ set(second)):
        return f"only one of them has {', '.join(names)}"
    return "the same columns in another order"
