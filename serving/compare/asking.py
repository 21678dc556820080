"""Asks two versions the same rows in turn, and sees what becomes of it."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from serving.compare.defaults import COME_BACK
from serving.compare.sides import Side, is_unknown_label
from serving.errors import ServingError
from serving.remote.transport import Fault

WARM_UP = 5  # requests to each side that do not count
FAILURES_IN_A_ROW = 5  # of a side, that end the comparison
LOSSES = 2  # connections lost with the canary that end it, though the server goes on
PAUSE_SECONDS = 0.25
LONGEST_MESSAGE = 200
CHECK_SECONDS = 1.0  # between two looks at which versions the labels are


LOST = "CONNECTION LOST"


class Failure(NamedTuple):
    """Why a request got no answer: gRPC's canonical code, `LOST` or "CLIENT", and words."""

    code: str
    message: str

    @property
    def is_lost(self) -> bool:
        """Whether there was no connection, or it ended."""
        return self.code == LOST


class Pair(NamedTuple):
    """A request that both sides answered: its number, seconds and outputs."""

    request: int
    stable_seconds: float
    canary_seconds: float
    stable: dict[str, np.ndarray]
    canary: dict[str, np.ndarray]


class Answered(NamedTuple):
    """Seconds, and outputs by name."""

    seconds: float
    outputs: dict[str, np.ndarray]


@dataclass
class Asked:
    """What became of all requests.

    Attributes:
        pairs: Those that both sides answered.
        sent: How many were sent to both.
        failures: By label.
        canary_alone: How many the stable version answered and the canary did not.
        crash: How the server was lost while the canary was asked; else "".
        ended: Why not all were sent; "" if all were.
    """

    pairs: list[Pair] = field(default_factory=list)
    sent: int = 0
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    canary_alone: int = 0
    crash: str = ""
    ended: str = ""


class Asking:
    """A comparison's requests.

    Args:
        stable: One side.
        canary: The other.
        come_back: Seconds in which a server that was lost is asked for again.
    """

    def __init__(self, stable: Side, canary: Side, come_back: float = COME_BACK) -> None:
        self._stable = stable
        self._canary = canary
        self._come_back = come_back
        self._asked = Asked(failures={stable.label: [], canary.label: []})
        self._in_a_row = {stable.label: 0, canary.label: 0}
        self._losses = 0
        self._checked = time.monotonic()

    def run(self) -> Asked:
        """Sends all requests to both sides, and ends early where that says enough.

        Raises:
            ServingError: If a label moves to another version, or the stable version itself does
                not answer.
        """
        asked = self._asked
        self._warm_up()
        for request in range(len(self._stable.requests)):
            if asked.ended:
                return asked
            if time.monotonic() > self._checked + CHECK_SECONDS:
                self._check_versions()
            self._exchange(request)
        if not asked.crash:
            self._check_versions()
        return asked

    def _warm_up(self) -> None:
        for side in (self._stable, self._canary):
            for _ in range(WARM_UP):
                reply = self._ask(side, 0)
                if isinstance(reply, Failure):  # which comes again where it counts
                    if self._asked.crash:
                        self._asked.failures[side.label].append(reply)
                    break

    def _exchange(self, request: int) -> None:
        """Sends a request to both sides, first to each every other time."""
        order = [self._stable, self._canary]
        replies: dict[str, Answered | Failure] = {}
        for side in order if request % 2 == 0 else reversed(order):
            replies[side.label] = reply = self._ask(side, request)
            if isinstance(reply, Failure):
                self._failed(side, reply)
            else:
                self._in_a_row[side.label] = 0
            if self._asked.crash:
                return
        self._asked.sent += 1
        ours, theirs = replies[self._stable.label], replies[self._canary.label]
        if isinstance(ours, Failure):
            return
        if isinstance(theirs, Failure):
            self._asked.canary_alone += 1
            return
        times = ours.seconds, theirs.seconds
        self._asked.pairs.append(Pair(request, *times, ours.outputs, theirs.outputs))

    def _ask(self, side: Side, request: int) -> Answered | Failure:
        began = time.perf_counter()
        try:
            outputs = side.predict(request)
        except ServingError as error:
            failure = _failure(error)
            if failure.is_lost:
                self._lost(side, request, failure)
            return failure
        return Answered(time.perf_counter() - began, outputs)

    def _failed(self, side: Side, failure: Failure) -> None:
        """Counts a failure, and ends the comparison where there are too many in a row."""
        asked, label = self._asked, side.label
        asked.failures[label].append(failure)
        self._in_a_row[label] += 1
        if asked.crash:
            return
        self._check_versions()
        if self._in_a_row[label] < FAILURES_IN_A_ROW:
            return
        if side is self._stable:
            others = self._in_a_row[self._canary.label]
            also = f", and {self._canary} does not answer either" if others > 1 else ""
            raise ServingError(
                f"{side} itself fails {FAILURES_IN_A_ROW} times in a row{also}: "
                f"{failure.code}: {failure.message}",
                expected="a stable version that answers these rows",
                fix="check the rows, and the server's log",
            )
        if self._in_a_row[self._stable.label] == 0:
            asked.ended = f"{side} failed {FAILURES_IN_A_ROW} times in a row"

    def _lost(self, side: Side, request: int, failure: Failure) -> None:
        """Sees whether a server that was lost is still there."""
        away = self._seconds_away(request)
        if side is self._stable:
            if away is None:
                raise ServingError(
                    f"the server at {side.client.address} was lost while {side} was asked: "
                    f"{failure.message}",
                    expected=f"a server, or one that is back within {self._come_back:g} s",
                    fix="see the server's log: nothing here says that the canary did it",
                )
            return
        self._losses += 1
        during = f"the server was lost while {side} was asked"
        if away is None:
            self._asked.crash = f"{during}, and did not come back within {self._come_back:g} s"
        elif away > 0:
            self._asked.crash = f"{during}, and came back after {away:.1f} s"
        elif self._losses >= LOSSES:
            self._asked.crash = (
                f"the connection was lost {self._losses} times while {side} was asked, "
                f"and {self._stable} was answered right after"
            )
        self._asked.ended = self._asked.ended or self._asked.crash

    def _seconds_away(self, request: int) -> float | None:
        """Returns how long the server was not there: 0 if it is at once, None if it stays away."""
        began = time.monotonic()
        away = 0.0
        while away <= self._come_back:
            try:
                self._stable.predict(request)
            except ServingError as error:
                if not _failure(error).is_lost:
                    return away
            else:
                return away
            time.sleep(PAUSE_SECONDS)
            away = time.monotonic() - began
        return None

    def _check_versions(self) -> None:
        """Sees that the labels are still what they were.

        Raises:
            ServingError: If one is not.
        """
        self._checked = time.monotonic()
        for side in (self._stable, self._canary):
            _check_version(side)


def _check_version(side: Side) -> None:
    try:
        now = f"to version {side.client.metadata().version}"
    except ServingError as error:
        if not is_unknown_label(error):
            return  # a request fails as well, and is counted
        now = "away"
    if now != f"to version {side.version}":
        raise ServingError(
            f'label "{side.label}" moved from version {side.version} {now} '
            "while versions were compared",
            expected="labels that stay while a comparison runs",
            fix="compare again",
        )


def _failure(error: ServingError) -> Failure:
    fault = error.__cause__
    if not isinstance(fault, Fault):
        return Failure("CLIENT", error.what)
    is_lost = fault.code == "UNAVAILABLE" and not fault.connected
    words = " ".join(fault.message.split())  # TensorFlow adds lines of its graph's nodes
    return Failure(LOST if is_lost else fault.code, words[:LONGEST_MESSAGE])
