"""Where a picture may go, and what is in it."""

import pytest

from orchestration.local.backtest.plot import plot, require_plottable
from orchestration.local.backtest.scores import Backtest, Score
from usecase.config import Evaluation, Threshold
from usecase.errors import UserError


def test_where_it_may_go(tmp_path):
    require_plottable(tmp_path / "a.svg")
    with pytest.raises(UserError, match="plot format") as caught:
        require_plottable(tmp_path / "a.png")
    assert "a.svg" in caught.value.fix
    with pytest.raises(UserError, match="does not exist"):
        require_plottable(tmp_path / "b" / "a.svg")


def test_a_metric_that_is_not_known_everywhere(tmp_path):
    scores = [Score("q", 9, {"auc": 0.5}, {}), Score("r", 9, {}, {})]
    found = Backtest(
        "u", "span", ("a",), Score("test", 9, {"auc": 0.75}, {"auc": 0.125}), (*scores,)
    )
    evaluation = Evaluation(thresholds=(Threshold(metric="auc", max=0.875),))
    path = tmp_path / "a.svg"
    plot(found, "auc", evaluation, path)
    svg = path.read_text()
    assert svg.count('class="dot ') == 2
    assert svg.count('class="ci"') == 1
    assert "quality gate, max" in svg
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]
