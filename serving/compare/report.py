"""A comparison in words and tables: the verdict first, which names a canary that is bad."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from serving.compare.comparison import Comparison
from serving.compare.distributions import QUANTILES, Classes, Numbers
from serving.compare.findings import probability, shown
from serving.releases.state import CANARY, STABLE

MOST_OUTPUTS = 12  # shown, those that differ most; --json has all
MOST_CLASSES = 10
MOST_TEXTS = 3  # of one kind of findings

Line = Sequence[str]


def text(comparison: Comparison) -> str:
    """Returns the report.

    Args:
        comparison: What was found.
    """
    blocks = [
        [verdict(comparison), *(f"  · {line}" for line in _asked(comparison))],
        _table(_requests(comparison)),
        _quality(comparison),
        _outputs(comparison),
        [f"  · {line}" for line in _by_kind(comparison, is_bad=False)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def verdict(comparison: Comparison) -> str:
    """Returns the line that says whether the canary is worse, and by what.

    Args:
        comparison: What was found.
    """
    canary, stable = f"canary {comparison.canary}", f"stable {comparison.stable}"
    if comparison.is_worse:
        return f"✘ {canary} is worse than {stable}: {'; '.join(_by_kind(comparison, is_bad=True))}"
    if comparison.is_better(0.0):
        return f"✔ {canary} is better than {stable}: {comparison.quality}"
    if comparison.is_better():
        within = f"by no more than {comparison.margin:g}, if at all"
        return f"✔ {canary} is worse than {stable} {within}: {comparison.quality}"
    return f"✔ {canary} is no worse than {stable}"


def _by_kind(comparison: Comparison, *, is_bad: bool) -> Iterator[str]:
    """Yields what was found of each kind; of many outputs, some."""
    found = [finding for finding in comparison.findings if finding.is_bad == is_bad]
    for kind, group in groupby(found, key=lambda one: one.kind):
        texts = [finding.text for finding in group]
        more = len(texts) - MOST_TEXTS
        yield f"{kind}: {', '.join(texts[:MOST_TEXTS])}" + (f" and {more} more" * (more > 0))


def _asked(comparison: Comparison) -> Iterator[str]:
    more = ", which has more" if comparison.has_more_rows else ""
    yield (
        f"{comparison.model} at {comparison.address}: {comparison.rows:,} rows of "
        f"{comparison.data}{more}, answered by both in requests of {comparison.request_rows}"
    )
    if comparison.ended and "crashing" not in [finding.kind for finding in comparison.findings]:
        yield f"ended early: {comparison.ended}"
    if comparison.new_outputs:
        yield f"the canary alone answers with {', '.join(comparison.new_outputs)}"


def _requests(comparison: Comparison) -> list[Line]:
    found = comparison.latency
    heads = (f"{STABLE} {comparison.stable}", f"{CANARY} {comparison.canary}")
    lines: list[Line] = [
        ("requests", *heads, ""),
        ("failed", *(f"{comparison.errors[label].count:,}" for label in (STABLE, CANARY)), ""),
    ]
    if found is None:
        return lines
    told = f"× {found.ratio:.2f}, {probability(found.p)}"
    for name in ("median", "p90", "p99"):
        pair = (f"{getattr(times, name):.2f} ms" for times in (found.stable, found.canary))
        lines.append((f"latency {name}", *pair, told if name == "median" else ""))
    return lines


def _quality(comparison: Comparison) -> list[str]:
    found = comparison.quality
    if found is None:
        return []
    lines: list[Line] = [
        (f"quality by {found.rows:,} labelled rows", STABLE, CANARY, ""),
        (found.metric, shown(found.stable), shown(found.canary), found.difference),
        *((name, shown(a), shown(b), "") for name, (a, b) in found.beside.items()),
    ]
    missing = [f"  · {found.missing:,} rows have no label"] if found.missing else []
    return [*_table(lines), *missing]


def _outputs(comparison: Comparison) -> list[str]:
    ranked = sorted(comparison.outputs, key=lambda one: one.distance, reverse=True)
    kept = ranked[:MOST_OUTPUTS]
    blocks = [*_numbers([one for one in kept if isinstance(one, Numbers)])]
    for one in kept:
        if isinstance(one, Classes):
            blocks += ["", *_classes(one)] if blocks else _classes(one)
    if len(ranked) > len(kept):
        blocks.append(f"  · {len(ranked) - len(kept):,} more that differ less: --json has them")
    return blocks


def _numbers(found: Sequence[Numbers]) -> list[str]:
    if not found:
        return []
    quantiles = tuple(f"{q:.0%}" for q in QUANTILES)
    lines: list[Line] = [("answers", "", "mean", *quantiles, "not finite", "difference")]
    for one in found:
        told = (
            f"KS D {one.distance:.3f}, {probability(one.p)}, shift {one.shift:.1%} of the range",
            f"by row {shown(one.mean_change)}, at most {shown(one.max_change)}, "
            f"rank correlation {one.correlation:.3f}",
        )
        for label, side, output, by in (
            (STABLE, one.stable, one.output, told[0]),
            (CANARY, one.canary, "", told[1]),
        ):
            values = (side.mean, *side.quantiles)
            lines.append((output, label, *map(shown, values), f"{side.not_finite:,}", by))
    return _table(lines)


def _classes(found: Classes) -> list[str]:
    told = f"{found.changed:.1%} of the rows change, total variation {found.distance:.3f}"
    lines: list[Line] = [(found.output, STABLE, CANARY, f"{told}, {probability(found.p)}")]
    entries = [*found.counts.items()]
    lines += [(name[:40], f"{a:,}", f"{b:,}", "") for name, (a, b) in entries[:MOST_CLASSES]]
    more = [f"  · {len(entries) - MOST_CLASSES} more classes"] if entries[MOST_CLASSES:] else []
    return [*_table(lines), *more]


def _table(lines: Sequence[Line]) -> list[str]:
    """Returns lines with their cells in columns: names to the left, numbers to the right."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    last = len(widths) - 1
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if k in (0, last) else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
