"""The rows that a configuration is inferred from: their files, and how these are written."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from usecase.config import Data, Source
from usecase.data_files import find_data
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

if TYPE_CHECKING:
    import pyarrow as pa


class Rows(NamedTuple):
    """Files of rows.

    Attributes:
        path: Their path or pattern, as the configuration is to name it.
        source: Their format.
        files: The files.
        delimiter: What stands between the cells of CSV.
    """

    path: str
    source: Source
    files: tuple[Path, ...]
    delimiter: str

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """Yields the rows in blocks of a bounded size.

        Raises:
            DataError: If they cannot be read.
        """
        if self.source == "tfrecord":
            from autoconfig.examples import read_examples

            return read_examples(self.files)
        from ingestion.dialect import Dialect
        from ingestion.missing import spellings
        from ingestion.reading import read_batches

        dialect = Dialect(self.delimiter, spellings("pandas"))
        return read_batches(self.files, "csv" if self.source == "csv" else "parquet", dialect)


def find_rows(path: str, delimiter: str | None) -> Rows:
    """Returns where rows are, and how they are written.

    Args:
        path: A file, or a pattern of files, on this machine.
        delimiter: What stands between the cells of CSV; None: its header tells.

    Raises:
        UserError: If there is no such file on this machine, or it is empty.
    """
    data = Data(path=path)
    found = find_data(data)
    if not found.local:
        raise ConfigError(
            f"rows must be on this machine to be looked at: {path}",
            expected="a local file, or a pattern of local files",
            fix="run `init` on a copy of some of the rows, and change data.path in what it writes",
        )
    if delimiter is not None and (data.source != "csv" or len(delimiter) != 1):
        raise ConfigError(
            f"--delimiter {delimiter!r} for {path}",
            expected="one character, and a CSV file",
            fix="for a tab: --delimiter $'\\t'",
        )
    if data.source == "csv" and delimiter is None:
        from ingestion.dialect import sniff

        delimiter = sniff(found.local[0]).delimiter
    return Rows(_kept(path), data.source, found.local, delimiter or ",")


def _kept(path: str) -> str:
    """Returns a path that means the same from any folder; beside the project, a relative one."""
    if path.startswith("pkg:"):
        return path
    absolute = Path(path).expanduser().absolute()
    if not path.startswith(("/", "~")) and absolute.is_relative_to(PROJECT_ROOT):
        return absolute.relative_to(PROJECT_ROOT).as_posix()
    return str(absolute)
