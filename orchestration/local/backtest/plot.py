"""How quality ages, as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.local.backtest.judgement import ERRORS
from orchestration.local.backtest.scores import Backtest, Score
from usecase.config import Evaluation
from usecase.errors import UserError

SUFFIX = ".svg"
SIZE = (960, 480)  # pixels
DOTTED = {"width": 1, "dasharray": "3, 6"}
DASHED = {"width": 2, "dasharray": "12, 6"}
FEW_NAMES = 6


def require_plottable(path: Path) -> None:
    """Checks, before anything expensive, that a picture can be written to a path.

    Raises:
        UserError: If its name says another format, or its folder is not there.
    """
    if path.suffix.lower() != SUFFIX:
        raise UserError(
            f"plot format not known: {path}",
            expected=f"a name that ends in {SUFFIX}",
            fix=f"--plot {path.with_suffix(SUFFIX)}",
        )
    if not path.parent.is_dir():
        raise UserError(
            f"plot folder does not exist: {path.parent}", fix="create it, or choose another --plot"
        )


def plot(found: Backtest, name: str, evaluation: Evaluation, path: Path) -> None:
    """Draws one metric over spans, with two standard errors on either side, as SVG.

    Args:
        found: The scores.
        name: The metric.
        evaluation: The quality gate's thresholds.
        path: The file.
    """
    import pygal  # not before there is something to draw
    from pygal.style import CleanStyle

    scores = (found.reference, *found.later)
    chart = pygal.Line(
        width=SIZE[0],
        height=SIZE[1],
        title=f"{found.use_case}: trained on {found.trained[0]} to {found.trained[-1]}, "
        f"scored by {found.unit}",
        x_labels=["test split", *(score.name for score in found.later)],
        x_label_rotation=45 if len(scores) > FEW_NAMES else 0,
        y_title=name,
        range=_range(scores, name, evaluation),
        legend_at_bottom=True,
        formatter=lambda value: f"{value:.4g}",
        style=CleanStyle,
        js=[],  # which would be loaded from the web
    )
    chart.add(f"{name} ± {ERRORS:g} standard errors", [_point(score, name) for score in scores])
    first = found.reference.metrics.get(name)
    chart.add("test split", [first] * len(scores), show_dots=False, stroke_style=DOTTED)
    for text, limit in _limits(name, evaluation):
        line = [limit] * len(scores)
        chart.add(f"quality gate, {text}", line, show_dots=False, stroke_style=DASHED)
    incoming = path.with_name(f"{path.name}.new")
    incoming.write_bytes(chart.render())
    incoming.replace(path)


def _range(scores: Sequence[Score], name: str, evaluation: Evaluation) -> tuple[float, float]:
    """Returns the values between which everything lies, errors included."""
    known = [
        (s.metrics[name], ERRORS * s.errors.get(name, 0.0)) for s in scores if name in s.metrics
    ]
    ends = [end for value, error in known for end in (value - error, value + error)]
    ends += [limit for _, limit in _limits(name, evaluation)]
    return min(ends, default=0.0), max(ends, default=1.0)


def _point(score: Score, name: str) -> dict[str, Any] | None:
    value, error = score.metrics.get(name), score.errors.get(name)
    if value is None or error is None:
        return None if value is None else {"value": value}
    return {"value": value, "ci": {"low": value - ERRORS * error, "high": value + ERRORS * error}}


def _limits(name: str, evaluation: Evaluation) -> list[tuple[str, float]]:
    own = [t for t in evaluation.thresholds if t.metric == name and t.slice is None]
    bounds = [(text, limit) for t in own for text, limit in (("min", t.min), ("max", t.max))]
    return [(text, limit) for text, limit in bounds if limit is not None]
