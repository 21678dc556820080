"""The rows that files for phones are tried on."""

import numpy as np
import pytest
import tensorflow as tf

from components.tflite_trials import (
    COMBINATIONS,
    WORST,
    dense_rows,
    hurtful_rows,
    write_trials,
)
from usecase.missing import INT64_MIN
from usecase.schema import Column

COLUMNS = (
    Column(name="fare", dtype="float32"),
    Column(name="hour of day", dtype="int64", lowest=0, highest=23),
    Column(name="code", dtype="int64"),
    Column(name="color", dtype="string"),
)
USUAL = {
    "fare": np.array([2.5, 3.5], np.float32),
    "hour_of_day": np.array([7, 8]),
    "code": np.array([-3, 4]),
    "color": np.array([b"red", b"blue"], object),
}


@pytest.fixture(scope="module")
def rows():
    return hurtful_rows(COLUMNS, USUAL)


def test_the_first_row_has_no_value_at_all(rows):
    first = {name: values[0] for name, values in rows.items()}
    assert np.isnan(first.pop("fare"))
    assert first == {"hour_of_day": -1, "code": INT64_MIN, "color": b""}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_value_at_its_worst_stands_in_a_row_of_usual_values(rows, column):
    others = [c.input_name for c in COLUMNS if c is not column]
    for value in (column.missing, *WORST[column.dtype]):
        wanted = value.encode() if isinstance(value, str) else value
        with np.errstate(invalid="ignore"):
            values = rows[column.input_name]
            is_wanted = (
                values == values.dtype.type(wanted)
                if column.dtype != "string"
                else [v == wanted for v in values]
            )
        is_wanted = np.isnan(values) if wanted != wanted else np.array(is_wanted)
        usual = np.logical_and.reduce([rows[name] == USUAL[name][0] for name in others])
        assert (is_wanted & usual).any(), value


def test_dtypes_and_lengths_are_those_of_a_phone(rows):
    values = sum(1 + len(WORST[c.dtype]) for c in COLUMNS)
    assert {len(v) for v in rows.values()} == {1 + values + COMBINATIONS}
    dtypes = [str(v.dtype) for v in rows.values()]
    assert dtypes == ["float32", "int64", "int64", "object"]
    assert {type(v) for v in rows["color"]} == {bytes}


def test_they_are_the_same_every_time(rows):
    for name, values in hurtful_rows(COLUMNS, USUAL).items():
        np.testing.assert_array_equal(values, rows[name])


def test_missing_values_become_sentinels(phone):
    example = tf.train.Example()
    example.features.feature["code"].int64_list.value.append(5)
    rows = dense_rows(phone.declaration, tf.constant([example.SerializeToString()]))
    assert np.isnan(rows.pop("fare")).tolist() == [True]
    assert {name: values.tolist() for name, values in rows.items()} == {
        "hour_of_day": [-1],
        "code": [5],
        "color": [b""],
    }


def test_rows_are_those_of_the_split_with_the_served_models_answers(phone, tmp_path):
    model = str(phone.trained_model / "Format-Serving")
    expected = write_trials(phone.declaration, model, str(phone.examples), "test", tmp_path)
    assert expected.labels.tolist() == [float(v) for v in phone.rows["label"]]
    with np.load(tmp_path / "test-000000.npz", allow_pickle=True) as file:
        rows = dict(file)
    codes = [INT64_MIN if v is None else v for v in phone.rows["code"]]
    assert rows["code"].tolist() == codes
    assert rows["color"].tolist() == [(v or "").encode() for v in phone.rows["color"]]
    served = tf.saved_model.load(model).signatures["serving_raw"]
    answers = served(**{name: tf.constant(v) for name, v in rows.items()})["probability"]
    np.testing.assert_allclose(expected.answers["test"], answers, atol=1e-6)


def test_a_split_without_rows_is_an_error(phone, tmp_path):
    model = str(phone.trained_model / "Format-Serving")
    with pytest.raises(ValueError, match="eval has no row"):
        write_trials(phone.declaration, model, str(phone.examples), "eval", tmp_path)
