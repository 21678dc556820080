"""The area under the ROC curve, and DeLong's standard error of a difference, against references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from serving.compare.auc import areas
from serving.compare.quality import NORMAL_95, binary


def sample(rows, seed, pull=(1.0, 0.8), levels=None):
    """Labels and the scores of two models that share a part of what they know."""
    random = np.random.default_rng(seed)
    truth = random.random(rows) < 0.4
    common = random.normal(size=rows)
    scores = [p * truth + 0.7 * common + 0.7 * random.normal(size=rows) for p in pull]
    if levels is not None:
        scores = [np.round(s * levels) / levels for s in scores]
    return truth, *scores


def by_definition(truth, first, second):
    """Areas and standard error as DeLong, DeLong and Clarke-Pearson define them, pair by pair."""
    placed = []
    for scores in (first, second):
        apart = scores[truth][:, None] - scores[~truth][None, :]
        placed.append((apart > 0) + 0.5 * (apart == 0))
    of_positive = np.cov([p.mean(1) for p in placed])
    of_negative = np.cov([p.mean(0) for p in placed])
    covariance = of_positive / truth.sum() + of_negative / (~truth).sum()
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return placed[0].mean(), placed[1].mean(), max(variance, 0.0) ** 0.5


@pytest.mark.parametrize("levels", [None, 2, 1])
@pytest.mark.parametrize("rows", [12, 60, 500])
def test_areas_are_those_of_sklearn_and_errors_those_of_the_definition(rows, levels):
    truth, first, second = sample(rows, 3, levels=levels)
    found = areas(truth, first, second)
    assert found.first == pytest.approx(roc_auc_score(truth, first), abs=1e-12)
    assert found.second == pytest.approx(roc_auc_score(truth, second), abs=1e-12)
    assert found == pytest.approx(by_definition(truth, first, second), abs=1e-12)
    assert found.error > 0


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(-3, 3), st.integers(-3, 3)), min_size=4, max_size=40
    ).filter(lambda rows: 2 <= sum(truth for truth, _, _ in rows) <= len(rows) - 2)
)
@settings(max_examples=60)
def test_any_ties(rows):
    truth, first, second = (np.array(values) for values in zip(*rows, strict=True))
    assert areas(truth, first, second) == pytest.approx(
        by_definition(truth, first, second), abs=1e-7
    )


def test_a_case_by_hand():
    """3 positive and 2 negative rows: the first model has 5 of 6 pairs right, the second 2."""
    truth = np.array([True, True, True, False, False])
    first, second = np.array([5.0, 4, 2, 3, 1]), np.array([2.0, 5, 1, 3, 4])
    found = areas(truth, first, second)
    # Ahead of negative rows: first (1, 1, 1/2), second (0, 1, 0); the other way round: first
    # (2/3, 1), second (1/3, 1/3). Variances of the differences: 1/4 by 3 rows, 1/18 by 2.
    assert found[:2] == pytest.approx((5 / 6, 1 / 3))
    assert found.error == pytest.approx((1 / 12 + 1 / 36) ** 0.5)


def test_models_that_rank_alike_do_not_differ_at_all():
    truth, first, _ = sample(300, 5)
    found = areas(truth, first, np.exp(first))
    assert (found.first, found.error) == (found.second, 0.0)


def test_the_interval_is_that_of_a_bootstrap():
    truth, first, second = sample(400, 11)
    random = np.random.default_rng(0)
    differences = []
    for _ in range(1500):
        drawn = random.integers(0, len(truth), len(truth))
        placed = areas(truth[drawn], first[drawn], second[drawn])
        differences.append(placed.second - placed.first)
    found = binary(truth.astype(float), first, second)
    low, high = np.percentile(differences, (2.5, 97.5))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)
    assert found.high - found.low == pytest.approx(2 * NORMAL_95 * np.std(differences), rel=0.06)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    # The true areas, by very many rows.
    truth, first, second = sample(400_000, 1)
    true_gain = roc_auc_score(truth, second) - roc_auc_score(truth, first)
    assert true_gain < -0.03
    held = 0
    for seed in range(600):
        truth, first, second = sample(150, 1000 + seed)
        found = binary(truth.astype(float), first, second)
        held += found.low <= true_gain <= found.high
    assert 0.925 <= held / 600 <= 0.975
