from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from autoconfig.native import native


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array(["a", "", None]), "text", ["a", None, None]),
        (pa.array(["a", "b"], pa.large_string()), "text", ["a", "b"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), "text", ["a", "b", "a"]),
        (pa.array([1, None], pa.int8()), "integer", [1, None]),
        (pa.array([2**63 - 1, None], pa.uint64()), "integer", [2**63 - 1, None]),
        (pa.array([None], pa.uint64()), "integer", [None]),
        (pa.array([True, False, None]), "integer", [1, 0, None]),
        (pa.array([1.5, float("nan"), None], pa.float32()), "float", [1.5, None, None]),
        (pa.array([Decimal("1.25")]), "float", [1.25]),
        (pa.array([datetime(1970, 1, 2, 0, 0, 1)], pa.timestamp("us")), "time", [86_401]),
        (pa.array([date(1970, 1, 3)]), "time", [2 * 86_400]),
        (pa.array([time(1, 0, 1), None], pa.time64("us")), "integer", [3601, None]),
        (pa.array([time(1, 0, 1)], pa.time32("s")), "integer", [3601]),
        (pa.array([timedelta(minutes=2)], pa.duration("ms")), "integer", [120]),
        (pa.array([datetime(1969, 12, 31, 23, 59, 59, 5)]), "time", [-1]),
        (pa.nulls(2), "text", [None, None]),
    ],
)
def test_types_of_arrow_become_what_an_example_can_hold(array, kind, values):
    found, plain = native(array)
    assert (found, plain.to_pylist()) == (kind, values)


@pytest.mark.parametrize(
    "array",
    [pa.array([[1, 2]]), pa.array([b"x"]), pa.array([{"a": 1}]), pa.array([2**63], pa.uint64())],
)
def test_others_cannot_be_read(array):
    assert native(array)[0] == "unreadable"
