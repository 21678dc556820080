"""What there is to know of a release and its servers; changes nothing."""

from dataclasses import dataclass
from pathlib import Path

from serving.errors import ServingError
from serving.pushed import Push, push_of
from serving.releases import model_config, plan
from serving.releases.servers import Server, Servers, follows
from serving.releases.state import State
from serving.releases.store import Store
from serving.releases.work import config_path

__all__ = ["Server", "Survey", "survey"]


@dataclass(frozen=True)
class Survey:
    """A release at one moment.

    Attributes:
        folder: The folder of the model's versions.
        state: What is to be.
        runs: Where versions on the disk are from, as far as that was recorded.
        new: Versions newer than the stable one that were never in use, ascending.
        servers: What each server tells.
        is_config_current: Whether the servers' config file says what the state says; True as well
            where what reads that file is not installed.
        is_busy: Whether a command is at work now.
        problems: One sentence each, with what to do.
    """

    folder: Path
    state: State
    runs: dict[int, Push]
    new: list[int]
    servers: list[Server]
    is_config_current: bool
    is_busy: bool
    problems: list[str]


def survey(folder: Path, servers: tuple[str, ...] = ()) -> Survey:
    """Looks at a release and asks its servers.

    Args:
        folder: The folder of the model's versions.
        servers: Addresses; those of the state unless given.

    Raises:
        ServingError: If there is no release, or its state cannot be read.
    """
    store = Store(folder)
    is_busy = store.is_busy()
    state = store.read()
    there = plan.on_disk(store.folder)
    if state is None:
        raise ServingError(
            f"there is no release in {store.folder}",
            expected="one, with a stable version",
            fix="python -m serving promote VERSION"
            + (f", of {', '.join(map(str, there))}" if there else ""),
        )
    is_current, config_problem = _config(state, store.folder, there)
    with Servers(state.model, tuple(servers) or state.servers) as asked:
        told = asked.ask()
    problems = [*_of_disk(state, there), *config_problem]
    if not is_busy:
        problems += _of_state(state)
        if not is_current and not config_problem:
            problems.append(
                "The servers' config file is not what the state says: a change was interrupted, or "
                "the file was edited. Run the last command again."
            )
    problems += _of_servers(state, there, told, is_busy=is_busy)
    pushes = {version: push_of(store.folder, version) for version in there}
    return Survey(
        folder=store.folder,
        state=state,
        runs={version: push for version, push in pushes.items() if push is not None},
        new=_new(state, there),
        servers=told,
        is_config_current=is_current,
        is_busy=is_busy,
        problems=problems,
    )


def _new(state: State, there: list[int]) -> list[int]:
    decided = state.decided
    return [version for version in there if version > state.stable and version not in decided]


def _config(state: State, folder: Path, there: list[int]) -> tuple[bool, list[str]]:
    path = config_path(state, folder)
    try:
        return model_config.read(path, state.model) == plan.entry(state, folder, there), []
    except model_config.NotInstalledError:
        return True, []
    except ServingError as error:
        return False, [f"{error.what}. {error.fix[:1].upper()}{error.fix[1:]}."]


def _of_state(state: State) -> list[str]:
    if state.started is None:
        return []
    what = f"The {state.started.action} of {state.started.version} by {state.started.who}"
    if state.started.action == "rollback":
        return [f"{what} was interrupted: run `rollback` again, which finishes it."]
    return [f"{what} was interrupted before it took effect: run it again, or any other command."]


def _of_disk(state: State, there: list[int]) -> list[str]:
    return [
        f"Version {version}, which is {label}, is gone from the disk: run `rollback`, or promote "
        "another version."
        for label, version in state.labels.items()
        if version not in there and (label == "stable" or state.canary is not None)
    ]


def _of_servers(
    state: State, there: list[int], servers: list[Server], *, is_busy: bool
) -> list[str]:
    problems = []
    wanted = {label: v for label, v in plan.labels(state, there).items() if v in there}
    for server in servers:
        if server.error:
            problems.append(f"{server.error}. Start it, or name the servers (--server ADDRESS).")
            continue
        problems += [
            f"{server.address} cannot load version {version}: {server.failure(version)}. Roll it "
            "back."
            for version in sorted(set(wanted.values()))
            if server.failure(version)
        ]
        if not is_busy and not follows(server, wanted):
            problems.append(
                f"{server.address} does not follow the state: run the last command again, and see "
                "whether it reads the config file (--model_config_file, "
                "--model_config_file_poll_wait_seconds)."
            )
    return problems
