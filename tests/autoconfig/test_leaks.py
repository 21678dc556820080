from datetime import timedelta

import pyarrow as pa
import pytest

from autoconfig.leaks import MOST_PAIRS, Leak


def followed(column, label, blocks=2):
    leak, size = Leak(), len(column) // blocks
    for start in range(0, len(column), size):
        leak.add(pa.array(column[start : start + size]), pa.array(label[start : start + size]))
    return leak


def test_a_copy_of_the_label_is_the_same():
    assert followed(["a", "b", "a", "b"], ["a", "b", "a", "b"]).same
    assert not followed(["a", "b", "a", "a"], ["a", "b", "a", "b"]).same


@pytest.mark.parametrize(
    ("column", "expected"),
    [(["x", "y", "x", "y"], True), (["x", "y", "y", "x"], False), (["x", "x", "x", "x"], False)],
)
def test_a_column_tells_the_label_if_each_value_stands_beside_one_alone(column, expected):
    assert followed(column, [1, 0, 1, 0]).determines is expected


def test_types_that_arrow_cannot_encode_are_followed():
    leak = Leak()
    spans = [timedelta(minutes=k % 2) for k in range(4)]
    leak.add(pa.array(spans, pa.duration("us")), pa.array([0, 1, 0, 1]))
    assert leak.determines
    leak.add(pa.array(spans, pa.duration("us")), pa.array([1, 1, 0, 1]))
    assert leak.determines is False


def test_missing_values_are_a_value_like_others():
    assert followed([None, "y", None, "y"], [1, 0, 1, 0]).determines
    assert not followed([None, "y", "y", None], [1, 0, 1, 0]).determines


def test_of_too_many_values_nothing_is_said():
    many = [str(k) for k in range(4 * MOST_PAIRS)]
    assert followed(many, [0, 1] * (2 * MOST_PAIRS)).determines is None
