"""The facts of the nodes that compare rows with others."""

import pytest

from components.verdict import Verdict, judge
from orchestration.local.execute import Execution
from orchestration.local.facts import fact


def drift(column, value, threshold=0.05, *, binding=False):
    slice_name = f"column={column}"
    return judge("data", "drift", value, "max", threshold, slice_name=slice_name, binding=binding)


@pytest.fixture
def told(tmp_path):
    def told(*results, node="DistributionValidator", **properties):
        Verdict("data", results).write(tmp_path)
        return fact(
            Execution(
                node,
                "ran",
                outputs={"verdict": [str(tmp_path)], "anomalies": [str(tmp_path / "other")]},
                output_properties={"baseline": "version 7", **properties},
            )
        )

    return told


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"pushed_version": 7}, "of version 7"),
        ({"pushed_version": 7, "empty": 1}, "version 7 holds none"),
        ({"empty": 1}, "none pushed yet"),
    ],
)
def test_which_rows_are_the_baseline(properties, text):
    execution = Execution("LatestPushedStatistics", "ran", output_properties=properties)
    assert fact(execution) == text


def test_the_column_that_is_nearest_to_its_threshold_is_told(told):
    near, far = drift("fare", 0.04), drift("city", 0.06, 0.1)
    assert told(near, far) == "ok · at most 0.040 of 0.050 (fare)"


def test_the_worst_of_several_drifts(told):
    found = drift("fare", 0.06), drift("city", 0.4, 0.1), drift("age", 0.01)
    assert told(*found) == "warning: drift of city and 1 more · 0.400 > 0.100"
    assert told(drift("fare", 0.06, binding=True)) == "refused: drift of fare · 0.060 > 0.050"


def test_too_few_rows(told):
    assert told(drift("fare", 0.6, 1.0), drift("age", 0.9, 1.0)) == "too few rows to tell"


def test_without_a_baseline(told):
    nothing = told(baseline="nothing pushed yet")
    assert nothing == "nothing to compare with: nothing pushed yet"


def test_spans_are_told_alike(told):
    node = "SpanDistributionValidator"
    assert told(baseline="no span before", node=node) == "nothing to compare with: no span before"
    assert told(drift("city", 0.2, 0.1), node=node) == "warning: drift of city · 0.200 > 0.100"


def test_columns_that_were_not_compared(told):
    text = told(drift("fare", 0.04), not_compared="a, b, c, d, e")
    assert text.endswith("(fare) · not compared: a, b, c and 2 more")
