"""Which console fits: live on a terminal, plain elsewhere, quiet or JSON where asked for."""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO, cast

from orchestration.local.console import (
    Console,
    PlainConsole,
    PlainWriter,
    QuietConsole,
    Writer,
)

if TYPE_CHECKING:
    from orchestration.local.live_console import TerminalWriter


def make_console(
    *,
    stdout: TextIO,
    stderr: TextIO,
    quiet: bool,
    verbose: bool,
    json: bool,
    environ: Mapping[str, str],
) -> Console:
    """Returns the console that fits.

    Args:
        stdout: Where the run is told.
        stderr: Where errors go, and with `json` all that is meant for people.
        quiet: Only the verdict.
        verbose: Plain lines, on a terminal too.
        json: One JSON object on stdout, nothing else.
        environ: The environment: NO_COLOR, TERM, COLUMNS and LINES matter.
    """
    writer = functools.partial(writer_for, environ=environ, verbose=verbose)
    errors = functools.partial(writer, stderr)
    if not json:
        return _human_console(writer(stdout), errors, quiet=quiet)
    human = _human_console(errors(), errors, quiet=quiet) if stderr.isatty() else Console(errors)
    return _json_console(stdout, human, errors)


def _json_console(stdout: TextIO, human: Console, errors: Callable[[], Writer]) -> Console:
    from orchestration.local.json_console import JsonConsole

    return JsonConsole(stdout, human, errors)


def _human_console(writer: Writer, errors: Callable[[], Writer], *, quiet: bool) -> Console:
    if quiet:
        return QuietConsole(writer, errors)
    if isinstance(writer, PlainWriter):
        return PlainConsole(writer, errors)
    from orchestration.local.live_console import LiveConsole

    return LiveConsole(cast("TerminalWriter", writer), errors)


def writer_for(stream: TextIO, *, environ: Mapping[str, str], verbose: bool = False) -> Writer:
    """Returns what writes lines as the stream shows them: with styles on a terminal alone.

    Args:
        stream: Where to.
        environ: The environment: NO_COLOR, TERM, COLUMNS and LINES matter.
        verbose: Plain lines, on a terminal too.
    """
    if verbose or not stream.isatty() or environ.get("TERM") in ("dumb", "unknown"):
        return PlainWriter(stream)
    from orchestration.local.live_console import TerminalWriter

    return TerminalWriter(stream, environ)
