"""The rows that files for phones are tried on."""

import numpy as np
import pytest
import tensorflow as tf

from components.dense_rows import dense_rows
from components.tflite_trials import (
    COMBINATIONS,
    EXTREME,
    HURTFUL,
    WORST,
    made_rows,
    write_trials,
)
from tests.components.phone_world import make_declaration
from usecase.missing import INT64_MIN

USUAL = {
    "fare": np.array([2.5, 3.5], np.float32),
    "hour_of_day": np.array([7, 8]),
    "code": np.array([-3, 4]),
    "color": np.array([b"red", b"blue"], object),
}
COLUMNS = make_declaration().inputs  # of which "fare" alone reaches the network as a number
IDS = {"hour_of_day", "code", "color"}


@pytest.fixture(scope="module")
def rows():
    return made_rows(make_declaration(), USUAL)


def same(values, wanted):
    if isinstance(wanted, str):
        return np.array([value == wanted.encode() for value in values])
    if wanted != wanted:
        return np.isnan(values)
    return (values == values.dtype.type(wanted)) & (np.signbit(values) == np.signbit(wanted))


def is_alone(rows, column):
    """Whether the values of all other columns are those of the first usual row."""
    others = [name for name in rows if name != column]
    return np.logical_and.reduce([rows[name] == USUAL[name][0] for name in others])


def test_the_first_row_has_no_value_at_all(rows):
    first = {name: values[0] for name, values in rows[HURTFUL].items()}
    assert np.isnan(first.pop("fare"))
    assert first == {"hour_of_day": -1, "code": INT64_MIN, "color": b""}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_value_at_its_worst_stands_in_a_usual_row(rows, column):
    name = column.input_name
    places = {HURTFUL: [column.missing]}
    places[HURTFUL if name in IDS else EXTREME] = [
        *WORST[column.dtype],
        *([column.missing] if name in IDS else []),
    ]
    for of, values in places.items():
        for value in values:
            found = same(rows[of][name], value) & is_alone(rows[of], name)
            assert found.any(), value


def test_only_numbers_are_extreme(rows):
    extreme = {str(value) for value in rows[EXTREME]["fare"].tolist()}
    assert {"1e+09", "-1e+09"} <= {f"{float(v):.4g}" for v in extreme}
    for name in IDS:
        assert set(rows[EXTREME][name].tolist()) <= set(USUAL[name].tolist())
    fares = rows[HURTFUL]["fare"]
    assert set(fares[~np.isnan(fares)].tolist()) == {2.5, 3.5}


def test_what_is_bad_is_combined(rows):
    missing = np.stack([np.isnan(rows[HURTFUL]["fare"]), rows[HURTFUL]["code"] == INT64_MIN])
    assert 0 < missing.all(axis=0).sum() < COMBINATIONS / 4


def test_dtypes_and_lengths_are_those_of_a_phone(rows):
    ids = sum(1 + len(WORST[c.dtype]) for c in COLUMNS if c.input_name in IDS)
    lengths = {HURTFUL: 1 + 1 + ids + COMBINATIONS, EXTREME: len(WORST["float32"]) + COMBINATIONS}
    for name, length in lengths.items():
        assert {len(values) for values in rows[name].values()} == {length}
        dtypes = [str(values.dtype) for values in rows[name].values()]
        assert dtypes == ["float32", "int64", "int64", "object"]
        assert {type(value) for value in rows[name]["color"]} == {bytes}


def test_they_are_the_same_every_time(rows):
    for of, again in made_rows(make_declaration(), USUAL).items():
        for name, values in again.items():
            np.testing.assert_array_equal(values, rows[of][name])


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
