"""The command line: `python -m serving predict` and `python -m serving snippet`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from serving.errors import ServingError

FAILED = 2
INTERRUPTED = 130
VARIANTS = ("float32", "float16", "int8")
LANGUAGES = ("kotlin", "swift")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m serving",
        description="Run a model for phones on this machine, and show how to run it on a phone.",
        epilog="Exit status: 0 done, 2 a file or a row cannot be used.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    predict = commands.add_parser("predict", help="answers for the rows of a CSV file, or for JSON")
    _add_model(predict)
    rows = predict.add_mutually_exclusive_group(required=True)
    rows.add_argument("--data", metavar="CSV", help="rows to predict, in a file with a header")
    rows.add_argument("--json", metavar="ROWS", help="one row as a JSON object, or a list of them")
    predict.add_argument("--out", metavar="CSV", help="where predictions go, else to stdout")
    snippet = commands.add_parser("snippet", help="code for an app, to match this very model")
    snippet.add_argument("language", choices=LANGUAGES, help="kotlin for Android, swift for iOS")
    _add_model(snippet)
    return top


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tflite",
        metavar="PATH",
        required=True,
        help="a pushed version, the folder of all versions, or a .tflite file",
    )
    command.add_argument(
        "--variant", choices=VARIANTS, default=VARIANTS[0], help="which file of a version"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    top = parser()
    options = top.parse_args(arguments)
    if options.command == "predict" and options.json is not None and options.out:
        top.error("--out goes with --data; answers to --json are printed")
    try:
        _run(options)
    except ServingError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # whoever read the answers has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"error: {error}\n  fix: check the path and the disk", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _run(options: argparse.Namespace) -> None:
    # numpy and the interpreter are not imported before the command line is known to be right.
    from serving import batch, snippet
    from serving.edge import EdgeModel

    model = EdgeModel(options.tflite, options.variant)
    if options.command == "snippet":
        print(snippet.write(options.language, model.metadata, model.path.name), end="")
    elif options.json is not None:
        print(batch.answer_json(model, options.json))
    elif options.out:
        batch.predict_csv(model, Path(options.data), Path(options.out))
    else:
        batch.print_csv(model, Path(options.data), sys.stdout.buffer)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
