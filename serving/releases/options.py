"""What a change of a release is told beside what to do."""

import getpass
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from serving.releases import changes
from serving.releases.state import State

Say = Callable[[str], None]


def nothing(_: str) -> None:
    """Says nothing."""


@dataclass(frozen=True)
class By:
    """Who makes a change, and why.

    A command line may hold bytes that are no text, which no file and no terminal takes: `?` stands
    for them.

    Attributes:
        who: A user and a host.
        why: In their words; may be empty.
    """

    who: str
    why: str = ""

    def __post_init__(self) -> None:
        for name in ("who", "why"):
            text = getattr(self, name).encode("utf-8", "replace").decode("utf-8")
            object.__setattr__(self, name, text)

    @classmethod
    def me(cls, why: str = "") -> "By":
        """Returns the user of this process."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError, ImportError):  # a container's user may have no name
            user = "unknown"
        return cls(f"{user}@{socket.gethostname()}", why)


@dataclass(frozen=True)
class Options:
    """How a change is made. What differs from the release's state is recorded there.

    Attributes:
        servers: Addresses of the servers; those of the state unless given.
        timeout: Seconds that servers have to load a version, and to follow.
        is_offline: No server is asked.
        keep: How many versions that a rollback goes back to stay loaded.
        base_path: The model's folder as servers see it.
        config_file: The servers' model config file, absolute or from the model's folder.
        name: The model's name in requests: of a new release, the folder's unless given.
    """

    servers: tuple[str, ...] = ()
    timeout: float = 120.0
    is_offline: bool = False
    keep: int | None = None
    base_path: str | None = None
    config_file: str | None = None
    name: str | None = None

    def recorded(self, state: State) -> State:
        """Returns a state with what was given in place of what it says.

        Args:
            state: The state.

        Raises:
            ServingError: If `keep` is no count.
        """
        return changes.configured(
            state,
            servers=self.servers,
            keep=self.keep,
            base_path=self.base_path,
            config_file=self.config_file,
        )


def now() -> str:
    """Returns the time as a state has it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
