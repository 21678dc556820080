"""The command line of a cluster: compile the pipeline, run it there, see what became of it."""

import argparse
import sys
from collections.abc import Sequence

from orchestration import environment

DEFAULT_CONFIG = "configs/taxi.yaml"
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="kubeflow_runner.py",
        description="Run the pipeline on Kubeflow Pipelines, or compile it for Vertex AI.",
        epilog="Exit status: 0 done, or the run succeeded; 1 a gate refused: nothing was pushed, "
        "or one destination alone was; 2 failed or unreadable, or still "
        "running when --timeout was over; 130 interrupted.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_compile(commands.add_parser("compile", help="from a use case to the file of a cluster"))
    _add_submit(commands.add_parser("submit", help="run it now, and follow the run to its end"))
    _add_schedule(commands.add_parser("schedule", help="run it by the clock"))
    _add_status(commands.add_parser("status", help="the schedule and the last runs, or one run"))
    return top


def _add_compile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="YAML", default=DEFAULT_CONFIG, help="the use case")
    command.add_argument(
        "--out", metavar="FILE", required=True, help="the file to write; - for standard output"
    )
    command.add_argument(
        "--target",
        choices=("kfp", "vertex"),
        default="kfp",
        help="Kubeflow Pipelines (YAML) or Vertex AI (JSON)",
    )
    _add_compiling(command)
    command.add_argument("--pipeline-root", metavar="URI", help="where artifacts go")


def _add_submit(command: argparse.ArgumentParser) -> None:
    _add_connection(command)
    _add_pipeline(command)
    _add_compiling(command)
    _add_running(command)
    command.add_argument("--run-name", metavar="NAME", help="of the run; by default with the time")
    command.add_argument("--no-wait", action="store_true", help="do not follow the run")
    command.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="follow it no longer; it goes on"
    )


def _add_schedule(command: argparse.ArgumentParser) -> None:
    _add_connection(command)
    _add_pipeline(command)
    _add_compiling(command)
    _add_running(command)
    command.add_argument("--name", metavar="NAME", help="of the schedule; else as the pipeline")
    when = command.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--cron", metavar="FIELDS", help='when, for example "0 2 * * *"; in UTC, unless configured'
    )
    when.add_argument(
        "--off",
        action="store_true",
        help="end it; while a run of it goes on, it is disabled, and a later --off deletes it",
    )


def _add_status(command: argparse.ArgumentParser) -> None:
    _add_connection(command)
    _add_pipeline(command)
    command.add_argument("--experiment", metavar="NAME", help="of its runs; else as the pipeline")
    command.add_argument("--name", metavar="NAME", help="of the schedule; else as the pipeline")
    command.add_argument("run_id", metavar="RUN_ID", nargs="?", help="one run, with its nodes")
    command.set_defaults(data=None, tune=False)


def _add_connection(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--host", metavar="URL", required=True, help="of the UI, for example http://localhost:8080"
    )
    command.add_argument("--namespace", metavar="NAME", help="where Kubeflow has several users")
    token = command.add_mutually_exclusive_group()
    token.add_argument(
        "--token", help="who asks; others on this machine can see it: better one of the next"
    )
    token.add_argument(
        "--token-file", metavar="FILE", help="a file with it; else it is KFP_TOKEN's value"
    )


def _add_pipeline(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument("--config", metavar="YAML", default=DEFAULT_CONFIG, help="the use case")
    which.add_argument("--file", metavar="YAML", help="what compile wrote")


def _add_compiling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", metavar="FILES", help="rows in place of the config's data")
    command.add_argument("--image", help="in place of the config's")
    command.add_argument("--gpu-image", metavar="IMAGE", help="in place of the config's")
    command.add_argument("--tune", action="store_true", help="with a Tuner before the Trainer")


def _add_running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a runtime parameter; compile shows them",
    )
    command.add_argument("--experiment", metavar="NAME", help="of its runs; else as the pipeline")
    command.add_argument("--pipeline-root", metavar="URI", help="where artifacts go")
    command.add_argument("--service-account", metavar="NAME", help="of the pods")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds >= 0:
        raise ValueError(text)
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = parser().parse_args(arguments)
    if not environment.has(["tfx"] if _compiles(options) else ["pydantic", "yaml"]):
        return environment.start_over()
    # Nothing heavy is imported before the command line is known to be right.
    from orchestration.kubeflow.commands import table

    try:
        return table.guarded(table.COMMANDS[options.command], options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _compiles(options: argparse.Namespace) -> bool:
    return options.command == "compile" or (
        options.command != "status" and options.file is None and not getattr(options, "off", False)
    )


if __name__ == "__main__":
    sys.exit(main())
