"""Where the rows of a run are: files on this machine, what lies elsewhere, and of which spans."""

from pathlib import Path
from typing import NamedTuple

from usecase.config import Data, Source
from usecase.data_files import DataFiles, find_data, is_remote
from usecase.errors import ConfigError
from usecase.span_paths import check_pattern, has_span
from usecase.spans import Window, find_window

BY_ARROW: tuple[Source, ...] = ("csv", "parquet")  # by executors that can read several spans


class LocatedData(NamedTuple):
    """Where rows are.

    Attributes:
        pattern: The path or pattern for TFX, here or under gs://; "" for a query.
        files: The files on this machine.
        span: The newest span that is read, as far as it is known here.
        window: The spans that are read, where they are on this machine.
    """

    pattern: str
    files: tuple[Path, ...]
    span: int | None = None
    window: Window | None = None


def locate(data: Data, span: int | None = None, *, elsewhere: bool = False) -> LocatedData:
    """Returns where the rows of a configuration are.

    Args:
        data: What to read.
        span: The span to read; None for the newest.
        elsewhere: Whether it runs on other machines: files are not looked for on this one, and
            their path stays as it is written.

    Raises:
        ConfigError: If they are not there, or cannot be read in spans.
    """
    if data.path is None or not has_span(data.path):
        if span is not None:
            raise ConfigError(
                "--span needs data in spans",
                expected="{SPAN} in data.path, where the number of a span stands",
                fix="leave --span out, or write the path as in data/span-{SPAN}/*.csv",
            )
        found = _as_written(data) if elsewhere else find_data(data)
        return LocatedData(found.pattern, found.local)
    if elsewhere or is_remote(data.path):
        return _unseen(data, data.path, span)
    if data.source == "tfrecord" and data.window > 1:
        raise ConfigError(
            f"data.window is {data.window}, but TFRecords are read one span at a time",
            fix="set data.window: 1, or write the rows as CSV or Parquet",
        )
    window = find_window(data.path, span, data.window)
    files = window.rows if data.source == "tfrecord" else window.all_files
    return LocatedData(window.pattern, files, window.span, window)


def reads_span_before(data: Data, window: Window | None) -> bool:
    """Returns whether the span before the newest is read beside it, as a split of its own.

    Of what lies on the volume of a cluster that is known there alone: the node that reads it looks
    for one.

    Args:
        data: What to read.
        window: The spans that are read, where they are on this machine.
    """
    if data.source not in BY_ARROW or data.path is None:
        return False
    if window is not None:
        return window.previous is not None
    return has_span(data.path) and not is_remote(data.path)


def _unseen(data: Data, path: str, span: int | None) -> LocatedData:
    check_pattern(path)
    if data.window > 1:
        raise ConfigError(
            f"data.window is {data.window}, but only spans on this machine are read together",
            expected="a local path in a local run",
            fix="set data.window: 1, or copy the files here",
        )
    return LocatedData(find_data(data).pattern if is_remote(path) else path, (), span)


def _as_written(data: Data) -> DataFiles:
    if data.path is None or is_remote(data.path):
        return find_data(data)  # which looks at the text alone
    return DataFiles(data.path, ())
