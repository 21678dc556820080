"""The commands of the local runner: from parsed options to an exit status."""

import argparse
import contextlib
import functools
import importlib
import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from orchestration.failure import unforeseen
from orchestration.local.arguments import DEFAULT_CONFIG
from orchestration.local.asked import Asked
from orchestration.local.console import Console, Writer
from orchestration.local.consoles import make_console, writer_for
from orchestration.local.selection import Selection
from orchestration.plan import make_plan
from usecase.errors import UserError

FAILED = 2
UNREAD = 141  # what a shell tells of a program that SIGPIPE ended
Command = Callable[[argparse.Namespace], int]


def run(options: argparse.Namespace) -> int:
    """Runs the pipeline."""
    # The frameworks write to descriptors 1 and 2, which go to the log; the console keeps its own.
    with _own_stream(1) as stdout, _own_stream(2) as stderr:
        console = make_console(
            stdout=stdout,
            stderr=stderr,
            quiet=options.quiet,
            verbose=options.verbose,
            json=options.json,
            environ=os.environ,
        )

        def work() -> int:
            with _report_stream(options, stdout, stderr) as report:
                config, data = _use_case(options, report)
            return _run(options, config, data, console, stderr.fileno())

        return _guarded(options, console, (stdout, stderr), work)


def _report_stream(
    options: argparse.Namespace, stdout: TextIO, stderr: TextIO
) -> AbstractContextManager[TextIO]:
    """Returns where it is told what was inferred: not where one object or one verdict is due."""
    if options.quiet:
        return Path(os.devnull).open("w", encoding="utf-8")
    return nullcontext(stderr if options.json else stdout)


def _use_case(options: argparse.Namespace, report: TextIO) -> tuple[str, str | None]:
    """Returns the configuration to run, and the rows to run it on if they are not its own."""
    if options.label is None:
        return options.config or DEFAULT_CONFIG, options.data
    from autoconfig.command import prepare

    return prepare(options, report), None


def _run(
    options: argparse.Namespace, config: str, data: str | None, console: Console, stderr_fd: int
) -> int:
    from orchestration.local.run import run as run_plan

    plan = make_plan(config, data, tune=options.tune, overrides=options.set, span=options.span)
    selection = Selection.of(options, plan.stages)
    asked = Asked(
        *(config, data or "", options.span, options.tune, tuple(options.set), selection.text)
    )
    result = run_plan(
        plan,
        options.output_dir,
        console,
        selection=selection,
        asked=asked,
        echo_fd=stderr_fd if options.verbose else None,
    )
    return result.exit_code


def _printing(module: str, name: str) -> Command:
    """Makes a command of a function that prints to a stream, imported when it is asked for."""

    def work(options: argparse.Namespace) -> int:
        with _own_stream(1) as stdout, _own_stream(2) as stderr:
            errors = functools.partial(writer_for, stderr, environ=os.environ)
            as_json = getattr(options, "json", False)
            console = _JsonErrors(errors, stdout) if as_json else Console(errors)
            answer = functools.partial(_answer, module, name, options, stdout)
            return _guarded(options, console, (stdout, stderr), answer)

    return work


def _answer(module: str, name: str, options: argparse.Namespace, out: TextIO) -> int:
    return load(module, name)(options, out)


HERE = "orchestration.local"
HISTORY = f"{HERE}.history.commands"
# The module of each command whose answer is text.
PRINTING = {
    "init": "autoconfig.command",
    "predict": f"{HERE}.predict_command",
    "schema": f"{HERE}.schema_commands.command",
    "backtest": f"{HERE}.backtest.command",
    **dict.fromkeys(("runs", "show", "diff", "explain", "clean"), HISTORY),
}
COMMANDS: dict[str, Command] = {
    "run": run,
    **{name: _printing(module, name) for name, module in PRINTING.items()},
}


def load(module: str, name: str) -> Callable[[argparse.Namespace, TextIO], int]:
    """Imports a command."""
    function: Callable[[argparse.Namespace, TextIO], int]
    function = getattr(importlib.import_module(module), name)
    return function


class _JsonErrors(Console):
    """Tells people of errors, and programs as one JSON object.

    Args:
        errors: Makes the writer of errors, for people.
        stream: Where the object goes.
    """

    def __init__(self, errors: Callable[[], Writer], stream: TextIO) -> None:
        super().__init__(errors)
        self._stream = stream

    def error(self, error: UserError) -> None:
        """Writes both."""
        super().error(error)
        told = {"what": error.what, "expected": error.expected, "fix": error.fix}
        print(json.dumps({"error": told}), file=self._stream)


def _guarded(
    options: argparse.Namespace,
    console: Console,
    streams: Sequence[TextIO],
    work: Callable[[], int],
) -> int:
    try:
        return _told(options, console, streams, work)
    except BrokenPipeError:
        return UNREAD
    finally:
        with contextlib.suppress(BrokenPipeError):
            console.close()


def _told(
    options: argparse.Namespace,
    console: Console,
    streams: Sequence[TextIO],
    work: Callable[[], int],
) -> int:
    """Works; what goes wrong is told, but for readers who went away, as `head` does.

    Raises:
        BrokenPipeError: If nobody reads one of the streams any more.
    """
    try:
        return work()
    except UserError as error:
        console.error(error)
    except Exception as error:  # nobody is shown a traceback
        if isinstance(error, BrokenPipeError) and any(map(_is_unread, streams)):
            raise
        console.error(unforeseen(error, getattr(options, "output_dir", None)))
    return FAILED


def _is_unread(stream: TextIO) -> bool:
    """Whether a stream is a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(stream, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


@contextlib.contextmanager
def _own_stream(descriptor: int) -> Iterator[TextIO]:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    own = os.fdopen(
        os.dup(descriptor), "w", buffering=1, encoding=stream.encoding, errors=stream.errors
    )
    try:
        yield own
    finally:
        with contextlib.suppress(BrokenPipeError):
            own.close()  # which writes what is left
