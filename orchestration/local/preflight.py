"""What can be known of the data before anything runs."""

import csv
from pathlib import Path

from usecase.errors import DataError


def check_csv(path: Path) -> None:
    """Checks that a CSV file has a header line and a row below it.

    Columns are not compared with the schema here: what the data holds is the data gate's to judge.

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


def refuse_nul(cells: list[str]) -> None:
    """Checks that no cell holds a NUL, which Python's csv takes for a character since 3.11.

    Raises:
        csv.Error: If one does.
    """
    if any("\0" in cell for cell in cells):
        raise csv.Error("line contains NUL")
