"""How outputs differ: against scipy on known data, and what of it is worth a word."""

import numpy as np
import pytest
import scipy.stats

from serving.compare.distributions import (
    OTHERS,
    Classes,
    classes,
    compared,
    different,
    not_finite,
    numbers,
)

RANDOM = np.random.default_rng(0)
A = RANDOM.normal(size=800)


@pytest.mark.parametrize("rows", [200, 5000])
def test_numbers_are_those_of_scipy(rows):
    random = np.random.default_rng(rows)
    a, b = random.normal(size=rows), random.normal(0.2, 1.3, rows)
    found = numbers("y", a, b)
    expected = scipy.stats.ks_2samp(a, b)
    assert found.distance == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue, rel=0.1)
    assert found.correlation == pytest.approx(scipy.stats.spearmanr(a, b).statistic)
    assert found.stable.mean == pytest.approx(a.mean())
    assert found.canary.quantiles == pytest.approx(np.quantile(b, (0.05, 0.25, 0.5, 0.75, 0.95)))
    assert found.mean_change == pytest.approx(np.abs(a - b).mean())
    assert found.max_change == pytest.approx(np.abs(a - b).max())
    low, high = np.quantile(a, (0.05, 0.95))
    assert found.shift == pytest.approx(scipy.stats.wasserstein_distance(a, b) / (high - low))
    assert (found.output, found.rows, found.lost) == ("y", rows, 0)


def test_a_distance_by_hand():
    found = numbers("y", np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3.5, 9]))
    assert (found.distance, found.mean_change, found.max_change) == (0.25, 1.375, 5.0)
    found = numbers("y", np.array([1.0, 2]), np.array([3.0, 4]))
    assert found.distance == 1.0
    assert found.shift == pytest.approx(2 / 0.9)  # quantiles of 5 and 95 %: 1.05 and 1.95
    assert numbers("y", np.zeros(3), np.ones(3)).shift == np.inf
    assert numbers("y", np.full(3, 5.0), np.full(3, 5.5)).shift == pytest.approx(0.5 / 0.05)
    assert numbers("y", np.ones(3), np.ones(3)).shift == 0


def test_numbers_that_are_not_finite_are_counted_and_left_out():
    a = np.array([1.0, np.nan, 3, 4, np.inf])
    b = np.array([1.0, np.nan, np.nan, np.inf, 5])
    found = numbers("y", a, b)
    assert (found.stable.not_finite, found.canary.not_finite, found.lost) == (2, 3, 2)
    assert (found.stable.mean, found.canary.mean, found.max_change) == (8 / 3, 3.0, 0.0)
    finding = not_finite(found, 5)
    assert finding.is_bad
    assert finding.text.startswith("y is NaN or infinite in 2 of 5 rows")
    assert not_finite(numbers("y", a, a), 5) is None
    empty = numbers("y", a[:1], np.array([np.nan]))
    assert np.isnan(empty.canary.mean)
    assert np.isnan(empty.mean_change)
    assert different(empty, decides=True) is None


def test_classes_are_those_of_scipy():
    a = np.array([b"x"] * 60 + [b"y"] * 40, object)
    b = np.array([b"x"] * 30 + [b"y"] * 50 + [b"z"] * 20, object)
    found = classes("class", a, b)
    assert found.counts == {"x": (60, 30), "y": (40, 50), "z": (0, 20)}
    table = [[60, 40, 0], [30, 50, 20]]
    assert found.p == pytest.approx(scipy.stats.chi2_contingency(table, correction=False).pvalue)
    assert found.distance == pytest.approx(0.3)
    assert found.changed == 0.5


def test_rare_classes_are_taken_together():
    a = np.array(["x"] * 50 + ["y"] * 44 + list("abcdef"), object)
    b = np.array(["x"] * 50 + ["y"] * 44 + list("ghijkl"), object)
    found = classes("class", a, b)
    table = [[50, 44, 6], [50, 44, 6]]
    assert found.p == pytest.approx(scipy.stats.chi2_contingency(table, correction=False).pvalue)
    assert found.p == 1.0
    # What is too little even so joins the next rarest, which is 1.
    a, b = np.array([1] * 50 + [2] * 48 + [3] * 2), np.array([1] * 40 + [2] * 60)
    expected = scipy.stats.chi2_contingency([[52, 48], [40, 60]], correction=False).pvalue
    assert classes("class", a, b).p == pytest.approx(expected)
    assert classes("class", a[:50], a[:50]).p == 1.0


def test_very_many_texts_are_counted_by_the_most_frequent():
    a = np.array([b"often"] * 30 + [b"%d" % k for k in range(70)], object)
    found = classes("text", a, a)
    assert len(found.counts) == 51
    assert found.counts["often"] == (30, 30)
    assert found.counts[OTHERS] == (21, 21)
    assert (found.distance, found.changed) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("canary", "is_found", "is_strong"),
    [
        (A, False, False),
        (A + RANDOM.normal(0, 0.1, 800), False, False),
        (A + 0.4, True, False),  # by distribution alone
        (A + 2, True, True),
        (-A, True, True),  # row by row alone
        (0.6 * A + 0.8 * RANDOM.normal(size=800), True, False),
        (RANDOM.permutation(A), True, True),
        (np.zeros(800), True, True),
    ],
    ids=["same", "noise", "a bit", "shift", "reversed", "half", "shuffled", "constant"],
)
def test_what_is_different(canary, is_found, is_strong):
    found = numbers("y", A, canary)
    finding = different(found, decides=True)
    assert (finding is not None) == is_found
    if finding is not None:
        assert (finding.kind, finding.is_bad) == ("different", is_strong)
        assert finding.text.startswith("y (mean ")
        assert not different(found, decides=False).is_bad


def test_answers_that_move_by_next_to_nothing():
    # Two good models: most rows are unlikely, and one of them says so more firmly.
    random = np.random.default_rng(5)
    rare = np.concatenate([random.uniform(0.001, 0.002, 700), random.uniform(0.4, 0.8, 100)])
    firm = np.concatenate([rare[:700] / 3, rare[700:] - 0.01])
    found = numbers("probability", rare, firm)
    assert found.distance > 0.8
    assert found.p < 1e-6
    assert found.shift < 0.01
    assert different(found, decides=True) is None
    # Half of the probability gone is another matter.
    assert different(numbers("probability", A + 10, A + 5), decides=True).is_bad


def test_few_rows_prove_nothing():
    assert different(numbers("y", A[:4], -A[:4]), decides=True) is None
    assert different(numbers("y", A[:8], A[:8] + 0.8), decides=True) is None
    assert different(numbers("y", A[:60], -A[:60]), decides=True).is_bad


def test_ranks_of_rounding_errors_are_no_difference():
    a = 0.5 + 1e-7 * A
    assert different(numbers("y", a, 0.5 + 1e-7 * RANDOM.permutation(A)), decides=True) is None


@pytest.mark.parametrize(
    ("changed", "swapped", "bad"), [(0, 0, None), (8, 8, None), (40, 40, False), (90, 90, True)]
)
def test_classes_that_change_without_a_change_of_their_counts(changed, swapped, bad):
    a = np.array([0] * 150 + [1] * 150)
    b = np.array([1] * changed + [0] * (150 - changed) + [0] * swapped + [1] * (150 - swapped))
    found = classes("class", a, b)
    assert found.distance == 0.0
    finding = different(found, decides=True)
    assert (finding and finding.is_bad) == bad


def test_classes_whose_counts_change():
    a, b = np.array([b"x"] * 500, object), np.array([b"x"] * 350 + [b"y"] * 150, object)
    finding = different(classes("class", a, b), decides=True)
    assert finding.is_bad
    assert finding.text.startswith("class (the class of 30.0% of the rows changes, total variation")


def test_outputs_by_name_and_place():
    stable = {
        "p": np.arange(40.0).reshape(10, 2, 2),
        "class": np.arange(10),
        "text": np.array([b"a"] * 10, object),
    }
    found, findings = compared(stable, {**stable, "more": np.zeros(10)})
    assert [one.output for one in found] == [
        "p[0][0]",
        "p[0][1]",
        "p[1][0]",
        "p[1][1]",
        "class",
        "text",
    ]
    assert [isinstance(one, Classes) for one in found] == [False] * 4 + [True] * 2
    assert found[3].stable.mean == pytest.approx(np.arange(3.0, 40, 4).mean())
    assert findings == []


def test_outputs_that_are_not_what_they_were():
    stable = {"a": np.zeros(5), "b": np.zeros((5, 2)), "c": np.zeros(5), "d": np.zeros(5)}
    canary = {"b": np.zeros((5, 3)), "c": np.array([b"x"] * 5, object), "d": np.ones(5, int)}
    found, findings = compared(stable, canary)
    assert [one.output for one in found] == ["d"]
    assert [finding.text for finding in findings] == [
        "a is missing",
        "b has the shape [rows, 3] instead of [rows, 2]",
        "c holds text instead of numbers",
    ]
    assert all(finding.kind == "outputs" and finding.is_bad for finding in findings)
