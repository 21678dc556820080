"""What can be known of the data before anything runs."""

import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from orchestration.local.rows import told_as_data_error
from orchestration.local.tfrecords import begins_like_tfrecord, check_tfrecord
from serving import tables
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
        with told_as_data_error():
            return tables.check_csv(path)
    except DataError as error:
        if error.__cause__:  # it could not be read at all
            _refuse_tfrecord(path)
        raise


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
