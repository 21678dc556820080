"""Files of rows as streams of bytes, uncompressed, wherever they lie."""

import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from usecase.errors import DataError

# Opens a file's bytes as they are stored; they must be seekable.
Opener = Callable[[str], BinaryIO]
GZIP_MAGIC = b"\x1f\x8b"
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
NOT_READABLE = (OSError, EOFError, zlib.error)


def open_local(path: str) -> BinaryIO:
    """Opens a file of this machine."""
    return cast(BinaryIO, Path(path).open("rb"))


@contextlib.contextmanager
def open_bytes(path: Path | str, opener: Opener = open_local) -> Iterator[BinaryIO]:
    """Opens a file; gzip is told by its content, whatever the name says."""
    with opener(str(path)) as raw:
        is_gzip = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_gzip else raw


def text_lines(file: BinaryIO) -> Iterator[str]:
    """Yields the lines of a stream in UTF-8 with their ends, without a byte order mark.

    Raises:
        UnicodeDecodeError: At the first line that is not UTF-8.
    """
    encoding = "utf-8-sig"
    for line in io.BufferedReader(cast(Any, file)):
        text = line.decode(encoding)
        encoding = "utf-8"
        # A lone carriage return ends a line too, as it does for Arrow.
        yield from LINE.findall(text) if "\r" in text else (text,)


@contextlib.contextmanager
def readable(path: Path | str, expected: str = "a file that can be read") -> Iterator[None]:
    """Lets what is wrong with a file reach the user.

    Raises:
        DataError: If it cannot be opened or uncompressed.
    """
    try:
        yield
    except NOT_READABLE as error:
        raise DataError(
            f"data not readable: {path} ({error})", expected, "check the file and its name"
        ) from error
