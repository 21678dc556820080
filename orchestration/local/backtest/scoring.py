"""A model's quality in each span, by TFMA, with standard errors."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from components import raw_quality
from components.data_checks import split_statistics
from components.tfma_results import SliceMetrics
from orchestration.local.backtest.drifts import worst_drift
from orchestration.local.backtest.scores import Score
from orchestration.local.backtest.training import Trained
from orchestration.plan import Plan
from pipeline.evaluation import eval_config
from usecase.metrics import Task

TEST = "test"
GROUP = "group"
GROUPS = 10
LEAST_GROUPS = 8
ROWS = "example_count"


def score(plan: Plan, trained: Trained, later: Sequence[str]) -> tuple[Score, ...]:
    """Scores the test split of the training spans, and each later span.

    A standard error is that of the mean over ten random tenths of a span's rows. Rows without a
    label that can be used are left out.

    Args:
        plan: The use case: its metrics and label.
        trained: The model and its rows.
        later: The splits that hold later spans.
    """
    config = eval_config(plan.use_case, plan.declaration.label)
    key = config.model_specs[0].label_key
    frame = raw_quality.answered(trained.model, key, trained.examples, TEST, *later)
    frame = frame[np.isfinite(frame[raw_quality.LABEL])].reset_index(drop=True)
    frame[GROUP] = (frame[raw_quality.FINGERPRINT] % GROUPS).astype(str)
    by_span, by_group = (raw_quality.SPLIT,), (raw_quality.SPLIT, GROUP)
    measured = raw_quality.measure(config, frame, [by_span, by_group])
    judged = _judged_groups(frame, plan.use_case.task)
    compared = plan.comparators
    before = split_statistics(trained.statistics, "train")
    return tuple(
        Score(
            split,
            int((frame[raw_quality.SPLIT] == split).sum()),
            _finite(measured[((raw_quality.SPLIT, split),)], plan.use_case.metrics),
            _errors(measured, split, judged[split], plan.use_case.metrics),
            worst_drift(split_statistics(trained.statistics, split), before, compared)
            if split != TEST
            else None,
        )
        for split in (TEST, *later)
    )


def _judged_groups(frame: pd.DataFrame, task: Task) -> dict[str, list[str]]:
    """Returns the groups of each split in which a metric means something: not of one class."""
    values = frame.groupby([raw_quality.SPLIT, GROUP])[raw_quality.LABEL].nunique()
    least = 1 if task == "regression" else 2
    found: dict[str, list[str]] = {split: [] for split in frame[raw_quality.SPLIT].unique()}
    for split, group in values[values >= least].index:
        found[split].append(group)
    return found


def _errors(
    measured: SliceMetrics, split: str, groups: Sequence[str], names: Sequence[str]
) -> dict[str, float]:
    found = [
        _finite(measured[((GROUP, group), (raw_quality.SPLIT, split))], names) for group in groups
    ]
    errors = {}
    for name in names:
        values = [metrics[name] for metrics in found if name in metrics]
        if len(values) >= LEAST_GROUPS:
            errors[name] = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return errors


def _finite(metrics: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    known = {name: metrics[name] for name in names if name in metrics}
    return {name: value for name, value in known.items() if math.isfinite(value)}
