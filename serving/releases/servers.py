"""The servers of a release: what they serve, and waiting until they follow."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType

from serving.client import ServingClient
from serving.errors import ServingError
from serving.releases.state import CANARY, STABLE
from serving.remote.model_metadata import AVAILABLE, VersionStatus
from serving.servers.ports import LOCAL

ASK_SECONDS = 2.0
POLL_SECONDS = 0.1
# A server tries again to load what it could not once it has read a config without it; until the
# new try has begun, it shows the error of the old one.
FORGET_SECONDS, STALE_SECONDS = 2.5, 5.0
ENDED = "END"


@dataclass(frozen=True)
class Server:
    """What a server tells.

    Attributes:
        address: Its address.
        error: Why it tells nothing; "" if it answers.
        versions: The state of each version that it knows of, the newest first.
        labels: The version that each label leads to; None if to none.
        unlabelled: The version that requests without a label get; None if none.
    """

    address: str
    error: str = ""
    versions: list[VersionStatus] = field(default_factory=list)
    labels: dict[str, int | None] = field(default_factory=dict)
    unlabelled: int | None = None

    def serves(self, version: int) -> bool:
        """Whether it answers with a version."""
        return any(v.version == version and v.state == AVAILABLE for v in self.versions)

    def failure(self, version: int) -> str:
        """Returns why it could not load a version; "" if it did not fail."""
        for each in self.versions:
            if each.version == version and each.state == ENDED and each.error_code != "OK":
                return each.error_message or each.error_code
        return ""

    def state(self, version: int) -> str:
        """Returns the state of a version, in words."""
        return next((v.state for v in self.versions if v.version == version), "unknown to it")


class UnloadableError(ServingError):
    """A server says that it cannot load a version."""


class Servers:
    """The servers of one model; to be used with `with`.

    Args:
        model: The model's name.
        addresses: Of the servers.

    Raises:
        ServingError: If an address is none.
    """

    def __init__(self, model: str, addresses: Sequence[str]) -> None:
        self.model = model
        self.addresses = tuple(dict.fromkeys(addresses or (LOCAL,)))
        self._clients: dict[tuple[str, str | None], ServingClient] = {}
        for address in self.addresses:
            for label in (None, STABLE, CANARY):
                self._clients[address, label] = ServingClient(
                    address, model, label=label, timeout=ASK_SECONDS, retries=0
                )
        self._pool = ThreadPoolExecutor(len(self.addresses))

    def __enter__(self) -> "Servers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        for client in self._clients.values():
            client.close()

    def ask(
        self, addresses: Collection[str] | None = None, *, with_labels: bool = True
    ) -> list[Server]:
        """Returns what each server tells; never raises for one that does not answer.

        Args:
            addresses: Those to ask, or all.
            with_labels: Ask where requests with and without a label get to.
        """
        asked = [a for a in self.addresses if addresses is None or a in addresses]
        return list(self._pool.map(lambda each: self._ask(each, with_labels), asked))

    def wait_loaded(
        self,
        versions: Iterable[int],
        addresses: Collection[str],
        timeout: float,
        check: Callable[[], None],
    ) -> None:
        """Waits until every server serves all of some versions.

        Args:
            versions: The versions.
            addresses: The servers.
            timeout: Seconds to wait.
            check: Called again and again; ends the wait by what it raises.

        Raises:
            UnloadableError: If a server says that it cannot load one, in its words.
            ServingError: If the time is up, with what was in the way last.
        """
        ask = partial(self.ask, addresses, with_labels=False)
        wanted = sorted(set(versions))
        begin = time.monotonic()
        stale = {(s.address, v) for s in ask() for v in wanted if s.failure(v)}
        while True:
            check()
            servers = ask()
            missing = [(s, v) for s in servers for v in wanted if not s.serves(v)]
            if not missing:
                return
            passed = time.monotonic() - begin
            for server, version in missing:
                reason = server.failure(version)
                if not reason:
                    stale.discard((server.address, version))
                elif (server.address, version) not in stale or passed > STALE_SECONDS:
                    raise _unloadable(server, version, self.model, reason)
            if passed > timeout:
                raise _not_loaded(*missing[0], self.model, timeout)
            time.sleep(POLL_SECONDS)

    def wait_labels(
        self,
        labels: Mapping[str, int],
        addresses: Collection[str],
        timeout: float,
        check: Callable[[], None],
    ) -> bool:
        """Waits until every server's labels lead where they should.

        Args:
            labels: The version of each label.
            addresses: The servers.
            timeout: Seconds to wait.
            check: As of `wait_loaded`.

        Returns:
            False if a server no longer serves one of the versions, and so refuses the label.

        Raises:
            ServingError: If the time is up.
        """
        end = time.monotonic() + timeout
        while True:
            check()
            behind = [s for s in self.ask(addresses) if not follows(s, labels)]
            if not behind:
                return True
            if any(not s.error and not s.serves(v) for s in behind for v in labels.values()):
                return False
            if time.monotonic() > end:
                raise _not_followed(behind[0], labels, timeout)
            time.sleep(POLL_SECONDS)

    def _ask(self, address: str, with_labels: bool) -> Server:
        try:
            versions = self._clients[address, None].status()
        except ServingError as error:
            return Server(address, error.what)
        if not with_labels:
            return Server(address, "", versions)
        labels = {label: self._version(address, label) for label in (STABLE, CANARY)}
        return Server(address, "", versions, labels, self._version(address, None))

    def _version(self, address: str, label: str | None) -> int | None:
        try:
            return self._clients[address, label].metadata().version
        except ServingError:
            return None


def follows(server: Server, labels: Mapping[str, int]) -> bool:
    """Whether a server's labels lead where they should."""
    return all(server.labels.get(label) == version for label, version in labels.items())


def _unloadable(server: Server, version: int, model: str, reason: str) -> UnloadableError:
    return UnloadableError(
        f'{server.address} cannot load version {version} of "{model}": {reason}',
        expected="a version that every server can load",
        fix="train and push another one",
    )


def _not_loaded(server: Server, version: int, model: str, timeout: float) -> ServingError:
    now = server.error or f"its state is {server.state(version)}"
    return ServingError(
        f'{server.address} does not serve version {version} of "{model}" after {timeout:g} s: '
        f"{now}",
        expected=f"the state {AVAILABLE}",
        fix="see the server's log, or wait longer; a server that does not know of the version does "
        "not follow the config file (--model_config_file, --model_config_file_poll_wait_seconds)",
    )


def _not_followed(server: Server, labels: Mapping[str, int], timeout: float) -> ServingError:
    def shown(known: Mapping[str, int | None]) -> str:
        return ", ".join(f"{label} {known.get(label) or 'nothing'}" for label in labels)

    now = server.error or f"its labels are {shown(server.labels)}"
    return ServingError(
        f"{server.address} does not follow after {timeout:g} s: {now}",
        expected=shown(labels),
        fix="the state and the config file say so already: see the server's log, and whether it "
        "reads that file (--model_config_file, --model_config_file_poll_wait_seconds=1, "
        "--allow_version_labels_for_unavailable_models)",
    )
