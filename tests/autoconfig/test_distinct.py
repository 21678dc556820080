from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from autoconfig.distinct import Distinct


@given(st.lists(st.lists(st.integers(0, 30), min_size=1), min_size=1))
def test_below_the_cap_it_counts_as_a_counter_does(blocks):
    distinct, expected = Distinct(31), Counter()
    for block in blocks:
        counted = Counter(block)
        distinct.add(counted.keys(), counted.values())
        expected.update(block)
    assert distinct.counts == expected
    assert not distinct.full
    assert distinct.unique_share == len(expected) / expected.total()


def test_beyond_the_cap_known_values_are_counted_on_and_new_ones_are_not():
    distinct = Distinct(2)
    distinct.add("ab", [3, 1])
    distinct.add("ca", [1, 4])
    assert distinct.full
    assert distinct.counts == {"a": 7, "b": 1}


def test_beyond_the_cap_the_unique_share_is_that_of_the_rows_before_it():
    distinct = Distinct(100)
    for start in range(0, 1000, 10):
        distinct.add(range(start, start + 10), [1] * 10)
    assert distinct.unique_share == 1.0


def test_common_values_come_first_and_rows_of_rare_ones_are_told_apart():
    distinct = Distinct(10)
    distinct.add("abc", [1, 5, 2])
    assert distinct.common(2) == ["b", "c"]
    assert distinct.rows_of_common(2) == 7
