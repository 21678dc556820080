"""What whole runs cost, as tables in Markdown."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.pipeline.runs import Run

SHIPPED, SECOND, THIRD = "TFX's example", "its second run", "its third run"
LESS = "the example without Transform's statistics"
SAME_WORK, DEFAULT, UNCHANGED = "ours, same work", "ours, `configs/taxi.yaml`", "ours, unchanged"
CONTENDERS = (SHIPPED, SECOND, THIRD, LESS, SAME_WORK, DEFAULT, UNCHANGED)
RATIOS = (  # how many times faster each of ours is than what it is compared with
    (SAME_WORK, SHIPPED),
    (SAME_WORK, LESS),
    (DEFAULT, SHIPPED),
    (UNCHANGED, SECOND),
    (UNCHANGED, THIRD),
)
WORKING = (SHIPPED, SAME_WORK, DEFAULT)
Rounds = Mapping[str, list[Run]]


def tables(rounds: Rounds) -> Iterator[str]:
    """Yields the lines of all tables.

    Args:
        rounds: The runs of each contender, one a round.
    """
    yield from _whole(rounds)
    yield ""
    yield from _ratios(rounds)
    yield ""
    yield from _nodes(rounds)


def _whole(rounds: Rounds) -> Iterator[str]:
    count = len(next(iter(rounds.values())))
    yield f"| whole run | s | {count} rounds | peak MB | AUC |"
    yield "|---|---:|---:|---:|---:|"
    for name, of_name in rounds.items():
        seconds = [run.cost.seconds for run in of_name]
        peak = max(run.cost.megabytes for run in of_name)
        aucs = [run.auc for run in of_name if run.auc is not None]
        auc = f"{statistics.median(aucs):.4f}" if aucs else ""
        spread = f"{min(seconds):.1f}–{max(seconds):.1f}"
        yield f"| {name} | {statistics.median(seconds):.1f} | {spread} | {peak:,.0f} | {auc} |"


def _ratios(rounds: Rounds) -> Iterator[str]:
    yield "| faster, median of the rounds' ratios | than | times |"
    yield "|---|---|---:|"
    for ours, other in RATIOS:
        pairs = zip(rounds[ours], rounds[other], strict=True)
        ratio = statistics.median(b.cost.seconds / a.cost.seconds for a, b in pairs)
        yield f"| {ours} | {other} | {ratio:.1f} |"


def _nodes(rounds: Rounds) -> Iterator[str]:
    yield "| s of a node, median | " + " | ".join(WORKING) + " |"
    yield "|---|" + "---:|" * len(WORKING)
    names = dict.fromkeys(node for name in WORKING for run in rounds[name] for node in run.nodes)
    for node in names:
        cells = (_median([run.nodes.get(node) for run in rounds[name]]) for name in WORKING)
        yield f"| {node} | " + " | ".join(cells) + " |"


def _median(seconds: Sequence[float | None]) -> str:
    known = [one for one in seconds if one is not None]
    return f"{statistics.median(known):.1f}" if known else ""
