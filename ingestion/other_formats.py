"""What a file that is no CSV is instead: told by how it begins, once it could not be read."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ingestion.files import NOT_READABLE, open_local
from ingestion.tfrecords import begins_like_tfrecord
from usecase.errors import DataError

OTHERS = {  # what files of other formats begin with
    b"PAR1": ("Parquet", "set data.format: parquet, or let the name end in .parquet"),
    b"PK\x03\x04": ("a ZIP archive, as Excel writes it", "export the rows as CSV"),
}


@contextlib.contextmanager
def told_of_other_formats(*files: Path) -> Iterator[None]:
    """Names the format of a file that turns out not to be CSV.

    Raises:
        DataError: If what is done raises one; that of the format where a file has another one.
    """
    try:
        yield
    except DataError:
        for path in files:
            _refuse_other_formats(path)
        raise


def _refuse_other_formats(path: Path) -> None:
    try:
        with open_local(str(path)) as file:
            head = file.read(4)
        is_tfrecord = begins_like_tfrecord(path)
    except NOT_READABLE:
        return
    if is_tfrecord:
        raise DataError(
            f"data file holds TFRecords, but was read as CSV: {path}",
            expected="CSV, unless the configuration or the file's name says otherwise",
            fix="set data.format: tfrecord, or let the name end in .tfrecord or .tfrecord.gz",
        )
    if head in OTHERS:
        name, fix = OTHERS[head]
        raise DataError(
            f"data file is {name}, but was read as CSV: {path}",
            expected="CSV, unless the configuration or the file's name says otherwise",
            fix=fix,
        )
