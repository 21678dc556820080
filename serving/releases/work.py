"""The steps of a change; after each, the next command can go on from what is there.

Servers refuse a whole config, again and again, that moves a label to a version which they have not
loaded. So versions are added first, labels move when servers have loaded them, and what is not
wanted any more goes last.
"""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from serving.errors import ServingError
from serving.releases import changes, model_config, plan
from serving.releases.options import Options, Say
from serving.releases.plan import Entry
from serving.releases.servers import FORGET_SECONDS, Server, Servers, follows
from serving.releases.state import Started, State
from serving.releases.store import Store

Change = Callable[[State], State]


class OvertakenError(ServingError):
    """Another change came in between."""


class Work:
    """One command at work; to be used with `with`.

    Args:
        store: Of the release.
        model: The model's name.
        addresses: Of the servers; none for that of `up`.
        options: How the change is made.
        say: Takes a line for each thing that happens.
    """

    def __init__(
        self, store: Store, model: str, addresses: tuple[str, ...], options: Options, say: Say
    ) -> None:
        self._store = store
        self._servers = Servers(model, addresses)
        self._options = options
        self._say = say
        self._present: tuple[str, ...] = ()

    def __enter__(self) -> "Work":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._servers.__exit__(kind, error, trace)

    @property
    def has_servers(self) -> bool:
        """Whether any server takes part."""
        return bool(self._present)

    def call_servers(self, *, all_needed: bool) -> None:
        """Finds out which servers take part: those that answer.

        Args:
            all_needed: Every one has to.

        Raises:
            ServingError: If one that has to does not answer.
        """
        if self._options.is_offline:
            return
        servers = self._servers.ask()
        silent = [server for server in servers if server.error]
        if silent and all_needed:
            raise ServingError(
                silent[0].error,
                expected="an answer of every server, so that none is asked for what it has not",
                fix="start it, name the servers (--server ADDRESS), or go without (--offline)",
            )
        for server in silent:
            self._say(server.error)
        self._present = tuple(server.address for server in servers if not server.error)

    def reconcile(self, more: Iterable[int] = ()) -> State:
        """Drops an interrupted change that had not taken effect, and settles what had.

        Args:
            more: Versions that stay loaded where they are.

        Returns:
            The state.
        """
        with self._store.changing():
            state = self._read()
            if state.started is not None:
                what = f"the {state.started.action} of {state.started.version}"
                self._say(f"{what} by {state.started.who} was interrupted")
                state = changes.ended(state)
                self._store.write(state)
        self.settle(state, more)
        return state

    def begin(self, state: State, change: Started) -> State:
        """Records that a change is under way."""
        with self._step(state):
            state = changes.started(state, change)
            self._store.write(state)
        return state

    def load(self, state: State, version: int) -> None:
        """Lets every server load a version, beside what it serves.

        Raises:
            UnloadableError: If one cannot.
            ServingError: If one does not in time, or another change came in between.
        """
        servers = self._servers.ask(self._present)
        if any(server.failure(version) for server in servers):
            self._say(f"version {version} could not be loaded before: one more try")
            time.sleep(FORGET_SECONDS)
        if not all(server.serves(version) for server in servers):
            self._say(f"version {version} loads on {', '.join(self._present)}")
        self._load(state, [version], servers)
        self._say(f"version {version} is loaded")

    def commit(self, state: State, change: Change) -> State:
        """Lets a change take effect in the state; servers follow by `settle`.

        Args:
            state: The state before.
            change: What to make of it.

        Returns:
            The state after it.
        """
        with self._step(state):
            new = change(self._view(state))
            if new.serial == state.serial and new != state:
                new = changes.ended(new)
            if new != state:
                self._store.write(new)
        return new

    def settle(self, state: State, more: Iterable[int] = ()) -> None:
        """Brings the config file and the servers to a state.

        Args:
            state: The state, which is the one on the disk.
            more: Versions that stay loaded where they are.

        Raises:
            ServingError: If servers do not follow, or another change came in between.
        """
        there = self._there()
        targets = plan.labels(self._view(state), there)
        waits_for = {label: v for label, v in targets.items() if v in there}
        for label, version in targets.items():
            if version not in there:
                self._say(f"version {version}, which is {label}, is gone from the disk")
        while self._present:
            servers = self._servers.ask(self._present)
            if not all(server.serves(v) for server in servers for v in waits_for.values()):
                self._say(f"versions {_listed(waits_for.values())} load")
                self._load(state, waits_for.values(), servers)
            self._move(state, targets)
            if not all(follows(server, waits_for) for server in servers):
                self._say(f"labels move: {_labels(targets)}")
            if self._servers.wait_labels(waits_for, *self._how(state)):
                break
        self._tidy(state, more)

    def give_up(self, change: Started) -> None:
        """Takes back what was done for a change that has not taken effect.

        Args:
            change: The change.
        """
        # There is an error already, which says more; what is left to do, the next command does.
        with contextlib.suppress(ServingError), self._store.changing():
            state = self._store.read()
            if state is None or (state.started is not None and state.started.id != change.id):
                return
            if state.started is not None:
                state = changes.ended(state)
                self._store.write(state)
            self._put_back(state)

    def _put_back(self, state: State) -> None:
        path = config_path(state, self._store.folder)
        there = self._there()
        wanted = plan.entry(state, self._store.folder, there)
        known = model_config.read(path, state.model)
        labels = known.labels if known else wanted.labels  # those that servers have by now
        versions = {*wanted.versions, *labels.values()} & set(there)
        model_config.write(
            path, state.model, Entry(wanted.base_path, tuple(sorted(versions)), labels)
        )

    def _load(self, state: State, versions: Iterable[int], servers: Sequence[Server]) -> None:
        versions = [*versions]
        with self._step(state):
            known = self._known(state)
            wanted = plan.entry(self._view(state), self._store.folder, self._there(), versions)
            labels = _reachable(wanted.labels, known.labels if known else {}, servers)
            self._put(state, self._added(wanted._replace(labels=labels), known))
        self._servers.wait_loaded(versions, *self._how(state))

    def _move(self, state: State, targets: Mapping[str, int]) -> None:
        with self._step(state):
            wanted = plan.entry(self._view(state), self._store.folder, self._there())
            self._put(state, self._added(wanted._replace(labels=dict(targets)), self._known(state)))

    def _tidy(self, state: State, more: Iterable[int]) -> None:
        with self._step(state):
            known = self._known(state)
            kept = [version for version in more if known and version in known.versions]
            there = self._there()
            self._put(state, plan.entry(self._view(state), self._store.folder, there, kept))

    def _added(self, wanted: Entry, known: Entry | None) -> Entry:
        """Returns an entry that takes no version away."""
        more = {*(known.versions if known else ()), *wanted.labels.values()} & set(self._there())
        return wanted._replace(versions=tuple(sorted({*wanted.versions, *more})))

    def _known(self, state: State) -> Entry | None:
        view = self._view(state)
        return model_config.read(config_path(view, self._store.folder), view.model)

    def _put(self, state: State, entry: Entry) -> None:
        view = self._view(state)
        model_config.write(config_path(view, self._store.folder), view.model, entry)

    def _view(self, state: State) -> State:
        """Returns the state as it is with what the command was told."""
        return self._options.recorded(state)

    def _there(self) -> list[int]:
        return plan.on_disk(self._store.folder)

    def _how(self, state: State) -> tuple[Collection[str], float, Callable[[], None]]:
        """Returns how to wait: for which servers, how long, and what ends it."""
        return self._present, self._options.timeout, lambda: self._check(state)

    @contextlib.contextmanager
    def _step(self, state: State) -> Iterator[None]:
        """Keeps others away while state and config change, if the state is as it was."""
        with self._store.changing():
            self._check(state)
            yield

    def _check(self, state: State) -> None:
        now = self._read()
        if now.serial == state.serial:
            return
        last = now.started or (now.history[-1] if now.history else None)
        who = f"{last.action} of {last.version} by {last.who}" if last else "another change"
        raise OvertakenError(
            f"overtaken by {who}",
            expected="no other change meanwhile",
            fix="see `python -m serving status`, and run the command again if it is still wanted",
        )

    def _read(self) -> State:
        state = self._store.read()
        if state is None:
            raise OvertakenError("the release's state was removed meanwhile")
        return state


def config_path(state: State, folder: Path) -> Path:
    """Returns the servers' model config file of a release.

    Args:
        state: The release's state.
        folder: The folder of the model's versions.
    """
    return folder / Path(state.config_file).expanduser()


def _reachable(
    wanted: Mapping[str, int], known: Mapping[str, int], servers: Sequence[Server]
) -> dict[str, int]:
    """Returns labels that no server refuses: where they should lead, or else where they do."""
    answering = [server for server in servers if not server.error]

    def is_taken(label: str, version: int) -> bool:
        return all(
            server.labels.get(label) in (version, None) or server.serves(version)
            for server in answering
        )

    found = {}
    for label, version in wanted.items():
        here = [known[label]] if label in known else []
        now = [server.labels[label] for server in answering if label in server.labels]
        choices = [each for each in (*here, *now) if each is not None and is_taken(label, each)]
        is_loaded = all(server.serves(version) for server in answering)
        found[label] = version if is_loaded or not choices else choices[0]
    return found


def _labels(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {version}" for label, version in labels.items())


def _listed(versions: Iterable[int]) -> str:
    return " and ".join(str(version) for version in sorted(set(versions)))
