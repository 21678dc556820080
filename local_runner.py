"""The command line of this machine: run the pipeline, and ask what became of it."""

import sys
from collections.abc import Sequence

from orchestration import environment
from orchestration.local import arguments

INTERRUPTED = 130
GO_ON = {"run", "backtest", "clean"}  # the others only begin again


def main(command_line: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = arguments.parser().parse_args(command_line)
    if not environment.has(["tfx"]):
        return environment.start_over()
    # Nothing heavy is imported before the command line is known to be right.
    from orchestration.local import commands

    try:
        return commands.COMMANDS[options.command](options)
    except KeyboardInterrupt:
        more = "; the same command goes on from here" if options.command in GO_ON else ""
        print(f"interrupted{more}", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
