"""The lines in which a pod says what came of its node: printed there, found again in its log."""

import re
from collections.abc import Iterator
from typing import NamedTuple

MARK = "[outcome] "  # tells them from all else that a pod logs
ERROR_MARK = "[error] "  # likewise, why it failed, where the user can mend it
LONGEST = 600  # characters of a line that is read back
PUSHED = "pushed as version "
UP_TO_DATE = "up to date: version "
NOT_PUSHED = "not pushed: "
REFUSED = "refused: "
PASSED = "passed"
WITH_WARNING = " with a warning: "
_BY_GATE = re.compile(r"the (\w+) gate refused")
_OF_GATE = re.compile(rf"(\w+) gate: {REFUSED}(.+)")


class Refused(NamedTuple):
    """What a gate refused, and why."""

    gate: str
    reason: str


def marked(line: str) -> str:
    """Returns a line as a pod prints it."""
    return f"{MARK}{line}"


def marked_lines(log: str) -> Iterator[str]:
    """Yields the marked lines of a log without their marks.

    Whatever else a log holds, each is one printable line of a bounded length. What has no line end
    is no line: the log was cut there, and something else may follow.
    """
    for line in log.split("\n")[:-1]:
        _, mark, text = line.rpartition(MARK)
        text = "".join(letter if letter.isprintable() else " " for letter in text).strip()
        if mark and text:
            yield text[:LONGEST]


def by_gate(gate: str) -> str:
    """Returns why a pusher did not push."""
    return f"the {gate} gate refused"


def gate_of(text: str) -> str:
    """Returns the gate for which a pusher says that it did not push; "" if it names none."""
    match = _BY_GATE.fullmatch(text.removeprefix(NOT_PUSHED))
    return match[1] if match else ""


def of_gate(gate: str, text: str) -> str:
    """Returns the line of a gate."""
    return f"{gate} gate: {text}"


def refusal(line: str) -> Refused | None:
    """Returns what a gate's line says of a refusal; None if it is no such line."""
    match = _OF_GATE.fullmatch(line)
    return Refused(match[1], match[2]) if match else None
