"""The arguments of every command of the local runner; needs nothing but Python itself."""

import argparse
from pathlib import Path

DEFAULT_CONFIG = "configs/taxi.yaml"
DEFAULT_OUTPUT = "outputs"


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="local_runner.py",
        description="Train, gate and push a model on this machine, and ask what became of it.",
        epilog="Exit status: 0 pushed or nothing to do, or stopped as asked; 1 a gate refused, or "
        "the schema and the data differ; 2 failed or unreadable.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (add, text) in COMMANDS.items():
        add(commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + "."))
    return top


def add_run(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `run`."""
    command.add_argument(
        "--config", metavar="YAML", help=f"the use case; {DEFAULT_CONFIG} unless --label is given"
    )
    _add_output(command)
    command.add_argument(
        "--data",
        metavar="FILES",
        help="rows in place of the config's data: a file or a quoted pattern such as 'rows/*.csv', "
        "here or under gs://; names tell CSV, Parquet (*.parquet) and TFRecord (*.tfrecord)",
    )
    _add_inferred(command)
    command.add_argument(
        "--tune",
        action="store_true",
        help="search better values of network and training first, and write them beside the config",
    )
    command.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="another value in place of the config's, for example training.max_epochs=5",
    )
    command.add_argument(
        "--span",
        metavar="N",
        type=_span,
        help="the span to read, of data in spans ({SPAN} in their path); else the newest",
    )
    part = command.add_argument_group("a part of the pipeline, by node (Trainer) or stage (train)")
    part.add_argument("--from", metavar="NODE", dest="from_node", help="run it and all behind anew")
    part.add_argument("--to", metavar="NODE", dest="to_node", help="stop behind it")
    part.add_argument("--only", metavar="NODE", dest="only_node", help="run it alone, anew")
    part.add_argument("--no-cache", action="store_true", help="run every node anew")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--quiet", action="store_true", help="print the verdict alone")
    how.add_argument("--verbose", action="store_true", help="show the frameworks' log as well")
    how.add_argument("--json", action="store_true", help="print one JSON object, last on stdout")


def add_backtest(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `backtest`."""
    _add_common(command)
    command.add_argument(
        "--time",
        metavar="COLUMN",
        help="cut the rows into spans by this column, of dates or of seconds since 1970; else by "
        "{SPAN} in the path of the config's data",
    )
    command.add_argument(
        "--by", choices=("year", "quarter", "month"), help="how long a span is; quarter if unset"
    )
    command.add_argument(
        "--train", metavar="K", type=_count, help="how many first spans to train on; else half"
    )
    command.add_argument(
        "--metric", metavar="NAME", help="what is judged and plotted; else the task's first"
    )
    command.add_argument(
        "--plot",
        metavar="SVG",
        type=_path,
        help="an .svg file; else backtest/<use case>/quality.svg in the output folder",
    )
    _add_json(command)


def add_init(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `init`."""
    command.add_argument("--data", metavar="FILES", required=True, help="rows, as for run")
    _add_inferred(command, required=True)


def add_predict(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `predict`."""
    _add_common(command)
    command.add_argument("--data", metavar="CSV", required=True, help="rows to predict, in a file")
    command.add_argument("--out", metavar="CSV", required=True, help="where predictions go")


def add_schema(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `schema`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="the curated schema, one line a column")
    diff = actions.add_parser("diff", help="what today's data changed, in words")
    update = actions.add_parser("update", help="take what diff shows, after a review")
    for action in (show, diff, update):
        _add_common(action)
    for action in (diff, update):
        action.add_argument("--data", metavar="FILES", help="rows in place of the config's data")
    diff.add_argument(
        "--requests",
        metavar="FILES",
        help="request logs of a model server: how what clients send differs from the data",
    )
    update.add_argument("--yes", action="store_true", help="without asking; review it afterwards")


def add_runs(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `runs`."""
    _add_output(command)
    _add_json(command)


def add_show(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `show`."""
    command.add_argument("run_id", metavar="RUN", help="a run, its beginning, or `last`")
    _add_output(command)
    _add_json(command)


def add_diff(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `diff`."""
    command.add_argument("before", metavar="RUN", help="a run")
    command.add_argument("after", metavar="RUN", help="a later one, or `last`")
    _add_output(command)
    _add_json(command)


def add_explain(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `explain`."""
    command.add_argument("run_id", metavar="RUN", nargs="?", default="last", help="else the last")
    command.add_argument(
        "--row", metavar="JSON", help="follow one example through: raw, transformed, logits, output"
    )
    _add_output(command)
    _add_json(command)


def add_clean(command: argparse.ArgumentParser) -> None:
    """Adds the arguments of `clean`."""
    command.add_argument(
        "--keep", metavar="N", type=_count, required=True, help="how many runs of each use case"
    )
    command.add_argument("--dry-run", action="store_true", help="only say what would go")
    _add_output(command)


COMMANDS = {
    "run": (add_run, "from data to a pushed model, through the gates"),
    "init": (add_init, "infer a configuration and a schema from data, and write them"),
    "predict": (add_predict, "batch prediction with the last pushed model"),
    "backtest": (add_backtest, "train on the first spans, and see how quality ages in later ones"),
    "schema": (add_schema, "the curated schema, held against today's data"),
    "runs": (add_runs, "the runs of an output folder"),
    "show": (add_show, "one run: its nodes, gates and metrics"),
    "diff": (add_diff, "what two runs differ in: config, data, metrics, timings"),
    "explain": (add_explain, "why a run pushed or did not, and why each node ran"),
    "clean": (add_clean, "remove old runs; never what is pushed or blessed"),
}


def _add_inferred(command: argparse.ArgumentParser, *, required: bool = False) -> None:
    group = command.add_argument_group("a configuration inferred from the data")
    group.add_argument("--label", metavar="NAME", required=required, help="the column to predict")
    group.add_argument("--name", metavar="NAME", help="of the use case; else the file's")
    group.add_argument(
        "--task", choices=("binary", "multiclass", "regression"), help="else the label tells"
    )
    group.add_argument("--positive", metavar="CLASS", help="the class whose probability is told")
    group.add_argument("--delimiter", metavar="CHAR", help="of a CSV file; else the header tells")
    group.add_argument("--overwrite", action="store_true", help="replace files that are there")


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="YAML", default=DEFAULT_CONFIG, help="the use case")
    _add_output(command)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--output-dir",
        metavar="DIR",
        type=_path,
        default=DEFAULT_OUTPUT,
        help="where everything goes",
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no such user; the current folder is gone
        raise argparse.ArgumentTypeError(f'"{text}" is no path: {error}') from error


def _count(text: str) -> int:
    return _whole_number(text, 1)


def _span(text: str) -> int:
    return _whole_number(text, 0)


def _whole_number(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from {least}')
    return number
