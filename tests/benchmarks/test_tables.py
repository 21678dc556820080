"""Medians and ratios of whole runs."""

from benchmarks.pipeline.runs import Run
from benchmarks.pipeline.tables import CONTENDERS, DEFAULT, SAME_WORK, SHIPPED, tables
from benchmarks.processes import Cost

SECONDS = {
    SHIPPED: (100.0, 90.0, 400.0),
    SAME_WORK: (20.0, 30.0, 40.0),
    DEFAULT: (50.0, 45.0, 80.0),
}


def rounds():
    found = {name: [Run(Cost(10.0, 100.0), {}) for _ in range(3)] for name in CONTENDERS}
    for name, seconds in SECONDS.items():
        found[name] = [
            Run(Cost(s, 1000.0 + s), {"Transform": s / 10}, auc=0.9 + s / 10_000) for s in seconds
        ]
    return found


def test_the_tables():
    lines = list(tables(rounds()))
    assert f"| {SHIPPED} | 100.0 | 90.0–400.0 | 1,400 | 0.9100 |" in lines
    assert f"| {SAME_WORK} | 30.0 | 20.0–40.0 | 1,040 | 0.9030 |" in lines
    # The median of the rounds' ratios (5, 3 and 10), not the ratio of medians.
    assert f"| {SAME_WORK} | {SHIPPED} | 5.0 |" in lines
    assert f"| {DEFAULT} | {SHIPPED} | 2.0 |" in lines
    assert "| Transform | 10.0 | 3.0 | 5.0 |" in lines


def test_a_node_that_did_not_work_has_no_seconds():
    found = rounds()
    found[SAME_WORK] = [run._replace(nodes={}) for run in found[SAME_WORK]]
    assert "| Transform | 10.0 |  | 5.0 |" in list(tables(found))
