"""Contenders timed in rounds, so that a slow minute of the machine strikes all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Call = Callable[[], object]
WARM_UP = 5


class Timing(NamedTuple):
    """How long one call took.

    Attributes:
        milliseconds: The median of the rounds' medians.
        lowest: The lowest of the rounds' medians.
        highest: The highest.
    """

    milliseconds: float
    lowest: float
    highest: float


def in_rounds(contenders: Mapping[str, Call], *, rounds: int, calls: int) -> dict[str, Timing]:
    """Times contenders, each round going through all of them in turn.

    Args:
        contenders: What is called, by name.
        rounds: How often each has its turn.
        calls: How many calls a turn has.
    """
    for call in contenders.values():
        for _ in range(WARM_UP):
            call()
    medians: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            medians[name].append(_median(call, calls))
    return {name: _timing(values) for name, values in medians.items()}


def _median(call: Call, calls: int) -> float:
    seconds = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds)


def _timing(values: Sequence[float]) -> Timing:
    return Timing(statistics.median(values), min(values), max(values))
