"""Whether two versions answer the same rows alike: each output's distribution, and row by row.

Both views are needed. A model that answers the opposite, where all answers are about even, has the
distribution of before; and rows may be answered otherwise by little, but all to one side.

Both versions get the same rows, so the two samples depend on each other, and the tests' p-values,
which take them for independent, are on the safe side: they call too little different, not too much.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.compare.findings import Finding, probability, scipy_stats, shown
from serving.contract import CLASS

# Shares of rows: Kolmogorov and Smirnov's D for numbers and the total variation distance for
# classes are the largest difference in the share of rows that fall into some range, or into some
# classes; beside them, the share whose class changes. Two good models that were trained on the data
# of two days differ by a few hundredths; a tenth is worth a look; where a quarter of all rows
# moves, somebody must know why.
DIFFERENT, STRONG = 0.1, 0.25
# D does not ask how far rows move: a model that says 0.0004 where the other says 0.001 to most rows
# has a large one. So answers must also move by a share of their own range, which is that of the
# stable version's middle nine tenths: by more than one in fifty to be worth a look, by more than
# one in ten to be strong.
MOVED, FAR = 0.02, 0.1
# Spearman's rank correlation of the two answers to a row: two good models agree by more than 0.9.
# At 0.5 a quarter of what one says of the order of rows is what the other says.
UNLIKE, UNRELATED = 0.8, 0.5
# Of the size of answers: below, ranks are those of rounding errors.
NOTICEABLE = 0.01
SIGNIFICANT = 0.001  # small, since a model may have many outputs that are tested
NORMAL = 3.090232306167813  # the normal distribution's 99.9 % quantile
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_CORRELATED = 20  # rows: fewer may be in any order by chance
ALMOST = 1 - 1e-12  # beyond, it has no number
EXACT_ROWS = 1000  # up to which the test's p-value is computed exactly
MOST_CLASSES = 50  # that are told apart; the rarest beyond are one
LEAST_EXPECTED = 5  # rows of a class that the chi-squared test needs
OTHERS = "(all others)"


@dataclass(frozen=True)
class Summary:
    """Numbers of one version: their mean, their `QUANTILES`, and how many are not finite."""

    mean: float
    quantiles: tuple[float, ...]
    not_finite: int


@dataclass(frozen=True)
class Numbers:
    """One number a row, of both versions.

    Attributes:
        output: The output, and the place in it: "probabilities[2]".
        stable: Of the stable version.
        canary: Of the canary.
        distance: Kolmogorov and Smirnov's D.
        p: Of their test of two samples.
        shift: How far one distribution is from the other (Wasserstein's distance: how far quantiles
            are apart on the mean), as a share of the range between the stable version's 5 % and
            95 % quantiles; NaN if either has no finite number.
        mean_change: The mean of how far the two answers to a row are apart.
        max_change: The largest of them.
        correlation: Spearman's, of the two answers to a row; NaN if either version answers the same
            to all rows.
        rows: In how many rows both answer with a finite number.
        lost: In how many rows the canary alone answers with no finite number.
    """

    output: str
    stable: Summary
    canary: Summary
    distance: float
    p: float
    shift: float
    mean_change: float
    max_change: float
    correlation: float
    rows: int
    lost: int


@dataclass(frozen=True)
class Classes:
    """One class or text a row, of both versions.

    Attributes:
        output: The output, and the place in it.
        counts: Rows of the stable version and of the canary by class, the most frequent first.
        distance: The total variation distance.
        p: Of a chi-squared test of homogeneity.
        changed: The share of rows whose class is another one.
        rows: How many there are.
    """

    output: str
    counts: dict[str, tuple[int, int]]
    distance: float
    p: float
    changed: float
    rows: int


Compared = Numbers | Classes


def compared(
    stable: Mapping[str, np.ndarray], canary: Mapping[str, np.ndarray]
) -> tuple[list[Compared], list[Finding]]:
    """Compares the answers to the same rows.

    Args:
        stable: The outputs of the stable version by name, the first dimension is the rows.
        canary: Those of the canary.

    Returns:
        What both have, one entry for each value of a row; and what the canary lacks or has in
        another shape.
    """
    found: list[Compared] = []
    findings = []
    for name, ours in stable.items():
        theirs = canary.get(name)
        problem = _problem(name, ours, theirs)
        if theirs is None or problem:
            findings.append(Finding("outputs", problem))
            continue
        flat = zip(_columns(ours), _columns(theirs), strict=True)
        for (place, a), (_, b) in flat:
            compare = classes if name == CLASS or is_text(a) else numbers
            found.append(compare(name + place, a, b))
    return found, findings


def is_text(values: np.ndarray) -> bool:
    """Returns whether values are no numbers."""
    return values.dtype.kind not in "biuf"


def numbers(output: str, stable: np.ndarray, canary: np.ndarray) -> Numbers:
    """Compares one number a row.

    Args:
        output: What they are called.
        stable: [rows], of the stable version.
        canary: [rows], of the canary.
    """
    a, b = stable.astype(np.float64), canary.astype(np.float64)
    fine_a, fine_b = np.isfinite(a), np.isfinite(b)
    both = fine_a & fine_b
    distance, p = _kolmogorov_smirnov(a[fine_a], b[fine_b])
    apart = np.abs(b[both] - a[both])
    ours = _summary(a, fine_a)
    return Numbers(
        output,
        ours,
        _summary(b, fine_b),
        distance,
        p,
        _shift(a[fine_a], b[fine_b], ours),
        float(apart.mean()) if apart.size else float("nan"),
        float(apart.max()) if apart.size else float("nan"),
        _correlation(a[both], b[both]),
        len(apart),
        int(np.count_nonzero(fine_a & ~fine_b)),
    )


def classes(output: str, stable: np.ndarray, canary: np.ndarray) -> Classes:
    """Compares one class a row.

    Args:
        output: What they are called.
        stable: [rows], of the stable version: bytes, text or integers; at least one row.
        canary: [rows], of the canary.
    """
    a, b = texts(stable), texts(canary)
    in_a, in_b = Counter(a), Counter(b)
    together = in_a + in_b
    counts = {name: (in_a[name], in_b[name]) for name, _ in together.most_common(MOST_CLASSES)}
    rest = len(together) - len(counts)
    if rest:
        ours, theirs = (len(a) - sum(pair[k] for pair in counts.values()) for k in (0, 1))
        counts[OTHERS] = (ours, theirs)
    table = np.array([*counts.values()], np.int64).T
    distance = float(np.abs(table[0] - table[1]).sum() / 2 / len(a))
    changed = sum(x != y for x, y in zip(a, b, strict=True)) / len(a)
    return Classes(output, counts, distance, _chi_squared(table), changed, len(a))


def texts(values: np.ndarray) -> list[str]:
    """Returns classes as text."""
    return [
        v.decode(errors="backslashreplace") if isinstance(v, bytes) else str(v)
        for v in values.tolist()
    ]


def different(found: Compared, *, decides: bool) -> Finding | None:
    """Returns the finding that an output is answered otherwise, or None.

    Args:
        found: The output's comparison.
        decides: Whether nothing better, such as labelled rows, says which version is right: then a
            strong difference is bad.
    """
    moved = found.distance if found.p < SIGNIFICANT else 0.0
    if isinstance(found, Classes):
        surely = found.changed - NORMAL * _deviation(found.changed, found.rows)
        is_different = max(moved, surely) > DIFFERENT
        is_strong = max(moved, surely) > STRONG
        told = f"the class of {found.changed:.1%} of the rows changes, total variation"
    else:
        at_most = _upper_correlation(found)
        is_different = (moved > DIFFERENT and found.shift > MOVED) or at_most < UNLIKE
        is_strong = (moved > STRONG and found.shift > FAR) or at_most < UNRELATED
        told = (
            f"mean {shown(found.canary.mean)} against {shown(found.stable.mean)}, "
            f"rank correlation {found.correlation:.2f}, KS D"
        )
    if not is_different:
        return None
    text = f"{found.output} ({told} {found.distance:.2f}, {probability(found.p)})"
    return Finding("different", text, is_bad=decides and is_strong)


def not_finite(found: Compared, rows: int) -> Finding | None:
    """Returns the finding that the canary answers with NaN or infinity, or None.

    Args:
        found: The output's comparison.
        rows: How many there were.
    """
    if isinstance(found, Classes) or not found.lost:
        return None
    return Finding(
        "not finite",
        f"{found.output} is NaN or infinite in {found.lost:,} of {rows:,} rows "
        "where the stable version answers with a number",
    )


def _problem(name: str, ours: np.ndarray, theirs: np.ndarray | None) -> str:
    """Returns why an output cannot be compared, or ""."""
    if theirs is None:
        return f"{name} is missing"
    if theirs.shape != ours.shape:
        return f"{name} has the shape {_shape(theirs)} instead of {_shape(ours)}"
    if is_text(theirs) != is_text(ours):
        return f"{name} holds {_kind(theirs)} instead of {_kind(ours)}"
    return ""


def _shape(values: np.ndarray) -> str:
    return f"[{', '.join(['rows', *map(str, values.shape[1:])])}]"


def _kind(values: np.ndarray) -> str:
    return "text" if is_text(values) else "numbers"


def _columns(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Returns each value of a row: its place, and the values of all rows there."""
    places = ["".join(f"[{k}]" for k in place) for place in np.ndindex(values.shape[1:])]
    return [*zip(places, values.reshape(len(values), len(places)).T, strict=True)]


def _summary(values: np.ndarray, finite: np.ndarray) -> Summary:
    kept, bad = values[finite], int(np.count_nonzero(~finite))
    if not kept.size:
        return Summary(float("nan"), (float("nan"),) * len(QUANTILES), bad)
    return Summary(float(kept.mean()), tuple(np.quantile(kept, QUANTILES).tolist()), bad)


def _kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    if not a.size or not b.size:
        return 0.0, 1.0
    method = "exact" if max(a.size, b.size) <= EXACT_ROWS else "asymp"
    found: Any = scipy_stats().ks_2samp(a, b, method=method)
    return float(found.statistic), float(found.pvalue)


def _shift(a: np.ndarray, b: np.ndarray, stable: Summary) -> float:
    """Returns the distance of two distributions, as a share of the range of the first."""
    if not a.size or not b.size:
        return float("nan")
    apart = float(scipy_stats().wasserstein_distance(a, b))
    size = max(abs(value) for value in stable.quantiles)
    spread = max(stable.quantiles[-1] - stable.quantiles[0], NOTICEABLE * size)
    if not apart:
        return 0.0
    return apart / spread if spread else float("inf")


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Returns Spearman's rank correlation; NaN if there is none."""
    if a.size < 2 or (a == a[0]).all() or (b == b[0]).all():
        return float("nan")
    rank = scipy_stats().rankdata
    return float(np.corrcoef(rank(a), rank(b))[0, 1])


def _upper_correlation(found: Numbers) -> float:
    """Returns what a rank correlation is at most by Fisher's transformation; 1 if none is known."""
    size = max(abs(value) for side in (found.stable, found.canary) for value in side.quantiles)
    known = found.rows >= LEAST_CORRELATED and not np.isnan(found.correlation)
    if not known or found.mean_change <= NOTICEABLE * size:
        return 1.0
    within = min(max(found.correlation, -ALMOST), ALMOST)
    # Of ranks, the transformed correlation's variance is a little more than that of values.
    error = (1.06 / (found.rows - 3)) ** 0.5
    return float(np.tanh(np.arctanh(within) + NORMAL * error))


def _deviation(share: float, rows: int) -> float:
    return float((share * (1 - share) / rows) ** 0.5)


def _chi_squared(table: np.ndarray) -> float:
    """Returns the p-value of [2, classes] counts, in which the rarest classes are taken as one."""
    order = np.argsort(-table.sum(0))
    table = table[:, order]
    expected = table.sum(0) / 2  # both versions answer the same number of rows
    few = expected < LEAST_EXPECTED
    if few.any():
        table = np.column_stack([table[:, ~few], table[:, few].sum(1)])
        if table[:, -1].sum() / 2 < LEAST_EXPECTED and table.shape[1] > 1:
            table = np.column_stack([table[:, :-2], table[:, -2:].sum(1)])
    if table.shape[1] < 2:
        return 1.0
    return float(scipy_stats().chi2_contingency(table, correction=False).pvalue)
