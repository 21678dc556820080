"""The command line of this machine: run the pipeline, or predict with what it pushed."""

import argparse
import sys
from collections.abc import Sequence

from orchestration import environment

DEFAULT_CONFIG = "configs/taxi.yaml"
DEFAULT_OUTPUT = "outputs"
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="local_runner.py",
        description="Train, gate and push a model on this machine, and predict with it.",
        epilog="Exit status: 0 pushed or nothing to do, 1 a gate refused, 2 failed or unreadable.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="from data to a pushed model, through the gates")
    _add_common(run)
    run.add_argument(
        "--data",
        metavar="FILES",
        help="rows in place of the config's data: a file or a quoted pattern such as 'rows/*.csv', "
        "here or under gs://; *.tfrecord and *.tfrecord.gz are TFRecords, all others CSV",
    )
    run.add_argument(
        "--tune",
        action="store_true",
        help="search better values of network and training first, and write them beside the config",
    )
    how = run.add_mutually_exclusive_group()
    how.add_argument("--quiet", action="store_true", help="print the verdict alone")
    how.add_argument("--verbose", action="store_true", help="show the frameworks' log as well")
    how.add_argument("--json", action="store_true", help="print one JSON object, last on stdout")
    predict = commands.add_parser("predict", help="batch prediction with the last pushed model")
    _add_common(predict)
    predict.add_argument("--data", metavar="CSV", required=True, help="rows to predict, in a file")
    predict.add_argument("--out", metavar="CSV", required=True, help="where predictions go")
    return top


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="YAML", default=DEFAULT_CONFIG, help="the use case")
    command.add_argument(
        "--output-dir", metavar="DIR", default=DEFAULT_OUTPUT, help="where everything goes"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = parser().parse_args(arguments)
    if not environment.has(["tfx"]):
        return environment.start_over()
    # Nothing heavy is imported before the command line is known to be right.
    from orchestration.local import commands

    try:
        return commands.COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
