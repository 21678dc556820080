"""What can be known of the data before anything runs."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ingestion.headers import common_header, read_header, require_rows
from ingestion.other_formats import told_of_other_formats
from ingestion.records import rows
from ingestion.tfrecords import check_tfrecord
from usecase.config import Data
from usecase.errors import DataError

ROWS_LOOKED_AT = 1000  # of each CSV file; all of them are read once the run has begun


def check_data(data: Data, files: Sequence[Path]) -> None:
    """Checks the local files of rows; there are none if rows come from elsewhere.

    Of CSV files the header and the first rows are read, of Parquet files the footers. Columns are
    not compared with the schema here: what the data holds is the data gate's to judge.

    Args:
        data: How they are written.
        files: The files.

    Raises:
        DataError: If one cannot be read, holds no rows, or they do not belong together.
    """
    if not files:
        return
    if data.source == "tfrecord":
        for path in files:
            check_tfrecord(path)
    elif data.source == "parquet":
        _check_parquet(files)
    else:
        _check_csv(files, data.delimiter)


def _check_csv(files: Sequence[Path], delimiter: str) -> None:
    for path in files:
        with told_of_other_formats(path):
            read_header(path, delimiter)
    common_header(files, delimiter)
    for path in files:
        with told_of_other_formats(path):
            require_rows(path, delimiter)
            for _ in islice(rows(path, delimiter), ROWS_LOOKED_AT):
                pass


def _check_parquet(files: Sequence[Path]) -> None:
    from ingestion.parquet_batches import common_schema, count_rows  # Arrow, for these files alone

    common_schema(files)
    for path in files:
        if not count_rows(path):
            raise DataError(
                f"data file has no row: {path}",
                expected="at least one row",
                fix="check where the file came from",
            )
