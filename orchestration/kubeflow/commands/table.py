"""All commands, and how each is run: from parsed options to an exit status."""

import argparse
import os
import sys
from collections.abc import Callable

from orchestration.failure import unforeseen
from orchestration.kubeflow.commands.compile import compile_to_file
from orchestration.kubeflow.commands.schedule import schedule
from orchestration.kubeflow.commands.status import status
from orchestration.kubeflow.commands.submit import submit
from usecase.errors import UserError

FAILED = 2


def guarded(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Runs a command; an error is told without a traceback, and is exit status 2."""
    try:
        return command(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:
        # Nobody reads on; Python would still say so when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001, nobody is shown a traceback
        print(f"error: {unforeseen(error)}", file=sys.stderr)
    return FAILED


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "compile": compile_to_file,
    "submit": submit,
    "schedule": schedule,
    "status": status,
}
