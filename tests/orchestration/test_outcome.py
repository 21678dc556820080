"""One verdict and one line on why."""

import math

import pytest

from components.verdict import Verdict, judge
from orchestration.outcome import decide, why

GOOD = Verdict("data", (judge("data", "anomalies", 0, "max", 0),))
LOW = judge("quality", "auc", 0.8, "min", 0.9)
DROP = judge("quality", "auc", -0.1, "min_change", -0.01)
REFUSED = Verdict("quality", (judge("quality", "loss", 0.1, "max", 0.3), LOW))
TWICE = Verdict("quality", (LOW, DROP))
BAD_DATA = Verdict("data", (judge("data", "anomalies", 1, "max", 0, detail="age: gone (train)"),))


@pytest.mark.parametrize(
    ("error", "verdicts", "pushed", "up_to_date", "verdict", "headline"),
    [
        ("", (GOOD,), True, False, "pushed", "version 7 serves now"),
        ("", (GOOD,), False, True, "up_to_date", "version 7 is this very model"),
        ("", (GOOD,), False, False, "not_pushed", "the Pusher found no blessing"),
        (
            *("", (GOOD, REFUSED), False, False),
            *("not_pushed", "quality gate refused: auc 0.800 < 0.900"),
        ),
        (
            *("", (GOOD, TWICE), False, False),
            *("not_pushed", "quality gate refused: auc 0.800 < 0.900 (and 1 more)"),
        ),
        ("", (BAD_DATA,), False, False, "not_pushed", "data gate refused: age: gone (train)"),
        ("Trainer: oops\nTraceback", (GOOD,), False, False, "failed", "Trainer: oops"),
    ],
)
def test_every_verdict(error, verdicts, pushed, up_to_date, verdict, headline):
    outcome = decide(error, verdicts, pushed=pushed, up_to_date=up_to_date, version=7)
    assert outcome == (verdict, headline)


def test_an_error_outweighs_every_gate():
    outcome = decide("Pusher: disk full", (REFUSED,), pushed=True, up_to_date=True, version=7)
    assert outcome == ("failed", "Pusher: disk full")


def test_the_first_gate_that_refused_gives_the_reason():
    outcome = decide("", (BAD_DATA, REFUSED), pushed=False, up_to_date=False, version=None)
    assert outcome.headline == "data gate refused: age: gone (train)"


def test_what_a_gate_refused_is_not_called_pushed():
    outcome = decide("", (REFUSED,), pushed=True, up_to_date=False, version=7)
    assert outcome.verdict == "not_pushed"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (LOW, "auc 0.800 < 0.900"),
        (judge("quality", "loss", 0.31, "max", 0.3), "loss 0.310 > 0.300"),
        (DROP, "change of auc −0.100 < −0.010"),
        (judge("quality", "auc", 0.8, "min", 0.9, slice_name="h=7"), "auc of h=7 0.800 < 0.900"),
        (judge("quality", "auc", None, "min", 0.9), "auc could not be measured"),
        (
            judge("quality", "auc", None, "min", 0.9, slice_name="h=7"),
            "auc of h=7 could not be measured",
        ),
        (judge("quality", "auc", 0.8, "min", 0.9, detail="63 rows"), "63 rows"),
        (
            judge("data", "rows", 7, "min", 100, slice_name="split=eval"),
            "rows of split=eval 7 < 100",
        ),
    ],
)
def test_why(result, text):
    assert why(result) == text


def test_what_is_no_number_was_not_measured():
    assert "NaN" in why(judge("quality", "auc", math.nan, "min", 0.9))


@pytest.mark.parametrize(("value", "threshold"), [(0.849996, 0.85), (12345.0, 12346.0)])
def test_the_numbers_show_that_the_condition_fails(value, threshold):
    text = why(judge("quality", "auc", value, "min", threshold))
    shown, limit = text.removeprefix("auc ").replace(",", "").split(" < ")
    assert float(shown) < float(limit)
    assert "e" not in shown
