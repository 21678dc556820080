"""When a canary is slow."""

import numpy as np
import pytest
import scipy.stats

from serving.compare.latency import latency, slow


def times(rows=200, seed=0, factor=1.0, base=0.010):
    random = np.random.default_rng(seed)
    by_request = base * random.lognormal(0, 0.3, rows)
    stable, canary = (by_request * random.lognormal(0, 0.2, rows) for _ in range(2))
    return stable, factor * canary


def test_numbers():
    stable, canary = times(factor=1.3)
    found = latency(stable, canary)
    assert found.stable.median == pytest.approx(1000 * np.median(stable))
    assert (found.canary.p90, found.canary.p99) == pytest.approx(
        tuple(1000 * np.quantile(canary, (0.9, 0.99)))
    )
    assert found.ratio == pytest.approx(np.median(canary) / np.median(stable))
    expected = scipy.stats.wilcoxon(canary, stable, alternative="greater").pvalue
    assert found.p == pytest.approx(expected)
    assert found.requests == 200


def test_slow_is_slow_by_ratio_by_test_and_by_milliseconds():
    assert slow(latency(*times(factor=2.0)), 1.5).text.startswith("median ")
    assert slow(latency(*times(factor=2.0)), 1.5).is_bad
    assert slow(latency(*times(factor=2.0)), 2.5) is None  # allowed
    assert slow(latency(*times(factor=1.0)), 1.0) is None  # by chance
    assert slow(latency(*times(factor=3.0, base=0.0002)), 1.5) is None  # 0.4 ms
    assert slow(latency(*times(factor=0.3)), 1.5) is None  # faster
    few = latency([0.01, 0.01, 0.01], [0.03, 0.03, 0.03])
    assert few.ratio == pytest.approx(3.0)
    assert slow(few, 1.5) is None  # three requests


def test_the_same_times():
    found = latency([0.1, 0.2], [0.1, 0.2])
    assert (found.p, found.ratio) == (1.0, 1.0)


def test_a_canary_that_is_as_quick_is_called_slower_as_seldom_as_the_test_says():
    ps = [latency(*times(60, 1000 + seed)).p for seed in range(700)]
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.02)
