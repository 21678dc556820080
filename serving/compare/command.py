"""`python -m serving compare`: is the canary worse than the stable version?"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.compare.defaults import MARGIN, MAX_SLOWDOWN, ROWS
from serving.errors import ServingError
from serving.pushed import PUSHED, only_model
from serving.servers.ports import LOCAL

if TYPE_CHECKING:
    from serving.compare.comparison import Comparison

NOT_WORSE, WORSE = 0, 1
EPILOG = (
    "Both versions get the same rows, in turn. Exit status: 0 the canary is not worse; 1 it is: it "
    "crashes the server, fails, lacks an output, answers with NaN, is wrong by the labels or slow, "
    "or, without labels, answers very differently; 2 they cannot be compared."
)


def add_command(commands: Any) -> None:
    """Adds `compare` to the commands of a command line.

    Args:
        commands: What `ArgumentParser.add_subparsers` returns.
    """
    command = commands.add_parser(
        "compare", help="ask the stable version and the canary the same rows", epilog=EPILOG
    )
    command.add_argument(
        "--server",
        metavar="ADDRESS",
        help="host:8500 for gRPC, http://host:8501 for REST (default: the first that the release "
        "remembers, else http://localhost:8501)",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--model", metavar="NAME", help=f"on the server; the only one in {PUSHED} unless given"
    )
    which.add_argument(
        "--model-dir", type=Path, metavar="FOLDER", help="the model's folder, in place of its name"
    )
    command.add_argument("--json", action="store_true", help="print what was found as JSON")
    add_arguments(command, required=True)


def add_arguments(parser: argparse._ActionsContainer, *, required: bool = False) -> None:
    """Adds what any comparison is told.

    Args:
        parser: Of a command.
        required: Whether there must be data.
    """
    parser.add_argument(
        "--data",
        type=Path,
        metavar="CSV",
        required=required,
        help="rows to ask, in a file with a header",
    )
    parser.add_argument(
        "--label",
        metavar="NAME",
        help="column of the labels; or one that the model computes from others, as the pipeline's "
        "label does",
    )
    parser.add_argument(
        "--positive",
        metavar="CLASS",
        help="label that a probability is of, where neither 1 and 0 nor the model's answers tell",
    )
    parser.add_argument(
        "--rows", type=_rows, default=ROWS, metavar="N", help="read at most so many (%(default)s)"
    )
    parser.add_argument(
        "--margin",
        type=_margin,
        default=MARGIN,
        metavar="M",
        help="how much lower the quality of a better canary may be, for sure (%(default)s)",
    )
    parser.add_argument(
        "--max-slowdown",
        type=_slowdown,
        default=MAX_SLOWDOWN,
        metavar="X",
        help="ratio of median latencies that is not slow yet (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Compares, and prints what was found.

    Returns:
        0 if the canary is not worse, 1 if it is.

    Raises:
        ServingError: If there is nothing to compare.
    """
    model, address = _where(options)
    found = from_options(options, address, model)
    if options.json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        from serving.compare.report import text

        print(text(found))
    sys.stdout.flush()
    return WORSE if found.is_worse else NOT_WORSE


def from_options(options: argparse.Namespace, address: str, model: str) -> "Comparison":
    """Returns the comparison that a command line asks for.

    Args:
        options: With what `add_arguments` adds.
        address: The server's.
        model: The model's name.

    Raises:
        ServingError: If there is nothing to compare.
    """
    if options.data is None:
        raise ServingError(
            "there are no rows to compare versions on",
            expected="a CSV file",
            fix="give one: --data CSV",
        )
    from serving.compare.comparison import compare

    return compare(
        address,
        model,
        options.data,
        label_column=options.label,
        positive=options.positive,
        rows=options.rows,
        max_slowdown=options.max_slowdown,
        margin=options.margin,
    )


def _where(options: argparse.Namespace) -> tuple[str, str]:
    """Returns the name of the model and the address of its server."""
    from serving.releases.store import read_state

    if options.model is not None:
        return options.model, options.server or LOCAL
    folder = options.model_dir or only_model(PUSHED, "--model NAME or --model-dir FOLDER")
    state = read_state(folder)
    if state is None:
        return folder.expanduser().resolve().name, options.server or LOCAL
    return state.model, options.server or next(iter(state.servers), LOCAL)


def _rows(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no number of rows: 1 or more")
    return number


def _margin(value: str) -> float:
    return _at_least(value, 0.0)


def _slowdown(value: str) -> float:
    return _at_least(value, 1.0)


def _at_least(value: str, least: float) -> float:
    number = float(value)
    if not least <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{value}: {least:g} or more")
    return number
