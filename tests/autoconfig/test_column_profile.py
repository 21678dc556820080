from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from tests.autoconfig.tables import profiled, texts


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([None, None], "empty"),
        ([1, -2, None, 4], "integer"),
        (["1.0", "2", ".5", "1e3"], "float"),
        (["01", "2"], "text"),
        (["yes", "no", None], "boolean"),
        (["TRUE", "false", "t"], "boolean"),
        (["2024-01-31", "2024-02-01 10:00:00"], "date"),
        (["a", "2024-02-01"], "text"),
        (["1", "two"], "mixed"),
        (["Köln", "東京"], "text"),
        ([2**63, 1], "float"),
        (["1", "yes"], "mixed"),
    ],
)
def test_kinds_of_text(cells, kind):
    assert texts(cells).kind == kind


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2], pa.int32(), "integer"),
        ([True, False], pa.bool_(), "integer"),
        ([1.0, None], pa.float32(), "float"),
        ([datetime(2024, 1, 1), None], pa.timestamp("us"), "date"),
        ([[1], [2]], pa.list_(pa.int64()), "unreadable"),
        (["a", "b"], pa.string(), "text"),
    ],
)
def test_kinds_of_native_columns(values, kind, expected):
    assert profiled(values, kind).kind == expected


def test_counts_and_ranges_go_over_blocks():
    column = texts([3, 1, None, 2, 2, None])
    assert (column.rows, column.present) == (6, 4)
    assert column.missing_share == pytest.approx(2 / 6)
    assert (column.lowest, column.highest) == (1.0, 3.0)
    assert column.distinct.counts == {"3": 1, "1": 1, "2": 2}
    assert column.moments.mean == 2.0


def test_rising_integers_are_told_across_blocks():
    assert texts(range(10)).rising
    assert not texts([1, 2, 3, 3, 4]).rising
    assert not texts([1, 2, 5, 4, 6, 7]).rising
    assert profiled([1, 2, 3, 4], pa.int64()).rising


def test_infinities_count_apart_and_stay_out_of_moments():
    column = texts([1.0, "inf", "-inf", 1e300, 3.0])
    assert column.infinite == 3
    assert (column.kind, column.moments.mean, column.highest) == ("float", 2.0, 3.0)


def test_whole_numbers_with_a_point_are_whole():
    assert texts(["1.0", "2.0", None]).whole
    assert not texts(["1.0", "2.5"]).whole
    assert profiled([1.0, None, 3.0], pa.float64()).whole


def test_a_type_that_differs_from_row_to_row_cannot_be_read():
    column = profiled([1, 2], pa.int64())
    column.add(pa.array(["a"]))
    assert column.kind == "unreadable"


def test_values_beyond_the_cap_are_not_kept():
    column = profiled(np.random.default_rng(0).normal(size=500), pa.float64(), most=10)
    assert len(column.distinct.counts) == 10
    assert column.moments.count == 500
