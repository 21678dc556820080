"""What the comparison of data with a baseline says, as conditions of the data gate."""

import json
from collections.abc import Mapping

from components.comparable import MISSING, Pair, Statistics, by_name
from components.verdict import Verdict, judge
from usecase.drift import LARGEST, Comparator

GATE = "data"
NAMES = {
    "infinity_norm": "L-infinity distance",
    "jensen_shannon_divergence": "Jensen-Shannon divergence",
}
LONGEST_VALUE = 40


def judge_drift(
    distances: Mapping[str, float],
    comparators: Mapping[str, Comparator],
    pairs: Mapping[str, Pair],
    statistics: tuple[Statistics, Statistics],
    *,
    metric: str,
    baseline: str,
    refuses: bool,
) -> Verdict:
    """Holds each column's distance against its threshold.

    Args:
        distances: What was measured, by column.
        comparators: How, and the thresholds.
        pairs: The rows by value or bucket.
        statistics: The statistics of the data and of the baseline.
        metric: What the conditions measure, as gates call it.
        baseline: What the baseline is of, in words: "version 7".
        refuses: Whether drift refuses the data; else it only warns.
    """
    medians = [
        {name: f.num_stats.median for name, f in by_name(side).items() if f.HasField("num_stats")}
        for side in statistics
    ]
    results = []
    for name, distance in sorted(distances.items()):
        measure, threshold = comparators[name]
        passed = distance <= threshold
        detail = (
            f"drift of {name}: {NAMES[measure]} {distance:.3g} > {threshold:.3g}; "
            f"{_change(pairs[name], measure, tuple(m.get(name) for m in medians))} "
            f"in {baseline}"
        )
        results.append(
            judge(
                GATE,
                metric,
                distance,
                "max",
                threshold,
                slice_name=f"column={name}",
                detail="" if passed else detail,
                binding=refuses,
            )
        )
    return Verdict(GATE, tuple(results))


def too_few(comparators: Mapping[str, Comparator]) -> bool:
    """Returns whether no column has rows enough to tell drift from chance."""
    return bool(comparators) and all(c.threshold >= LARGEST for c in comparators.values())


def _change(pair: Pair, measure: str, medians: tuple[float | None, ...]) -> str:
    """Returns what moved most: "X now, Y"."""
    shares = [
        {key: count / max(sum(side.values()), 1) for key, count in side.items()} for side in pair
    ]
    now, before = shares
    most = max({**now, **before}, key=lambda key: abs(now.get(key, 0.0) - before.get(key, 0.0)))
    if most == MISSING:
        what = "no value"
    elif measure == "infinity_norm":
        shown = most if len(most) <= LONGEST_VALUE else f"{most[:LONGEST_VALUE]}..."
        what = json.dumps(shown, ensure_ascii=False)
    else:
        first, second = medians
        return f"median {first:.6g}, {second:.6g}"
    return f"{what} in {now.get(most, 0.0):.1%} of rows, {before.get(most, 0.0):.1%}"
