"""Skew in words: how far a column moved, and which of its values moved most."""

from typing import TYPE_CHECKING

from components.comparable import MISSING
from orchestration.local.schema_commands.domains import quoted
from orchestration.local.text import number, number_pair

if TYPE_CHECKING:
    from orchestration.local.schema_commands.skew import Skew

NAMES = {
    "infinity_norm": "L-infinity distance",
    "jensen_shannon_divergence": "Jensen-Shannon divergence",
}
MOST_SHOWN = 3


def skew_text(skew: "Skew") -> str:
    """Returns one line without the column's name."""
    distance, threshold = number_pair(skew.distance, skew.comparator.threshold)
    name = NAMES[skew.comparator.measure]
    return f"{name} {distance} > {threshold}; {moved_text(skew)}"


def moved_text(skew: "Skew") -> str:
    """Returns what moved most, in requests and in the data."""
    if skew.medians is not None:
        moved = list(skew.shares())[:1]
        if moved == [MISSING]:
            return _no_value(skew)
        first, second = skew.medians
        return f"median {number(first)} in requests, {number(second)} in the data"
    parts = [
        _no_value(skew)
        if value == MISSING
        else f"{quoted(value)} in {now:.1%} of requests, {before:.1%} of the data"
        for value, (now, before) in list(skew.shares().items())[:MOST_SHOWN]
        if now != before
    ]
    return "; ".join(parts)


def _no_value(skew: "Skew") -> str:
    now, before = skew.lost
    return f"no value in {now:.1%} of requests, {before:.1%} of the data"
