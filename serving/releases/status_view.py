"""What `python -m serving status` shows: a survey in lines, or as JSON."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.releases import plan
from serving.releases.state import CANARY, STABLE, Event, State

if TYPE_CHECKING:
    from serving.releases.survey import Server, Survey

CHANGES = 5


def lines(survey: "Survey", folder: Path, how: str) -> Iterator[str]:
    """Yields the lines that tell how a release stands.

    Args:
        survey: What was found.
        folder: The model's, as it was given.
        how: The options that name this model on the command line, as of `options_of`.
    """
    state = survey.state
    yield f"{state.model} · {folder}"
    yield _line("stable", state.stable, _since(survey))
    if state.canary:
        canary = state.canary
        since = _canary_since(survey, canary.version)
        yield _line("canary", canary.version, f"{canary.percent:g} %{since}")
    for version in kept(survey):
        yield _line("kept", version, "for a rollback")
    for version in survey.new:
        yield _line("new", version, f"pushed, not served: {canary_command(version, how)}")
    if survey.is_busy:
        yield "  · a command is at work now"
    yield ""
    for server in survey.servers:
        yield from _server_lines(server, state)
    for problem in survey.problems:
        yield f"  ✘ {problem}"
    if state.history:
        yield "\n  last changes"
        for event in state.history[: -CHANGES - 1 : -1]:
            yield f"    {_change(event)}"


def options_of(model_dir: Path | None, servers: Iterable[str] = ()) -> str:
    """Returns options for a command line, " --model-dir ..."; "" where none is needed.

    Args:
        model_dir: As it was given; None if it was not.
        servers: Addresses that were given.
    """
    folder = [] if model_dir is None else ["--model-dir", str(model_dir)]
    given = [part for server in servers for part in ("--server", server)]
    return "".join(f" {shlex.quote(part)}" for part in (*folder, *given))


def canary_command(version: int, how: str) -> str:
    """Returns the command that tries a version out.

    Args:
        version: Which one.
        how: As of `lines`.
    """
    return f"python -m serving canary {version} --percent 10{how}"


def without_release(name: str, folder: Path, pushed: list[int], how: str) -> Iterator[str]:
    """Yields the lines that tell that there is no release yet.

    Args:
        name: The model's.
        folder: Its versions'.
        pushed: The model's versions, ascending; not none.
        how: As of `lines`.
    """
    count = f"{len(pushed)} versions" if len(pushed) > 1 else "one version"
    yield f"{name} · {folder}"
    yield f"  no release yet: {count}, the newest is {pushed[-1]}"
    yield "  · `python -m serving up` serves it and makes it stable; where other servers do,"
    yield f"    python -m serving promote {pushed[-1]}{how}"


def as_json(survey: "Survey") -> dict[str, Any]:
    """Returns a survey as what JSON holds."""
    return {
        "model": survey.state.model,
        "folder": str(survey.folder),
        "state": survey.state.to_json(),
        "labels": survey.state.labels,
        "kept": kept(survey),
        "new": list(survey.new),
        "runs": {str(version): push._asdict() for version, push in survey.runs.items()},
        "servers": [
            {
                "address": server.address,
                "error": server.error,
                "versions": {str(v.version): v.state for v in server.versions},
                "labels": dict(server.labels),
                "unlabelled": server.unlabelled,
            }
            for server in survey.servers
        ],
        "is_config_current": survey.is_config_current,
        "is_busy": survey.is_busy,
        "problems": list(survey.problems),
    }


def at(when: str) -> str:
    """Returns a time of the state to the minute, as people read it."""
    return f"{when[:16].replace('T', ' ')} UTC"


def kept(survey: "Survey") -> list[int]:
    """Returns the versions that stay loaded for a rollback, newest first."""
    return plan.kept(survey.state, plan.on_disk(survey.folder))


def _line(role: str, version: int, rest: str) -> str:
    return f"  {role:<7} {version}  {rest}"


def _since(survey: "Survey") -> str:
    """Returns since when the stable version is stable: since the first change that left it so."""
    first = None
    for event in reversed(survey.state.history):
        if event.stable != survey.state.stable:
            break
        first = event
    return f"since {_told(first, survey.state.stable, survey)}" if first else ""


def _canary_since(survey: "Survey", version: int) -> str:
    events = (e for e in reversed(survey.state.history) if e.action == "canary")
    event = next((e for e in events if e.version == version), None)
    return f" since {_told(event, version, survey)}" if event else ""


def _told(event: Event, version: int, survey: "Survey") -> str:
    push = survey.runs.get(version)
    run = push.run if push else event.run if event.version == version else ""
    return _joined(f"{at(event.when)} by {event.who}", run, event.why)


def _joined(first: str, run: str, why: str) -> str:
    return " · ".join([first, *([f"run {run}"] if run else []), *([f'"{why}"'] if why else [])])


def _change(event: Event) -> str:
    what = {
        "canary": f"canary {event.version} at {event.percent or 0:g} %",
        "promote": f"promote {event.version}",
        "rollback": f"rollback from {event.version}, stable {event.stable}",
    }[event.action]
    return f"{at(event.when)}  {_joined(f'{what} by {event.who}', event.run, event.why)}"


def _server_lines(server: "Server", state: State) -> Iterator[str]:
    if server.error:
        yield f"  ✘ {server.address}  does not answer"
        return
    labels = [f"{name} {server.labels.get(name) or '-'}" for name in (STABLE, CANARY)]
    unlabelled = f"without a label {server.unlabelled or '-'}"
    mark = "✔" if all(server.labels.get(k) == v for k, v in state.labels.items()) else "✘"
    yield f"  {mark} {server.address}  {' · '.join([*labels, unlabelled])}"
    if state.canary and server.unlabelled == state.canary.version:
        yield "    requests without a label reach the canary there: ask by label"
