"""The condition that decided what a gate said, and by how much."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import NamedTuple

from components.verdict import GateResult
from orchestration.local.text import number, number_pair

SIGNS = {True: {"max": "≤", "min": "≥", "min_change": "≥"}, False: {"max": ">"}}
BELOW = "<"


class Judged(NamedTuple):
    """One gate of a run.

    Attributes:
        name: The gate.
        passed: Whether it let the model pass.
        deciding: What refused, the worst first; where it passed, the condition that was nearest
            to refusing, if it can be told.
        conditions: How many it has.
    """

    name: str
    passed: bool
    deciding: tuple[GateResult, ...]
    conditions: int


def judged(results: Iterable[GateResult]) -> list[Judged]:
    """Returns the gates that were reached, in their order."""
    gates: dict[str, list[GateResult]] = {}
    for result in results:
        gates.setdefault(result.name, []).append(result)
    return [_judged(name, conditions) for name, conditions in gates.items()]


def margin(result: GateResult) -> float | None:
    """Returns by how much a condition holds, below zero where it does not; None if unmeasured."""
    if result.value is None or isnan(result.value):
        return None
    distance = result.value - result.threshold
    return -distance if result.bound == "max" else distance


def told(result: GateResult) -> str:
    """Returns a condition in words, for example "auc 0.891 < 0.930, short by 0.039".

    Where it does not hold, what the gate has to say of it comes behind.
    """
    detail = next(iter(result.detail.splitlines()), "") if not result.passed else ""
    return _measured(result) + (f": {detail}" if detail else "")


def _measured(result: GateResult) -> str:
    where = f" of {result.slice}" if result.slice else ""
    what = result.metric
    if result.bound == "min_change":
        what = "change of " + what.removesuffix(" change")
    by = margin(result)
    if by is None:
        return f"{what}{where} could not be measured"
    value, limit = number_pair(result.value, result.threshold)
    sign = SIGNS[result.passed].get(result.bound, BELOW)
    size = number(abs(by))
    if result.passed:
        distance = f"{size} to spare" if by else "with nothing to spare"
    else:
        distance = f"{size} too much" if result.bound == "max" else f"short by {size}"
    return f"{what}{where} {value} {sign} {limit}, {distance}"


def _judged(name: str, conditions: Sequence[GateResult]) -> Judged:
    refusing = [result for result in conditions if result.refuses]
    if refusing:
        return Judged(name, False, tuple(sorted(refusing, key=_share)), len(conditions))
    measured = [r for r in conditions if r.binding and r.threshold and margin(r) is not None]
    nearest = min(measured, key=_share, default=None)
    return Judged(name, True, (nearest,) if nearest else (), len(conditions))


def _share(result: GateResult) -> float:
    """Returns a condition's margin as a share of what it is held against."""
    by = margin(result)
    if by is None:
        return -float("inf")
    return by / (max(abs(result.threshold), abs(result.value or 0.0)) or 1.0)
