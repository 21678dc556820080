"""What each change makes of a release's state: pure functions."""

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from serving.errors import ServingError
from serving.releases.state import Action, Canary, Event, Started, State
from serving.releases.state_json import is_percent

MOST = 1000  # events, and versions to go back to, that are remembered


class Stamp(NamedTuple):
    """What an event says beside what was done.

    Attributes:
        who: A user and a host.
        when: The time in UTC, ISO 8601.
        why: In the words of whoever did it.
        run: The pipeline run that pushed the version.
    """

    who: str
    when: str
    why: str = ""
    run: str = ""


def first(model: str, version: int, stamp: Stamp) -> State:
    """Returns a new release.

    Args:
        model: The model's name in requests.
        version: The stable version.
        stamp: Who makes it.

    Raises:
        ServingError: If no request can have that name.
    """
    if not model or set(model) & set("/:"):
        raise ServingError(
            f'"{model}" is no name of a model', "letters that are no / and no :", "choose another"
        )
    return _done(State(model, (version,)), "promote", version, None, stamp)


def configured(
    state: State,
    *,
    servers: tuple[str, ...] = (),
    keep: int | None = None,
    base_path: str | None = None,
    config_file: str | None = None,
) -> State:
    """Returns a state with what is given in place of what it says; no change by itself.

    Raises:
        ServingError: If `keep` is no count.
    """
    if keep is not None and keep < 0:
        raise ServingError(f"keep is {keep}", expected="0 or more versions", fix="correct it")
    return replace(
        state,
        servers=servers or state.servers,
        keep=state.keep if keep is None else keep,
        base_path=base_path or state.base_path,
        config_file=config_file or state.config_file,
    )


def started(state: State, change: Started) -> State:
    """Returns a state in which a change is under way."""
    return replace(state, started=change, serial=state.serial + 1)


def ended(state: State) -> State:
    """Returns a state in which no change is under way."""
    return replace(state, started=None, serial=state.serial + 1)


def check_canary(state: State, version: int, percent: float) -> None:
    """Checks whether a version can be tried out.

    Raises:
        ServingError: If it is stable, or the percentage is none.
    """
    if not is_percent(percent):
        raise ServingError(
            f"{percent!r} is no percentage", expected="a number from 0 to 100", fix="correct it"
        )
    if version == state.stable:
        raise ServingError(
            f"version {version} is the stable one",
            expected="another version to try out",
            fix="`python -m serving status` lists the versions that were pushed",
        )


def canary(state: State, version: int, percent: float, stamp: Stamp) -> State:
    """Returns a state in which a version is tried out, in place of any other one.

    Args:
        state: The state before.
        version: The version.
        percent: The share of traffic that clients send it.
        stamp: Who does it.

    Raises:
        ServingError: As of `check_canary`.
    """
    check_canary(state, version, percent)
    new = Canary(version, float(percent))
    if state.canary == new:
        return state
    return _done(replace(state, canary=new), "canary", version, float(percent), stamp)


def check_promote(state: State, version: int) -> None:
    """Checks whether a version can become stable.

    Raises:
        ServingError: If it is, and another one is tried out.
    """
    if version == state.stable and state.canary is not None:
        raise ServingError(
            f"version {version} is stable already, and {state.canary.version} is tried out",
            expected="a version that is not stable",
            fix="`python -m serving rollback` ends the canary",
        )


def promote(state: State, version: int, stamp: Stamp) -> State:
    """Returns a state in which a version is stable and none is tried out.

    Args:
        state: The state before.
        version: The version.
        stamp: Who does it.

    Raises:
        ServingError: As of `check_promote`.
    """
    check_promote(state, version)
    if version == state.stable:
        return state
    before = [each for each in state.stables if each != version]
    new = replace(state, stables=(version, *before)[:MOST], canary=None)
    return _done(new, "promote", version, None, stamp)


def leaves(state: State) -> int:
    """Returns the version that a rollback takes out: the canary, else the stable one."""
    return state.canary.version if state.canary else state.stable


def rollback(state: State, on_disk: Collection[int], stamp: Stamp) -> State:
    """Returns a state without its canary, or with what was stable before.

    The version that goes is forgotten: no rollback goes back to it.

    Args:
        state: The state before.
        on_disk: The versions that are there.
        stamp: Who does it.

    Raises:
        ServingError: If there is nothing to go back to.
    """
    gone = leaves(state)
    if state.canary is not None:
        return _done(replace(state, canary=None), "rollback", gone, None, stamp)
    there = [each for each in state.stables[1:] if each in on_disk]
    if not there:
        raise ServingError(
            f"there is nothing to go back to: no version was stable before {gone}"
            if len(state.stables) == 1
            else f"there is nothing to go back to: {_listed(state.stables[1:])} gone from the disk",
            expected="a version that was stable before and is on the disk",
            fix="`python -m serving promote VERSION` makes any pushed version stable",
        )
    return _done(replace(state, stables=tuple(there)), "rollback", gone, None, stamp)


def _listed(versions: Collection[int]) -> str:
    return f"{', '.join(map(str, versions))} {'is' if len(versions) == 1 else 'are'}"


def _done(state: State, action: Action, version: int, percent: float | None, by: Stamp) -> State:
    event = Event(action, version, percent, state.stable, by.who, by.when, by.why, by.run)
    history = (*state.history, event)[-MOST:]
    return replace(state, history=history, started=None, serial=state.serial + 1)
