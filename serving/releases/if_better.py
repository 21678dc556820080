"""`promote --if-better`: the canary becomes stable only where it proves better on labelled rows."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from serving.compare import command as comparing
from serving.errors import ServingError
from serving.servers.ports import LOCAL

if TYPE_CHECKING:
    from serving.releases.rollout import By, Options, Say
    from serving.releases.state import State


def add_arguments(promote: argparse.ArgumentParser) -> None:
    """Adds --if-better, and what a comparison needs, to `promote`."""
    group = promote.add_argument_group("only where the canary proves better")
    group.add_argument(
        "--if-better",
        action="store_true",
        help="compare both on labelled rows first; exit status 1 where it is not better",
    )
    comparing.add_arguments(group)


def check(top: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends with an error of the command line where arguments do not go together.

    Args:
        top: The parser.
        options: Of `promote`.
    """
    if not options.if_better:
        if options.version is None:
            top.error("promote: name a VERSION, or give --if-better to promote the canary")
        alone = argparse.ArgumentParser(add_help=False)
        comparing.add_arguments(alone)
        for name, default in vars(alone.parse_args([])).items():
            if getattr(options, name) != default:
                top.error(f"--{name.replace('_', '-')} goes with --if-better")
    elif options.offline:
        top.error("--if-better asks a server; it goes without --offline")
    elif options.data is None or options.label is None:
        top.error("--if-better needs labelled rows: --data CSV --label NAME")


def promote(
    folder: Path,
    version: int | None,
    options: argparse.Namespace,
    by: "By",
    settings: "Options",
    say: "Say",
) -> "State | None":
    """Promotes the canary if it proves better than the stable version.

    Args:
        folder: The model's folder.
        version: Which is meant to be the canary; None takes the one that is.
        options: Of the command line.
        by: Who does it, and why.
        settings: Of the change.
        say: Told what happens.

    Returns:
        The state afterwards; None if the canary is not better, and nothing was changed.

    Raises:
        ServingError: If there is no such canary, they cannot be compared, or the state was changed
            meanwhile.
    """
    from serving.compare.report import text
    from serving.releases import rollout
    from serving.releases.store import read_state

    state = read_state(folder)
    if state is None or state.canary is None:
        raise ServingError(
            "there is no canary that could be better" if state else "there is no release yet",
            expected="a canary that takes requests",
            fix="python -m serving canary VERSION --percent P",
        )
    canary = state.canary.version
    if version not in (None, canary):
        raise ServingError(
            f"version {version} is not the canary, {canary} is",
            expected="the canary, which servers answer with beside the stable version",
            fix=f"python -m serving canary {version} --percent P",
        )
    server = (*settings.servers, *state.servers, LOCAL)[0]
    comparison = comparing.from_options(options, server, state.model)
    print(text(comparison), flush=True)
    if (comparison.stable, comparison.canary) != (state.stable, canary):
        raise ServingError(
            f"{server} compared the versions {comparison.stable} and {comparison.canary}",
            expected=f"{state.stable} and {canary}, as the release says",
            fix="see `python -m serving status`, and run the command again",
        )
    if not comparison.is_better():
        print(f"  ✘ version {canary} is not better: version {state.stable} stays stable")
        return None
    return rollout.promote(folder, canary, by, settings, say, expected_serial=state.serial)
