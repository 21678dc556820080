"""Where a command's answer goes: lines for people, or one JSON object."""

import json
import os
from collections.abc import Iterable
from typing import Any, TextIO

from orchestration.local.console import Writer
from orchestration.local.consoles import writer_for
from orchestration.local.json_console import plain_json
from orchestration.local.text import Line


def writer_of(out: TextIO) -> Writer:
    """Returns what writes lines as the stream shows them."""
    return writer_for(out, environ=os.environ)


def print_lines(out: TextIO, lines: Iterable[Line]) -> None:
    """Writes lines for people."""
    writer_of(out).write(*lines)


def print_json(out: TextIO, raw: Any) -> None:
    """Writes one JSON value on one line; a number that is not finite becomes null."""
    out.write(json.dumps(plain_json(raw), allow_nan=False) + "\n")
    out.flush()
