"""The state of a release: which version is stable, which is the canary, and how it came to that."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

STABLE, CANARY = "stable", "canary"  # the labels that servers know
FORMAT = 1
Action = Literal["canary", "promote", "rollback"]


@dataclass(frozen=True)
class Canary:
    """The version that is tried out.

    Attributes:
        version: Its number.
        percent: The share of traffic that clients send it, 0 to 100.
    """

    version: int
    percent: float


@dataclass(frozen=True)
class Event:
    """A change that took effect.

    Attributes:
        action: What was done.
        version: The version that it was done to; of a rollback, the one that is gone.
        percent: Of a canary.
        stable: The stable version after it.
        who: A user and a host.
        when: The time in UTC, ISO 8601, to the second.
        why: In the words of whoever did it; may be empty.
        run: The pipeline run that pushed the version; "" where it is not known.
    """

    action: Action
    version: int
    percent: float | None
    stable: int
    who: str
    when: str
    why: str
    run: str


@dataclass(frozen=True)
class Started:
    """A change that has begun and has not ended.

    A canary and a promotion have not taken effect yet: versions are being loaded for them. A
    rollback has: servers are on their way to it.

    Attributes:
        id: Tells it from every other one.
        action: What is to be done.
        version: To which version.
        percent: Of a canary.
        who: A user and a host.
        when: As of an event.
    """

    id: str
    action: Action
    version: int
    percent: float | None
    who: str
    when: str


@dataclass(frozen=True)
class State:
    """All that is known of a release; what servers do follows from it.

    Attributes:
        model: The model's name in requests.
        stables: The stable version, and before it what was stable, newest first: what a rollback
            goes back to. Never empty.
        canary: The version that is tried out; None if there is none.
        keep: How many versions that a rollback goes back to stay loaded.
        base_path: The model's folder as servers see it; None if it is where this file lies.
        config_file: The servers' model config file, absolute or from the model's folder.
        servers: Addresses of the servers, REST or gRPC, that changes wait for; none if the
            address of `up` is meant.
        serial: Grows with every change of this state.
        started: A change under way, or one that was interrupted.
        history: The changes that took effect, newest last.
    """

    model: str
    stables: tuple[int, ...]
    canary: Canary | None = None
    keep: int = 1
    base_path: str | None = None
    config_file: str = "models.config"
    servers: tuple[str, ...] = ()
    serial: int = 0
    started: Started | None = None
    history: tuple[Event, ...] = ()

    @property
    def stable(self) -> int:
        """The stable version."""
        return self.stables[0]

    @property
    def labels(self) -> dict[str, int]:
        """The version of each label: without a canary, both are the stable one.

        So a client that still splits its traffic never asks for a label that is not there.
        """
        return {STABLE: self.stable, CANARY: self.canary.version if self.canary else self.stable}

    @property
    def decided(self) -> frozenset[int]:
        """The versions that somebody decided on: made stable, tried out, or rolled back."""
        changed = (event.version for event in self.history)
        return frozenset((*self.stables, *self.labels.values(), *changed))

    def to_json(self) -> dict[str, Any]:
        """Returns what JSON holds."""
        return {"format": FORMAT, **dataclasses.asdict(self)}
