"""The header of a CSV file, and whether files belong together; told before anything is read."""

from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

from ingestion.files import Opener, open_local
from ingestion.records import records
from usecase.errors import DataError


def read_header(path: Path | str, delimiter: str = ",", opener: Opener = open_local) -> list[str]:
    """Returns the names of a CSV file's columns.

    Raises:
        DataError: If the file cannot be read, is empty, or names a column twice.
    """
    header = next((record.cells for record in records(path, delimiter, opener)), [])
    if not any(header):
        raise DataError(
            f"data file is empty: {path}",
            expected="a header line and rows",
            fix="check where the file came from",
        )
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(
            f"data file names a column twice: {', '.join(twice)} ({path})",
            expected="each column once",
            fix="rename or drop one of them",
        )
    return header


def common_header(
    files: Sequence[Path | str], delimiter: str = ",", opener: Opener = open_local
) -> list[str]:
    """Returns the header that all files have.

    Raises:
        DataError: If one has another, or cannot be read.
    """
    headers = [read_header(path, delimiter, opener) for path in files]
    for (path, header), (other_path, other) in pairwise(zip(files, headers, strict=True)):
        if other != header:
            raise DataError(
                f"data files have different headers: {path} and {other_path} "
                f"({_difference(header, other)})",
                expected="the same columns in the same order in every file of a pattern",
                fix="correct one of them, or narrow the pattern",
            )
    return headers[0]


def require_rows(path: Path | str, delimiter: str = ",", opener: Opener = open_local) -> None:
    """Checks that a CSV file has a row below its header.

    Raises:
        DataError: If it has none.
    """
    if len(list(islice(records(path, delimiter, opener), 2))) < 2:
        raise DataError(
            f"data file has a header but no row: {path}",
            expected="at least one row",
            fix="check where the file came from",
        )


def _difference(first: Sequence[str], second: Sequence[str]) -> str:
    """Returns in words how two headers differ."""
    if names := sorted(set(first) ^ set(second)):
        return f"only one of them has {', '.join(names)}"
    return "the same columns in another order"
