"""Canary, promote and roll back a version: what the command line and the pusher call."""

import contextlib
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from serving.errors import ServingError
from serving.pushed import push_of
from serving.releases import changes, model_config, plan
from serving.releases.changes import Stamp
from serving.releases.options import By, Options, Say, nothing, now
from serving.releases.servers import UnloadableError
from serving.releases.state import Action, Started, State
from serving.releases.store import Store
from serving.releases.work import Change, OvertakenError, Work, config_path

__all__ = [
    "By",
    "Options",
    "OvertakenError",
    "Say",
    "canary",
    "nothing",
    "open_release",
    "promote",
    "promote_pushed",
    "rollback",
]


def canary(
    folder: Path,
    version: int,
    percent: float,
    by: By,
    options: Options = Options(),  # noqa: B008 - it is frozen
    say: Say = nothing,
) -> State:
    """Tries a version out: servers load it, and clients send it a share of their traffic.

    Of the version that is tried out already, it changes the share, which no server need know of.

    Args:
        folder: The folder of the model's versions.
        version: Any that was pushed but the stable one.
        percent: The share, 0 to 100.
        by: Who does it.
        options: How.
        say: Takes a line for each thing that happens.

    Returns:
        The state after it.

    Raises:
        ServingError: If it cannot be done. Nothing was changed then, unless it says that servers
            do not follow yet.
    """
    store = Store(folder)
    with store.working(f"canary of {version} by {by.who} since {now()}"):
        state = store.read()
        if state is None:
            raise ServingError(
                f"there is no release in {store.folder}",
                expected="a stable version, beside which another one is tried out",
                fix="name it: python -m serving promote VERSION",
            )
        _check(store, state, version, options)
        changes.check_canary(state, version, percent)
        is_known = state.canary is not None and state.canary.version == version
        stamp = _stamp(store, version, by)
        change = partial(changes.canary, version=version, percent=percent, stamp=stamp)
        begun = _begun("canary", version, percent, by)
        with Work(store, state.model, options.servers or state.servers, options, say) as work:
            work.call_servers(all_needed=not is_known)
            return _carry_out(work, begun, change, loads=not is_known)


def promote(
    folder: Path,
    version: int,
    by: By,
    options: Options = Options(),  # noqa: B008 - it is frozen
    say: Say = nothing,
    *,
    expected_serial: int | None = None,
) -> State:
    """Makes a version stable, and ends the canary.

    Without a release yet it makes the first.

    Args:
        folder: The folder of the model's versions.
        version: Any that was pushed.
        by: Who does it.
        options: How.
        say: Takes a line for each thing that happens.
        expected_serial: The state's serial by which this was decided; another one is refused.

    Returns:
        The state after it.

    Raises:
        ServingError: As of `canary`.
    """
    return _promote(folder, version, by, options, say, expected_serial, all_needed=True)


def promote_pushed(
    folder: Path,
    version: int,
    by: By,
    options: Options = Options(),  # noqa: B008 - it is frozen
    say: Say = nothing,
) -> State:
    """Makes a version stable that was pushed just now; where no server answers, without them.

    Args:
        folder: The folder of the model's versions.
        version: The version.
        by: Who does it.
        options: How.
        say: Takes a line for each thing that happens.

    Returns:
        The state after it.

    Raises:
        ServingError: As of `canary`.
    """
    return _promote(folder, version, by, options, say, None, all_needed=False)


def rollback(
    folder: Path,
    by: By,
    options: Options = Options(),  # noqa: B008 - it is frozen
    say: Say = nothing,
) -> State:
    """Ends the canary; without one, makes stable again what was stable before.

    It overtakes a canary or a promotion at work, and needs no server. One that was interrupted is
    finished, not repeated.

    Args:
        folder: The folder of the model's versions.
        by: Who does it.
        options: How.
        say: Takes a line for each thing that happens.

    Returns:
        The state after it.

    Raises:
        ServingError: If there is nothing to go back to, the folder cannot be written to, or a
            server that answers does not follow.
    """
    store = Store(folder)
    with store.overtaking(f"rollback by {by.who} since {now()}"):
        state = _rolled_back(store, by, options, say)
        with Work(store, state.model, options.servers or state.servers, options, say) as work:
            _call(work, say, options, all_needed=False)
            try:
                work.settle(state)
                return work.commit(state, changes.ended)
            except OvertakenError as error:
                say(f"done, and {error.what}")
                return store.read() or state


def open_release(folder: Path, name: str, by: By) -> State:
    """Makes a release ready to be served on this machine, before a server starts.

    Without a release yet, the newest version becomes stable.

    Args:
        folder: The folder of the model's versions.
        name: The model's name in requests.
        by: Who does it.

    Returns:
        The state; the config file says the same.

    Raises:
        ServingError: If there is no version, the release is of another name, servers see the folder
            elsewhere, or a file cannot be read or written.
    """
    store = Store(folder)
    with store.changing():
        state = store.read()
        there = plan.on_disk(store.folder)
        if state is None:
            if not there:
                raise _no_version(store.folder)
            state = changes.first(name, there[-1], _stamp(store, there[-1], by))
            store.write(state)
        _check_name(state, name)
        if state.base_path is not None and Path(state.base_path).resolve() != store.folder:
            raise ServingError(
                f"servers of this release find it in {state.base_path}",
                expected=f"servers on this machine, which find it in {store.folder}",
                fix=f"start a server there, with {config_path(state, store.folder)}",
            )
        path = config_path(state, store.folder)
        wanted = plan.entry(state, store.folder, there)
        known = model_config.read(path, state.model)
        is_preloading = store.is_busy() and known is not None and known.labels == wanted.labels
        if not is_preloading:
            model_config.write(path, state.model, wanted)
    return state


def _promote(
    folder: Path,
    version: int,
    by: By,
    options: Options,
    say: Say,
    expected_serial: int | None,
    *,
    all_needed: bool,
) -> State:
    store = Store(folder)
    with store.working(f"promotion of {version} by {by.who} since {now()}"):
        state = store.read()
        _check(store, state, version, options)
        serial = 0 if state is None else state.serial
        if expected_serial is not None and serial != expected_serial:
            raise ServingError(
                f"the release was changed meanwhile: its serial is {serial}",
                expected=f"{expected_serial}, by which this was decided",
                fix="decide anew",
            )
        stamp = _stamp(store, version, by)
        is_first = state is None
        if state is None:
            state = _first(store, version, stamp, options)
        changes.check_promote(state, version)
        change = partial(changes.promote, version=version, stamp=stamp)
        begun = _begun("promote", version, None, by)
        with (
            _withdrawn(store, state) if is_first else contextlib.nullcontext(),
            Work(store, state.model, options.servers or state.servers, options, say) as work,
        ):
            _call(work, say, options, all_needed=all_needed and not is_first)
            return _carry_out(work, begun, change, loads=version != state.stable)


@contextlib.contextmanager
def _withdrawn(store: Store, state: State) -> Iterator[None]:
    """Takes a first release back that servers cannot load: then there is none, as before."""
    path = config_path(state, store.folder)
    told = model_config.remembered(path, state.model)
    try:
        yield
    except UnloadableError:
        with store.changing():
            store.remove()
            model_config.restore(path, state.model, told)
        raise


def _call(work: Work, say: Say, options: Options, *, all_needed: bool) -> None:
    work.call_servers(all_needed=all_needed)
    if not work.has_servers and not options.is_offline:
        say("no server answers: the config file is ready for when one does")


def _first(store: Store, version: int, stamp: Stamp, options: Options) -> State:
    state = options.recorded(changes.first(options.name or store.folder.name, version, stamp))
    with store.changing():
        store.write(state)
    return state


def _carry_out(work: Work, begun: Started, change: Change, *, loads: bool) -> State:
    try:
        state = work.reconcile(more=[begun.version])
        if loads and work.has_servers:
            state = work.begin(state, begun)
            work.load(state, begun.version)
    except BaseException:
        work.give_up(begun)
        raise
    state = work.commit(state, change)
    work.settle(state)
    return state


def _rolled_back(store: Store, by: By, options: Options, say: Say) -> State:
    """Lets a rollback take effect in the state; an interrupted one has already."""
    with store.changing():
        state = store.read()
        if state is None:
            raise ServingError(
                f"there is no release in {store.folder}",
                expected="one that was changed before",
                fix="name the stable version: python -m serving promote VERSION",
            )
        _check_name(state, options.name)
        if state.started is not None and state.started.action == "rollback":
            say(f"the rollback of {state.started.version} goes on")
            return state
        if state.started is not None:
            say(f"it overtakes the {state.started.action} of {state.started.version}")
        gone = changes.leaves(state)
        told = options.recorded(state)
        new = changes.rollback(told, plan.on_disk(store.folder), _stamp(store, gone, by))
        new = changes.started(new, _begun("rollback", gone, None, by))
        store.write(new)
        if state.canary is not None:
            say(f"the canary {gone} ends; {new.stable} stays stable")
        else:
            say(f"stable goes back from {gone} to {new.stable}")
        return new


def _begun(action: Action, version: int, percent: float | None, by: By) -> Started:
    return Started(uuid.uuid4().hex, action, version, percent, by.who, now())


def _stamp(store: Store, version: int, by: By) -> Stamp:
    push = push_of(store.folder, version)
    return Stamp(by.who, now(), by.why, push.run if push else "")


def _check(store: Store, state: State | None, version: int, options: Options) -> None:
    if state is not None:
        _check_name(state, options.name)
    there = plan.on_disk(store.folder)
    if version not in there:
        raise ServingError(
            f"there is no version {version} in {store.folder}",
            expected=f"one of {', '.join(map(str, there))}" if there else "a pushed version",
            fix="choose one; `python -m serving status` tells of each"
            if there
            else "push a model: python local_runner.py run",
        )


def _check_name(state: State, name: str | None) -> None:
    if name is not None and name != state.model:
        raise ServingError(
            f'the release is of the model "{state.model}", not "{name}"',
            expected="its name in requests, which clients know",
            fix="leave the name out, or name the folder of the other model",
        )


def _no_version(folder: Path) -> ServingError:
    return ServingError(
        f"no version in {folder}",
        expected="at least one folder whose name is a number, with a saved_model.pb",
        fix="push a model: python local_runner.py run",
    )
