from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from autoconfig.features import decide_features
from autoconfig.profile import profile
from usecase.errors import DataError

ROWS = 600
RANDOM = np.random.default_rng(3)
LABEL = ["a", "b", "b"] * (ROWS // 3)


def table(**columns):
    cells = {name: [None if v is None else str(v) for v in c] for name, c in columns.items()}
    cells["label"] = LABEL
    arrays = [pa.array(c, pa.string()) for c in cells.values()]
    return profile([pa.RecordBatch.from_arrays(arrays, list(cells))], "label")


def decided(values, name="x", source="csv"):
    columns = {"other": RANDOM.normal(size=ROWS), name: values}
    found = decide_features(table(**columns), "label", source)
    return next(decision for decision in found if decision.name == name)


def native(values, kind, source="parquet"):
    arrays = {"x": pa.array(values, kind), "other": pa.array(RANDOM.normal(size=len(values)))}
    arrays["label"] = pa.array(LABEL[: len(values)])
    batch = pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))
    return decide_features(profile([batch], "label"), "label", source)[0]


def few(*values):
    return list(RANDOM.choice(values, ROWS))


def times(**step):
    return [datetime(2020, 1, 1, 6) + k * timedelta(**step) for k in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "role", "dtype"),
    [
        (RANDOM.normal(size=ROWS), {"role": "numeric"}, "float32"),
        (RANDOM.integers(0, 900, ROWS), {"role": "numeric"}, "int64"),
        (np.exp(3 * RANDOM.normal(size=ROWS)), {"role": "numeric", "scaling": "log"}, "float32"),
        (-np.exp(3 * RANDOM.normal(size=ROWS)), {"role": "numeric"}, "float32"),
        (few(0, 1), {"role": "boolean"}, "int64"),
        (few("yes", "no"), {"role": "boolean"}, "string"),
        (few(1, 2), {"role": "categorical_integer"}, "int64"),
        (few(1, 2, 3, 4, 5), {"role": "categorical_integer"}, "int64"),
        (few("1.0", "2.0", None), {"role": "categorical_integer"}, "int64"),
        (few("red", "green", None), {"role": "categorical_string"}, "string"),
        (few("01234", "99999", "04711"), {"role": "categorical_string"}, "string"),
        (few("1", "2", "unknown"), {"role": "categorical_string"}, "string"),
    ],
)
def test_roles(values, role, dtype):
    decision = decided(values)
    assert (decision.role, decision.dtype) == (role, dtype)


@pytest.mark.parametrize(
    ("moments", "date_format", "parts"),
    [
        (times(days=1), "%Y-%m-%d", ["day_of_week", "month", "year"]),
        (times(minutes=7), "%Y-%m-%dT%H:%M:%S", ["hour", "day_of_week", "day_of_month"]),
        (times(hours=5), "%d.%m.%Y %H:%M", ["hour", "day_of_week", "month"]),
    ],
)
def test_dates_have_the_parts_that_vary(moments, date_format, parts):
    decision = decided([moment.strftime(date_format) for moment in moments])
    expected = "iso8601" if date_format.startswith("%Y") else date_format
    assert decision.role == {"role": "datetime", "parts": parts, "format": expected}
    assert decision.dtype == "int64"


def test_two_formats_that_fit_alike_are_both_named():
    days = RANDOM.integers(1, 13, ROWS)
    decision = decided([f"{day:02d}/0{1 + day % 5}/2021" for day in days])
    assert decision.role["format"] == "%m/%d/%Y"
    assert "%d/%m/%Y" in decision.why


def test_seconds_are_told_by_name_and_range():
    values = RANDOM.integers(1_500_000_000, 1_600_000_000, ROWS)
    assert decided(values, "created_at").role == {"role": "datetime"}
    assert decided(values, "population").role == {"role": "numeric"}


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        ([7] * ROWS, "x", "the same in every row: 7"),
        ([None] * ROWS, "x", "no row has a value"),
        ([1.5] + [None] * (ROWS - 1), "x", "only 1 of 600 rows have a value"),
        (range(ROWS), "x", "an id"),
        (RANDOM.permutation(ROWS), "x", "an id"),
        (RANDOM.choice(10**9, ROWS, replace=False), "user_id", "an id"),
        ([f"u{k}" for k in range(ROWS)], "x", "an id or free text"),
        ([f"{k} " + "lorem ipsum " * 5 for k in range(ROWS)], "x", "free text"),
        ([f"v{k // 2 if k < 200 else k}" for k in range(ROWS)], "x", "too many values"),
        ([1.0, "inf"] * (ROWS // 2), "x", "infinity"),
        ([str(10**25 + k) for k in range(ROWS)], "x", "more than 64 bits"),
        (LABEL, "x", "it is the label"),
        (["2024-01-31"] * (ROWS - 1) + ["2024-01-31T00:10:00"], "x", "the same in every row"),
    ],
)
def test_what_is_left_out(values, name, why):
    decision = decided(list(values), name)
    assert decision.role is None
    assert why in decision.why


def test_numbers_that_do_not_count_up_are_no_ids():
    assert decided(RANDOM.choice(10**9, ROWS, replace=False), "salary").role == {"role": "numeric"}


@pytest.mark.parametrize("step", [1, 3600])
def test_seconds_in_their_order_are_no_ids(step):
    values = [1_700_000_000 + step * k for k in range(ROWS)]
    assert decided(values, "timestamp").role == {"role": "datetime"}


def test_rows_sorted_by_integers_are_not_counted_by_them():
    incomes = sorted(RANDOM.choice(10**6, ROWS, replace=False))
    assert decided(incomes, "income").role == {"role": "numeric"}
    some_gone = [k for k in range(ROWS * 3 // 2) if k % 3]
    assert decided(some_gone).role is None


def test_words_among_numbers_are_named():
    values = [round(v, 4) if v > 0.1 else "unknown" for v in RANDOM.random(ROWS)]
    decision = decided(values)
    assert decision.role is None
    assert "such as unknown" in decision.why
    assert "data.missing" in decision.why


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ([f"{k:05d}" for k in range(ROWS)], ""),
        ([f"{k:03d} Elm St" for k in range(ROWS)], ""),
        ([f"${k}.50" for k in range(ROWS)], "numbers such as $0.50: write 0.50,"),
        ([f"{k}%" for k in range(ROWS)], "numbers such as 0%: write 0,"),
        ([f"{k // 60:02d}:{k % 60:02d}" for k in range(ROWS)], "times of day such as 00:00"),
        ([f"{k % 12 + 1}:{k % 59:02d}:07 PM" for k in range(ROWS)], "times of day such as 10:"),
    ],
)
def test_a_column_that_is_left_out_says_how_to_mend_it(values, hint):
    decision = decided(values)
    assert decision.role is None
    assert "data.missing" not in decision.why
    assert hint in decision.why
    assert ("(" in decision.why) == bool(hint)


def test_milliseconds_are_numbers_and_pointed_out():
    values = RANDOM.integers(1_500_000_000_000, 1_600_000_000_000, ROWS)
    decision = decided(values, "created_at")
    assert decision.role == {"role": "numeric"}
    assert "milliseconds since 1970" in decision.why
    assert "milliseconds" not in decided(values, "population").why


def test_a_rare_word_among_numbers_is_found():
    lonely = [k + 0.5 for k in range(ROWS - 1)]
    assert "(1 rows are no number, such as lost: name" in decided([*lonely, "lost"]).why
    assert "(1 rows are no number: name" in decided([*lonely, "1_000"]).why


def test_rare_categories_share_an_id():
    values = few("red", "green")
    values[:3] = ["blue", "pink", "gold"]
    assert decided(values).role == {"role": "categorical_string", "min_count": 2}


def test_many_common_categories_all_get_an_id():
    values = [f"v{k % 1500}" for k in range(9000)]
    batch = pa.RecordBatch.from_arrays([pa.array(values), pa.array(["a", "b"] * 4500)], ["x", "y"])
    (decision,) = decide_features(profile([batch], "y"), "y", "csv")
    assert decision.role == {"role": "categorical_string", "max_vocabulary": 1500}


def test_names_that_would_be_one_in_the_model_are_left_out():
    columns = {"a b": RANDOM.normal(size=ROWS), "a_b": RANDOM.normal(size=ROWS)}
    first, second = decide_features(table(**columns), "label", "csv")
    assert first.role
    assert second.role is None
    assert '"a b"' in second.why
    (twin,) = [
        d
        for d in decide_features(table(**columns, **{"label ": few(1, 2)}), "label ", "csv")
        if d.name == "label"
    ]
    assert twin.role is not None


def test_native_columns():
    moments = times(hours=3)
    assert native(moments, pa.timestamp("us")).role["role"] == "datetime"
    assert "format" not in native(moments, pa.timestamp("us")).role
    assert "an id" in native(range(600), pa.uint64()).why
    assert native([2**63 + k for k in range(600)], pa.uint64()).role is None
    clock = [(moment - moments[0]) for moment in moments]
    assert native(clock, pa.duration("us")).role == {"role": "numeric"}
    assert native([m.time() for m in times(minutes=7)], pa.time64("us")).dtype == "int64"
    assert native([True, False] * 300, pa.bool_()).role == {"role": "boolean"}
    assert native([1.0, 2.0] * 300, pa.float32()).dtype == "int64"
    assert native([1.0, 2.0] * 300, pa.float32(), "tfrecord").dtype == "float32"
    assert native([[1]] * 600, pa.list_(pa.int64())).role is None


def test_a_domain_is_only_for_values_that_are_all_there_unless_cells_were_read():
    gaps = few("red", "green", None)
    assert decided(gaps).values == ("green", "red")
    assert native(gaps, pa.string()).values == ()
    assert native(few("red", "green"), pa.string()).values == ("green", "red")


def test_dates_in_text_are_not_parsed_in_examples():
    dates = [moment.strftime("%Y-%m-%d") for moment in times(days=1)]
    assert native(dates, pa.string(), "parquet").role["format"] == "iso8601"
    assert native(dates, pa.string(), "tfrecord").role is None


def test_nothing_to_predict_from_is_refused():
    with pytest.raises(DataError, match="nothing to predict"):
        decide_features(table(x=[1] * ROWS), "label", "csv")


def test_a_line_says_what_and_why():
    line = decided(few("red", None), "große\nFarbe").line
    assert line.startswith("große Farbe: categorical_string, 1 values of text, missing in")
