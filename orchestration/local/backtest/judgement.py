"""Whether quality ages, by how much, and how often to train anew.

A metric of a span is worse where it is worse than that of the test split by more than two standard
errors of their difference. One such span may be chance, or an odd quarter that passes. So quality
counts as aged from the first span on after which every one is worse, the last two at least. Until
then the model was as good as on the day it was trained: that many spans are how often to train.
"""

import math
from typing import NamedTuple

from orchestration.local.backtest.scores import Backtest, Score
from usecase.config import Evaluation
from usecase.metrics import Metric

ERRORS = 2.0  # by chance alone, one span of forty is worse by more
LEAST_SPANS = 2
DIGITS = 3


class Judgement(NamedTuple):
    """What the spans say.

    Attributes:
        text: In words.
        aged_from: The first span of those that are worse; "" if quality does not age.
        retrain_every: After how many spans to train anew; None if nothing calls for it.
    """

    text: str
    aged_from: str = ""
    retrain_every: int | None = None


def judge(found: Backtest, name: str, metric: Metric, evaluation: Evaluation) -> Judgement:
    """Judges how one metric ages.

    Args:
        found: The scores.
        name: The metric.
        metric: Its direction.
        evaluation: The quality gate's thresholds.
    """
    if metric.higher_is_better is None:
        return Judgement(f"{name} has no better end, so that nothing is said of how it ages")
    worse = [_is_worse(found.reference, score, name, metric) for score in found.later]
    judged = _aging(found, name, worse)
    limit = _refused_from(found, name, evaluation)
    return judged._replace(text=f"{judged.text}{limit}")


def _is_worse(first: Score, other: Score, name: str, metric: Metric) -> bool | None:
    """Returns whether a span is worse by more than chance; None if that cannot be told."""
    errors = [score.errors.get(name) for score in (first, other)]
    if None in errors or name not in first.metrics or name not in other.metrics:
        return None
    fall = first.metrics[name] - other.metrics[name]
    error = math.hypot(*(e for e in errors if e is not None))
    return (fall if metric.higher_is_better else -fall) > ERRORS * error


def _aging(found: Backtest, name: str, worse: list[bool | None]) -> Judgement:
    unit, spans = found.unit, found.later
    if None in worse:
        which = spans[worse.index(None)].name
        return Judgement(f"too few rows in {which} to tell whether {name} ages there or by chance")
    good = max((i + 1 for i, is_worse in enumerate(worse) if not is_worse), default=0)
    aged = len(spans) - good
    if aged >= LEAST_SPANS:
        every = max(good, 1)
        move = _moves(found, name)
        return Judgement(
            f"{move} within {_count(len(spans), unit)}, and from {spans[good].name} on every "
            f"{unit} is worse than the test split by more than {ERRORS:g} standard errors: retrain "
            f"every {_count(every, unit) if every > 1 else unit}",
            spans[good].name,
            every,
        )
    if aged:
        return Judgement(
            f"{name} is worse than in the test split by more than {ERRORS:g} standard errors in "
            f"the last {unit} alone, {spans[-1].name}: one {unit} shows no trend"
        )
    passing = [score.name for score, is_worse in zip(spans, worse, strict=True) if is_worse]
    but = f", but for {', '.join(passing)}, after which it recovers" if passing else ""
    return Judgement(
        f"{name} does not age beyond chance ({ERRORS:g} standard errors) within "
        f"{_count(len(spans), unit)}{but}: nothing here calls for training anew"
    )


def _moves(found: Backtest, name: str) -> str:
    first, last = found.reference.metrics[name], found.later[-1].metrics[name]
    return f"{name} {'falls' if last < first else 'rises'} from {_shown(first)} to {_shown(last)}"


def _refused_from(found: Backtest, name: str, evaluation: Evaluation) -> str:
    """Returns which spans the quality gate would refuse by its thresholds on all rows."""
    limits = [t for t in evaluation.thresholds if t.metric == name and t.slice is None]
    for threshold in limits:
        for text, bound, sign in (("min", threshold.min, 1.0), ("max", threshold.max, -1.0)):
            values = {s.name: s.metrics.get(name) for s in found.later}
            below = [
                n
                for n, v in values.items()
                if bound is not None and v is not None and sign * (v - bound) < 0
            ]
            if below:
                return (
                    f". The quality gate's {text} of {bound:g} would refuse it in {_listed(below)}"
                )
    return ""


def _listed(names: list[str]) -> str:
    return (
        ", ".join(names)
        if len(names) < LEAST_SPANS * 2
        else f"{len(names)} spans, first in {names[0]}"
    )


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' if number != 1 else ''}"


def _shown(value: float) -> str:
    return f"{value:.{DIGITS}f}" if abs(value) < 10**DIGITS else f"{value:,.0f}"
