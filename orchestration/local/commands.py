"""The commands of the local runner: from parsed options to an exit status."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from orchestration.failure import unforeseen
from orchestration.local.console import Console
from orchestration.local.consoles import make_console
from orchestration.plan import make_plan
from usecase.errors import UserError

FAILED = 2


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
        return _guarded(options, console, lambda: _run(options, console, stderr.fileno()))


def _run(options: argparse.Namespace, console: Console, stderr_fd: int) -> int:
    from orchestration.local.run import run as run_plan

    plan = make_plan(options.config, options.data, tune=options.tune)
    echo = stderr_fd if options.verbose else None
    return run_plan(plan, _absolute(options.output_dir), console, echo_fd=echo).exit_code


def predict(options: argparse.Namespace) -> int:
    """Predicts rows in batch."""
    with _own_stream(1) as stdout, _own_stream(2) as stderr:
        console = make_console(
            stdout=stdout, stderr=stderr, quiet=False, verbose=False, json=False, environ=os.environ
        )

        def work() -> int:
            from orchestration.local.predict import predict_csv, require_csv

            require_csv(options.data)
            plan = make_plan(options.config, options.data)
            done = predict_csv(plan, _absolute(options.output_dir), Path(options.out))
            print(
                f"{done.rows:,} rows predicted with version {done.version}: {options.out}",
                file=stdout,
            )
            return 0

        return _guarded(options, console, work)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"run": run, "predict": predict}


def _guarded(options: argparse.Namespace, console: Console, work: Callable[[], int]) -> int:
    try:
        return work()
    except UserError as error:
        console.error(error)
        return FAILED
    except Exception as error:  # noqa: BLE001, nobody is shown a traceback
        console.error(unforeseen(error, _absolute(options.output_dir)))
        return FAILED
    finally:
        console.close()


def _own_stream(descriptor: int) -> TextIO:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    return os.fdopen(
        os.dup(descriptor), "w", buffering=1, encoding=stream.encoding, errors=stream.errors
    )


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
