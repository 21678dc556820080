"""`python -m serving status`, `canary`, `promote` and `rollback`."""

import argparse
import json
import math
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import ServingError
from serving.pushed import PUSHED, only_model, versions
from serving.releases import if_better, status_view

if TYPE_CHECKING:
    from serving.releases.rollout import Options
    from serving.releases.state import State

COMMANDS = ("status", "canary", "promote", "rollback")
NEWEST = "newest"
NEEDS_ATTENTION = 1
SECONDS = 120.0


def add_commands(commands: Any) -> None:
    """Adds the commands of a release to the commands of a command line.

    Args:
        commands: What `ArgumentParser.add_subparsers` returns.
    """
    status = commands.add_parser(
        "status",
        help="which versions are stable, tried out and new, and what the servers say",
        epilog="Exit status: 0 all is well, 1 something needs attention, 2 it cannot be told.",
    )
    _add_common(status)
    status.add_argument("--json", action="store_true", help="print one JSON object")
    canary = commands.add_parser("canary", help="try a version out with a share of the traffic")
    canary.add_argument("version", type=_version, metavar="VERSION", help=f"a number, or {NEWEST}")
    canary.add_argument(
        "--percent",
        type=_percent,
        required=True,
        metavar="P",
        help="share of traffic that clients send it, 0 to 100; may be changed at any time",
    )
    promote = commands.add_parser("promote", help="make a version the stable one")
    promote.add_argument(
        "version",
        type=_version,
        nargs="?",
        metavar="VERSION",
        help=f"a number, or {NEWEST}; with --if-better the canary unless given",
    )
    if_better.add_arguments(promote)
    rollback = commands.add_parser(
        "rollback", help="end the canary; without one, go back to what was stable before"
    )
    for command in (canary, promote):
        _add_common(command)
        _add_changing(command)
        _add_loading(command)
    _add_common(rollback)
    _add_changing(rollback)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model-dir",
        type=Path,
        metavar="FOLDER",
        help=f"folder of a model's numbered versions (default: the only one in {PUSHED})",
    )
    command.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="host:8500 or http://host:8501, once for each server; remembered by what changes "
        "a release (default: those remembered, else http://localhost:8501)",
    )


def _add_changing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--why", default="", metavar="TEXT", help="the reason, for the history")
    command.add_argument(
        "--timeout",
        type=_seconds,
        default=SECONDS,
        metavar="S",
        help="seconds that servers have to load a version (%(default)g)",
    )


def _add_loading(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--offline", action="store_true", help="ask no server: they will read it when they start"
    )
    command.add_argument(
        "--keep", type=_count, metavar="N", help="versions kept loaded for a rollback (1)"
    )
    command.add_argument("--name", help="the model's name in requests (default: the folder's)")
    command.add_argument(
        "--base-path", metavar="PATH", help="the model's folder as servers see it, if elsewhere"
    )
    command.add_argument(
        "--config-file",
        metavar="PATH",
        help="the servers' model config file (default: models.config in the folder)",
    )


def check(top: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends with an error of the command line where arguments do not go together.

    Args:
        top: The parser.
        options: Of one of COMMANDS.
    """
    if options.command == "promote":
        if_better.check(top, options)
    if getattr(options, "offline", False) and options.server:
        top.error("--server goes without --offline, which asks none")


def run(options: argparse.Namespace) -> int:
    """Runs one of COMMANDS.

    Returns:
        0 if it was done, 1 if `status` found problems or `promote --if-better` refused.

    Raises:
        ServingError: If it cannot be done.
    """
    from serving.launch import model_folder

    folder = options.model_dir or only_model(PUSHED, "--model-dir FOLDER")
    name = folder.expanduser().resolve().name
    model_folder(folder, name)
    folder = folder.expanduser()
    if options.command == "status":
        return _status(folder, name, options)
    return _change(folder, name, options)


def _status(folder: Path, name: str, options: argparse.Namespace) -> int:
    from serving.releases.store import read_state
    from serving.releases.survey import survey

    how = status_view.options_of(options.model_dir, options.server)
    if read_state(folder) is None:
        newest(folder)
        if options.json:
            none = {"model": name, "folder": str(folder), "state": None, "new": versions(folder)}
            print(json.dumps(none, ensure_ascii=False))
        else:
            print("\n".join(status_view.without_release(name, folder, versions(folder), how)))
        return 0
    found = survey(folder, tuple(options.server))
    if options.json:
        print(json.dumps(status_view.as_json(found), ensure_ascii=False))
    else:
        print("\n".join(status_view.lines(found, folder, how)))
    return NEEDS_ATTENTION if found.problems else 0


def _change(folder: Path, name: str, options: argparse.Namespace) -> int:
    from serving.releases import rollout
    from serving.releases.store import read_state

    by = rollout.By.me(" ".join(options.why.split()))
    settings = _settings(options)
    state = read_state(folder)
    shown = state.model if state else settings.name or name
    print(f"{shown} · {folder}", flush=True)
    started = time.monotonic()
    version = _number(folder, getattr(options, "version", None))
    if options.command == "rollback":
        state = rollout.rollback(folder, by, settings, _say)
    elif options.command == "canary":
        state = rollout.canary(folder, version, options.percent, by, settings, _say)
    elif not options.if_better:
        state = rollout.promote(folder, version, by, settings, _say)
    else:
        state = if_better.promote(folder, version, options, by, settings, _say)
        if state is None:
            return NEEDS_ATTENTION
    print(f"  ✔ {_outcome(state)}  [{time.monotonic() - started:.1f}s]", flush=True)
    return 0


def _settings(options: argparse.Namespace) -> "Options":
    from serving.releases.rollout import Options

    common = Options(servers=tuple(options.server), timeout=options.timeout)
    if options.command == "rollback":
        return common
    return replace(
        common,
        is_offline=options.offline,
        keep=options.keep,
        base_path=options.base_path,
        config_file=options.config_file,
        name=options.name,
    )


def _outcome(state: "State") -> str:
    """Returns what the last change of a release came to."""
    if canary := state.canary:
        return f"version {canary.version} is the canary: {canary.percent:g} % of traffic"
    return f"version {state.stable} is stable"


def _say(line: str) -> None:
    print(f"  · {line}", flush=True)


def _number(folder: Path, version: int | str | None) -> Any:
    return newest(folder) if version == NEWEST else version


def newest(folder: Path) -> int:
    """Returns the newest version of a model.

    Raises:
        ServingError: If there is none.
    """
    pushed = versions(folder)
    if pushed:
        return pushed[-1]
    raise ServingError(
        f"no version in {folder}",
        expected="at least one folder whose name is a number, without leading zeros",
        fix="push a model: python local_runner.py run",
    )


def _version(text: str) -> int | str:
    if text == NEWEST:
        return text
    if re.fullmatch(r"[1-9][0-9]{0,17}", text):
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is no version: a number from 1, or {NEWEST}')


def _percent(text: str) -> float:
    number = _float(text)
    if 0 <= number <= 100:  # not NaN either
        return number
    raise argparse.ArgumentTypeError(f'"{text}" is no percentage: 0 to 100')


def _seconds(text: str) -> float:
    number = _float(text)
    if 0 < number < math.inf:
        return number
    raise argparse.ArgumentTypeError(f'"{text}" is no time: seconds above 0')


def _count(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text):
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is no count: a whole number from 0')


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
