"""The command line: `python -m serving up`, `predict`, `snippet`, and the commands of a release."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serving import up
from serving.compare import command as comparing
from serving.errors import ServingError
from serving.pushed import PUSHED, only_model
from serving.releases import commands as releasing
from serving.servers.ports import LOCAL

if TYPE_CHECKING:
    from serving.batch import Answering

FAILED = 2
INTERRUPTED = 130
VARIANTS = ("float32", "float16", "int8")
LANGUAGES = ("kotlin", "swift")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m serving",
        description="Serve a model and release its versions, ask it on a server or in a file for "
        "phones, and show how to run it.",
        epilog="Exit status: 0 done, 1 not as wished (status, compare, promote --if-better), "
        "2 a file, a row or a server cannot be used.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up.add_command(commands)
    releasing.add_commands(commands)
    comparing.add_command(commands)
    predict = commands.add_parser("predict", help="answers for the rows of a CSV file, or for JSON")
    where = predict.add_mutually_exclusive_group()
    where.add_argument(
        "--server",
        metavar="ADDRESS",
        help=f"host:8500 for gRPC, http://host:8501 for REST; {LOCAL} unless given",
    )
    _add_file(where, required=False)
    predict.add_argument(
        "--model", metavar="NAME", help=f"on the server; the only one in {PUSHED} unless given"
    )
    predict.add_argument(
        "--label",
        metavar="LABEL",
        help="on the server, stable or canary; the newest version that is loaded unless given",
    )
    _add_variant(predict)
    rows = predict.add_mutually_exclusive_group(required=True)
    rows.add_argument("--data", metavar="CSV", help="rows to predict, in a file with a header")
    rows.add_argument("--json", metavar="ROWS", help="one row as a JSON object, or a list of them")
    predict.add_argument("--out", metavar="CSV", help="where predictions go, else to stdout")
    snippet = commands.add_parser("snippet", help="code for an app, to match this very model")
    snippet.add_argument("language", choices=LANGUAGES, help="kotlin for Android, swift for iOS")
    _add_file(snippet, required=True)
    _add_variant(snippet)
    return top


def _add_file(command: argparse._ActionsContainer, *, required: bool) -> None:
    command.add_argument(
        "--tflite",
        metavar="PATH",
        required=required,
        help="a pushed version, the folder of all versions, or a .tflite file",
    )


def _add_variant(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--variant", choices=VARIANTS, help=f"which file of --tflite; {VARIANTS[0]} unless given"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    top = parser()
    options = top.parse_args(arguments)
    checks = {
        "predict": _check,
        "up": up.check,
        **dict.fromkeys(releasing.COMMANDS, releasing.check),
    }
    if options.command in checks:
        checks[options.command](top, options)
    try:
        return _run(options)
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


def _check(top: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.json is not None and options.out:
        top.error("--out goes with --data; answers to --json are printed")
    if options.tflite is not None and options.model is not None:
        top.error("--model goes with --server; a file holds one model")
    if options.tflite is not None and options.label is not None:
        top.error("--label goes with --server; a file is one version")
    if options.tflite is None and options.variant is not None:
        top.error("--variant goes with --tflite")


def _run(options: argparse.Namespace) -> int:
    # numpy and the interpreter are not imported before the command line is known to be right.
    runs = {
        "up": up.run,
        "compare": comparing.run,
        **dict.fromkeys(releasing.COMMANDS, releasing.run),
    }
    if options.command in runs:
        if options.command != "up":  # its server is to say all it has to say
            _quiet_tensorflow()
        return runs[options.command](options)
    if options.command == "snippet":
        _snippet(options)
    elif options.tflite is not None:
        from serving.batch_edge import OnFile
        from serving.edge import EdgeModel

        _predict(OnFile(EdgeModel(options.tflite, options.variant or VARIANTS[0])), options)
    else:
        from serving.batch_server import OnServer
        from serving.client import ServingClient

        _quiet_tensorflow()
        model = options.model or only_model(PUSHED, "--model NAME").name
        with ServingClient(options.server or LOCAL, model, label=options.label) as client:
            _predict(OnServer(client), options)
    sys.stdout.flush()
    return 0


def _quiet_tensorflow() -> None:
    """Keeps what TensorFlow says at import, which gRPC's requests need, off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")


def _predict(model: "Answering", options: argparse.Namespace) -> None:
    from serving import batch

    if options.json is not None:
        print(batch.answer_json(model, options.json))
    elif options.out:
        batch.predict_csv(model, Path(options.data), Path(options.out))
    else:
        batch.print_csv(model, Path(options.data), sys.stdout.buffer)


def _snippet(options: argparse.Namespace) -> None:
    from serving.edge import EdgeModel
    from serving.phone import snippet

    model = EdgeModel(options.tflite, options.variant or VARIANTS[0])
    print(snippet.write(options.language, model.metadata, model.path.name), end="")


if __name__ == "__main__":
    sys.exit(main())
