"""Data that arrive in spans: those that are there, the one that is read, and a rolling window."""

import contextlib
import glob
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from usecase.errors import ConfigError
from usecase.paths import candidates
from usecase.span_paths import LARGEST, SPAN, check_pattern, matches, split_at_span

FEW = 20
LATEST = "latest"  # the splits that hold the newest span, and the one before it
PREVIOUS = "previous"


class Spans(NamedTuple):
    """The spans of a path.

    Attributes:
        pattern: The absolute path with `{SPAN}`, wildcards in names escaped.
        files: The files of each span that has some, oldest first.
        empty: Folders of spans without files, by span.
    """

    pattern: str
    files: dict[int, tuple[Path, ...]]
    empty: dict[int, Path]


class SpanFiles(NamedTuple):
    """What an ExampleGen is told of spans.

    Attributes:
        span: The span that TFX's driver fills in and records; None for the newest that it finds.
        rows: The files whose rows are split by hash; none if only TFX knows them.
        splits: Further splits: their names, and the files of which they hold every row.
        digest: Of the contents of all these files.
    """

    span: int | None
    rows: tuple[Path, ...] = ()
    splits: Mapping[str, tuple[Path, ...]] = {}
    digest: str = ""


class Window(NamedTuple):
    """The spans that one run reads.

    Attributes:
        pattern: The absolute path with `{SPAN}`.
        files: The files of each span of the window, oldest first.
        previous: The span before the newest, in the window or not; None if there is none.
        previous_files: Its files.
    """

    pattern: str
    files: dict[int, tuple[Path, ...]]
    previous: int | None
    previous_files: tuple[Path, ...]

    @property
    def span(self) -> int:
        """The newest span."""
        return max(self.files)

    @property
    def rows(self) -> tuple[Path, ...]:
        """The files of the window."""
        return tuple(path for files in self.files.values() for path in files)

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Every file that is read, those of the span before included, each once."""
        return tuple(dict.fromkeys([*self.previous_files, *self.rows]))

    @property
    def splits(self) -> dict[str, tuple[Path, ...]]:
        """What is compared with one another beside the rows that are split by hash."""
        previous = {PREVIOUS: self.previous_files} if self.previous_files else {}
        return {LATEST: self.files[self.span], **previous}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: numbers that the window passes over."""
        gaps = [f"{a} and {b}" for a, b in pairwise(self.files) if b > a + 1]
        return (f"window: no span between {', '.join(gaps)}",) if gaps else ()


def find_window(path: str, span: int | None, size: int) -> Window:
    """Returns the window of a path of this machine; see `find_spans` and `choose`."""
    return choose(find_spans(path), span, size)


def find_spans(path: str) -> Spans:
    """Returns the spans that lie under a path of this machine.

    Raises:
        ConfigError: If there is none, or the path cannot be understood.
    """
    check_pattern(path)
    base, rest = split_at_span(path)
    if "**" not in rest:
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            for folder in candidates(base or "."):
                if files := _by_span(folder, rest, path):
                    whole = f"{glob.escape(str(folder)).rstrip('/')}/{rest}"
                    check_pattern(whole)  # which holds the folders above, as TFX reads them
                    return Spans(whole, files, _empty_folders(folder, rest, files, path))
    raise ConfigError(
        f"data not found: no span matches {path}",
        expected="files in whose path a number stands in place of {SPAN}; * and ? stand for "
        "characters of one name, not for folders",
        fix="correct the path, or create the files",
    )


def choose(spans: Spans, span: int | None, size: int) -> Window:
    """Returns the window that ends with a span.

    Args:
        spans: The spans that are there.
        span: The newest to read; None for the newest that is there.
        size: How many spans are read, by their number, as many as are there.

    Raises:
        ConfigError: If the span is not there, or the folder of one has no files.
    """
    newest = max(spans.files) if span is None else span
    if newest not in spans.files and newest not in spans.empty:
        raise ConfigError(
            f"span {newest} is not there: {spans.pattern}",
            expected=f"one of {shown(spans.files)}",
            fix="name another with --span, or leave it out for the newest",
        )
    earlier = [number for number in spans.files if number <= newest]
    oldest = earlier[-size:][0] if len(earlier) >= size else 0
    # The newest that is asked for may be without files itself, and so may one behind it.
    until = newest if span is not None else LARGEST
    for number, folder in sorted(spans.empty.items(), reverse=True):
        if oldest <= number <= until:
            raise ConfigError(
                f"span {number} has no files: {folder}",
                expected=f"files as in {spans.pattern}",
                fix="wait until its files are there, remove the folder, or choose another --span",
            )
    before = [number for number in earlier if number < newest]
    previous = before[-1] if before else None
    return Window(
        spans.pattern,
        {number: spans.files[number] for number in earlier[-size:]},
        previous,
        spans.files[previous] if previous is not None else (),
    )


def shown(numbers: Iterable[int]) -> str:
    """Returns numbers as text, the first ones left out where there are many."""
    known = sorted(numbers)
    return ("..., " if len(known) > FEW else "") + ", ".join(map(str, known[-FEW:]))


def _by_span(folder: Path, rest: str, path: str) -> dict[int, tuple[Path, ...]]:
    found: dict[int, list[Path]] = {}
    for number, file in matches(folder, rest, path):
        if file.is_dir():
            raise ConfigError(
                f"data path {path} matches a folder: {file}",
                expected="files alone",
                fix="name its files, for example with /*.csv behind it",
            )
        found.setdefault(number, []).append(file)
    return {number: tuple(sorted(found[number])) for number in sorted(found)}


def _empty_folders(
    folder: Path, rest: str, files: Mapping[int, object], path: str
) -> dict[int, Path]:
    """Returns the folders whose names hold a span of which no file is there."""
    parts = rest.split("/")
    depth = next(i for i, part in enumerate(parts) if SPAN.search(part)) + 1
    if depth == len(parts):
        return {}
    found = matches(folder, "/".join(parts[:depth]), path)
    return {number: place for number, place in found if place.is_dir() and number not in files}
