import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from autoconfig.moments import Moments

NUMBERS = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=50)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_blocks_together_are_as_one_whole(blocks):
    whole, parts = Moments(), Moments()
    for block in blocks:
        parts.add(np.array(block), np.ones(len(block)))
    together = np.concatenate(blocks)
    whole.add(together, np.ones(len(together)))
    scale = max(float(np.abs(together).max()), 1e-300)
    assert parts.mean == pytest.approx(whole.mean, abs=1e-9 * scale)
    assert parts.deviation == pytest.approx(whole.deviation, rel=1e-6, abs=1e-9 * scale)


def test_skewness_and_kurtosis_are_scipys_across_blocks():
    values = np.random.default_rng(0).exponential(size=9000)
    moments = Moments()
    for block in np.split(values, 9):
        moments.add(block, np.ones(len(block)))
    assert moments.mean == pytest.approx(values.mean())
    assert moments.deviation == pytest.approx(values.std())
    assert moments.skewness == pytest.approx(stats.skew(values))
    assert moments.kurtosis == pytest.approx(stats.kurtosis(values, fisher=False))


def test_counts_stand_for_repeated_values():
    counted, spelled = Moments(), Moments()
    counted.add(np.array([1.0, 4.0]), np.array([3, 2]))
    spelled.add(np.array([1.0, 1.0, 1.0, 4.0, 4.0]), np.ones(5))
    assert counted.skewness == pytest.approx(spelled.skewness)


def test_a_constant_has_neither_skewness_nor_deviation():
    moments = Moments()
    moments.add(np.full(4, 7.0), np.ones(4))
    assert (moments.deviation, moments.skewness, moments.kurtosis) == (0.0, 0.0, 3.0)
