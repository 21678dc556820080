"""The distance of a column to what it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from components.comparable import Pair
from orchestration.local.backtest.drifts import distance

COUNTS = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)


def pair(now, before):
    keys = [str(index) for index in range(len(now))]
    return Pair(*(dict(zip(keys, map(float, side), strict=True)) for side in (now, before)))


@given(COUNTS, COUNTS)
def test_the_divergence_is_that_of_scipy(now, before):
    expected = jensenshannon(now, before, base=2) ** 2
    found = distance(pair(now, before), "jensen_shannon_divergence")
    assert found == pytest.approx(float(np.nan_to_num(expected)), abs=1e-9)


def test_the_norm_is_the_largest_change_of_a_share():
    assert distance(pair([5, 5, 0], [1, 8, 1]), "infinity_norm") == pytest.approx(0.4)
    only_before = Pair({"a": 1.0}, {"b": 1.0})
    assert distance(only_before, "infinity_norm") == 1.0
    assert distance(only_before, "jensen_shannon_divergence") == pytest.approx(1.0)
