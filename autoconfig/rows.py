"""The rows that a configuration is inferred from: their files, and how these are written."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from usecase.config import Data, Delimiter, Source
from usecase.data_files import find_data
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT
from usecase.span_paths import has_span

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from ingestion.dialect import Dialect


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

            yield from read_examples(self.files)
            return
        from ingestion.reading import read_batches

        with self._telling_of_formats():
            yield from read_batches(self.files, self._format, self._dialect)

    def columns(self) -> list[str] | None:
        """Returns the names of the columns, where headers or footers tell them, else None.

        Raises:
            DataError: If a file cannot be read.
        """
        if self.source == "tfrecord":
            return None
        from ingestion.reading import read_columns

        with self._telling_of_formats():
            return list(read_columns(self.files, self._format, self._dialect).names)

    def _telling_of_formats(self) -> "AbstractContextManager[None]":
        from ingestion.other_formats import told_of_other_formats

        return told_of_other_formats(*(self.files if self.source == "csv" else ()))

    @property
    def _format(self) -> Literal["csv", "parquet"]:
        return "csv" if self.source == "csv" else "parquet"

    @property
    def _dialect(self) -> "Dialect":
        from ingestion.dialect import Dialect
        from ingestion.missing import spellings

        return Dialect(self.delimiter, spellings("pandas"))


def find_rows(path: str, delimiter: str | None) -> Rows:
    """Returns where rows are, and how they are written.

    Args:
        path: A file, or a pattern of files, on this machine.
        delimiter: What stands between the cells of CSV; None: its header tells.

    Raises:
        UserError: If there is no such file on this machine, or it is empty.
    """
    if has_span(path):
        raise ConfigError(
            f"rows of one span are looked at, not of all: {path}",
            expected="a number in place of {SPAN}",
            fix="name the files of one span, and write {SPAN} into data.path of the config",
        )
    if any("\ud800" <= char <= "\udfff" for char in path):  # bytes of a name that is no text
        raise ConfigError(
            f"a configuration cannot name {path!r}",
            expected="a path that is text in UTF-8",
            fix="rename the file, or its folder",
        )
    data = Data(path=path)
    found = find_data(data)
    if not found.local:
        raise ConfigError(
            f"rows must be on this machine to be looked at: {path}",
            expected="a local file, or a pattern of local files",
            fix="run `init` on a copy of some of the rows, and change data.path in what it writes",
        )
    if delimiter is not None and not (data.source == "csv" and _is_legal(delimiter)):
        raise ConfigError(
            f"--delimiter {delimiter!r} for {path}",
            expected="one character of printable ASCII or a tab, no quote; and a CSV file",
            fix="for a tab: --delimiter $'\\t'",
        )
    if data.source == "csv" and delimiter is None:
        from ingestion.dialect import sniff

        delimiter = sniff(found.local[0]).delimiter
    return Rows(_kept(path), data.source, found.local, delimiter or ",")


def _is_legal(delimiter: str) -> bool:
    """Returns whether a configuration may name a delimiter."""
    try:
        TypeAdapter(Delimiter).validate_python(delimiter)
    except ValidationError:
        return False
    return True


def _kept(path: str) -> str:
    """Returns a path that means the same from any folder; beside the project, a relative one."""
    if path.startswith("pkg:"):
        return path
    given, here, project = Path(path).expanduser(), Path.cwd(), PROJECT_ROOT
    if not given.exists():  # a pattern, behind a folder whose name may look like one
        here, project = (Path(glob.escape(str(folder))) for folder in (here, project))
    absolute = here / given
    if not path.startswith(("/", "~")) and absolute.is_relative_to(project):
        return absolute.relative_to(project).as_posix()
    return str(absolute)
