"""Which metric stands for a run, and which way each of them is better."""

from typing import Any, cast

from orchestration.records import RunRecord
from usecase.metrics import METRICS, Metric, Task

PART = "/"  # in the names of what was measured of other models


def main_metric(record: RunRecord) -> tuple[str, float] | None:
    """Returns name and value of the metric that stands for a run; None if none was measured."""
    measured = {n: v for n, v in record.result.metrics.items() if PART not in n}
    wanted = _declared(record)
    ordered = [name for name in wanted if name in measured] or list(measured)
    return (ordered[0], measured[ordered[0]]) if ordered else None


def higher_is_better(record: RunRecord, name: str) -> bool | None:
    """Returns whether more of a metric is better; None where neither end is, or it is unknown.

    Args:
        record: The run, for its task.
        name: The metric; "linear/..." is the linear baseline's.
    """
    last = name.rpartition(PART)[2]
    found = _table(record).get(last)
    return found.higher_is_better if found else None


def _declared(record: RunRecord) -> list[str]:
    evaluation: dict[str, Any] = record.config.get("evaluation") or {}
    return list(evaluation.get("metrics") or _table(record))


def _table(record: RunRecord) -> dict[str, Metric]:
    task = record.config.get("task")
    if task in METRICS:
        return METRICS[cast("Task", task)]
    # Of an older record: metrics of one name have one direction in every task.
    return {name: metric for table in METRICS.values() for name, metric in table.items()}
