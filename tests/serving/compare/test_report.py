"""What the report shows of much."""

import dataclasses

import numpy as np

from serving.compare.comparison import Comparison, Errors
from serving.compare.distributions import classes, numbers
from serving.compare.findings import Finding, probability, shown
from serving.compare.report import text, verdict
from tests.serving.compare.test_distributions import A

PLAIN = Comparison(
    address="localhost:8500",
    model="m",
    data="rows.csv",
    stable=17,
    canary=18,
    rows=800,
    requests=200,
    request_rows=4,
    has_more_rows=False,
    ended="",
    errors={"stable": Errors(0, {}, ""), "canary": Errors(0, {}, "")},
    latency=None,
    outputs=[],
    new_outputs=[],
    quality=None,
    findings=[],
)


def changed(**changes):
    return dataclasses.replace(PLAIN, **changes)


def test_many_findings_of_a_kind_are_some_and_a_number():
    found = [Finding("outputs", f"o{k} is missing") for k in range(5)]
    found += [Finding("slow", "s"), Finding("different", "d", is_bad=False)]
    comparison = changed(findings=found)
    assert verdict(comparison) == (
        "✘ canary 18 is worse than stable 17: outputs: o0 is missing, o1 is missing, "
        "o2 is missing and 2 more; slow: s"
    )
    assert text(comparison).endswith("\n\n  · different: d")


def test_many_outputs_are_those_that_differ_most():
    outputs = [numbers(f"p[{k}]", A, A + 0.03 * k) for k in range(20)]
    shown_lines = text(changed(outputs=outputs)).splitlines()
    names = [line.split()[0] for line in shown_lines if line.startswith("  p[")]
    assert len(names) == 12
    assert names[0] == "p[19]"
    assert "p[0]" not in names
    assert shown_lines[-1] == "  · 8 more that differ less: --json has them"


def test_many_classes_are_the_most_frequent():
    names = [f"c{k}" for k in range(12) for _ in range(20 - k)]
    values = np.array(names, object)
    lines = text(changed(outputs=[classes("class", values, values)])).splitlines()
    assert [line.split() for line in lines[-11:-9]] == [["c0", "20", "20"], ["c1", "19", "19"]]
    assert lines[-1] == "  · 2 more classes"


def test_numbers_as_people_read_them():
    assert [shown(v) for v in (0.12345, -1.5, 999.9, 1000.0, -123456.7, 1e12, 0.0)] == [
        "0.123",
        "-1.5",
        "1e+03",
        "1,000",
        "-123,457",
        "1e+12",
        "0",
    ]
    assert [probability(p) for p in (1.0, 0.0123, 1e-9)] == ["p 1", "p 0.012", "p < 1e-6"]
