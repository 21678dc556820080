"""A backtest as lines for people, and as JSON."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from orchestration.local.backtest.judgement import Judgement
from orchestration.local.backtest.scores import Backtest, Score
from usecase.config import UseCase

Cells = list[str]


def lines(found: Backtest, name: str, metrics: Sequence[str], judgement: Judgement) -> list[str]:
    """Returns a table with one line a span, and what it says.

    Args:
        found: The scores.
        name: The metric that is judged, whose change and standard error are shown.
        metrics: All metrics.
        judgement: What came of them.
    """
    others = [metric for metric in metrics if metric != name]
    header = ["span", "rows", name, "change", "± error", *others, "drift"]
    table = [header, *(_row(found.reference, score, name, others) for score in _scores(found))]
    return ["", *_aligned(table), "", judgement.text]


def as_json(
    use_case: UseCase, found: Backtest, name: str, judgement: Judgement, plot: Path
) -> dict[str, Any]:
    """Returns everything as one JSON object."""
    return {
        **dataclasses.asdict(found),
        "metric": name,
        "higher_is_better": _higher(use_case, name),
        "text": judgement.text,
        "aged_from": judgement.aged_from or None,
        "retrain_every": judgement.retrain_every,
        "plot": str(plot),
    }


def _higher(use_case: UseCase, name: str) -> bool | None:
    from usecase.metrics import METRICS

    return METRICS[use_case.task][name].higher_is_better


def _scores(found: Backtest) -> Iterator[Score]:
    yield dataclasses.replace(found.reference, name="test split")
    yield from found.later


def _row(first: Score, score: Score, name: str, others: Sequence[str]) -> Cells:
    value, error = score.metrics.get(name), score.errors.get(name)
    is_first = score.metrics is first.metrics
    change = None if is_first or value is None else value - first.metrics.get(name, math.nan)
    drift = score.drift
    return [
        score.name,
        f"{score.rows:,}",
        _number(value),
        "" if is_first else _number(change, sign="+"),
        _number(error),
        *(_number(score.metrics.get(other)) for other in others),
        _drift(drift.column, drift.distance, drift.allowed) if drift else "",
    ]


def _drift(column: str, distance: float, allowed: float) -> str:
    mark = "moved" if distance > allowed else "within"
    return f"{column} {distance:.3f} ({mark} {allowed:.3f})"


def _number(value: float | None, sign: str = "") -> str:
    if value is None or not math.isfinite(value):
        return "-"
    size = abs(value)
    return f"{value:{sign},.0f}" if size >= 1000 else f"{value:{sign}.{1 if size >= 100 else 3}f}"


def _aligned(table: Sequence[Cells]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    text = {0, len(widths) - 1}
    for row in table:
        cells = [
            cell.ljust(width) if column in text else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
