"""What the manager knows of models and their versions; all of it is kept under its lock."""

from collections.abc import Mapping

from model_server.handles import Handle
from model_server.states import State, VersionState
from model_server.status import StatusError
from model_server.version_policy import Phase, Snapshot


class Version:
    """A version of a model from the moment it is wanted.

    Args:
        version: Its number.
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self.is_aspired = True
        self.is_scheduled = False
        self.has_failed_once = False
        self.state = State.START
        self.error: StatusError | None = None
        self.handle: Handle | None = None

    @property
    def had_its_try(self) -> bool:
        """Whether a load has ended, well or not; a failed one may be tried again."""
        return self.state in (State.AVAILABLE, State.END) or self.has_failed_once

    @property
    def phase(self) -> Phase:
        """What the policy is told."""
        if self.state is State.START and not self.is_scheduled:
            return Phase.NEW
        return Phase.READY if self.state is State.AVAILABLE else Phase.OTHER

    def end(self, error: StatusError | None = None) -> None:
        """It is gone, or failed."""
        self.state = State.END
        self.error = error

    def report(self) -> VersionState:
        """Returns what GetModelStatus says of it."""
        if self.error is None:
            return VersionState(self.version, self.state)
        return VersionState(self.version, self.state, self.error.code, self.error.message)


class Model:
    """A model: what is wanted of it, and all versions that ever were.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_configured = True
        self.paths: Mapping[int, str] = {}
        self.versions: dict[int, Version] = {}

    @property
    def aspired(self) -> list[Version]:
        """The versions that are wanted now."""
        return [self.versions[number] for number in self.paths]

    @property
    def is_settled(self) -> bool:
        """Whether waiting would tell nothing new: one version serves and the others had a try."""
        if not self.is_configured:
            return True
        aspired = self.aspired
        if any(each.state is State.AVAILABLE for each in aspired):
            return all(each.had_its_try for each in aspired)
        return bool(aspired) and all(each.state is State.END for each in aspired)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is loaded or on its way."""
        return all(each.state is State.END for each in self.versions.values())

    def failures(self) -> list[str]:
        """Returns what kept each version from serving, when none does."""
        if not self.is_configured or any(each.state is State.AVAILABLE for each in self.aspired):
            return []
        return [f"{self.id_of(each)} due to error: {each.error}" for each in self.aspired]

    def id_of(self, version: Version) -> str:
        """Returns the name of a version, as logs and errors write it."""
        return f"{{name: {self.name} version: {version.version}}}"

    def snapshots(self) -> list[Snapshot]:
        """Returns what the policy decides by."""
        return [
            Snapshot(each.version, each.phase, each.is_aspired)
            for each in self.versions.values()
            # A version that ended is gone, unless it failed and is still wanted.
            if each.state is not State.END or each.is_aspired
        ]


class Serving:
    """What requests may use of a model: replaced as a whole, never changed.

    Args:
        handles: Each version that is loaded.
    """

    __slots__ = ("by_version", "latest")

    def __init__(self, handles: dict[int, Handle]) -> None:
        self.by_version = handles
        self.latest = handles[max(handles)] if handles else None


NOTHING = Serving({})
