"""Drift, measured by the DistributionValidator: known shifts, chance, and what has no baseline."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tfx

from components.baseline import is_empty
from tests.components.drift_world import COLUMNS, NUMBER, TEXT, rows, validate, validate_spans

TAXI = "examples/chicago_taxi_pipeline/data/simple/data.csv"
TIME = "trip_start_timestamp"
# Long tails, many zeros, missing values, few and many values.
OF_TAXI = {
    **dict.fromkeys(("payment_type", "company"), TEXT),
    **dict.fromkeys(("fare", "tips", "trip_miles", "trip_start_hour"), NUMBER),
    "dropoff_census_tract": NUMBER,
}


@pytest.fixture(scope="module")
def taxi():
    return pd.read_csv(Path(tfx.__file__).parent / TAXI, usecols=[TIME, *OF_TAXI])


@pytest.fixture(scope="module")
def halves(taxi):
    mixed = taxi.sample(frac=1.0, random_state=1)
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def test_a_known_shift_of_text_has_its_distance(tmp_path):
    before = pd.DataFrame({"city": ["Rome"] * 600 + ["Oslo"] * 400})
    now = pd.DataFrame({"city": ["Rome"] * 300 + ["Oslo"] * 650 + ["Łódź"] * 50})
    found = validate(now, before, tmp_path, comparators={"city": TEXT})
    assert found.values == {"city": pytest.approx(0.3)}
    assert found.drifted["city"].detail == (
        'drift of city: L-infinity distance 0.3 > 0.1; "Rome" in 30.0% of rows, 60.0% in version 7'
    )
    assert found.published == {"anomalies", "verdict"}
    assert found.anomalies.get_json_value_custom_property("blessed") == {"train_train": 0}


def test_a_known_shift_of_numbers_has_its_divergence(tmp_path):
    before = pd.DataFrame({"stars": [0] * 400 + [1] * 600})
    now = pd.DataFrame({"stars": [0] * 900 + [1] * 100})
    found = validate(now, before, tmp_path, comparators={"stars": NUMBER})
    middle = (0.65, 0.35)
    parts = [
        p * math.log2(p / m)
        for side in ((0.9, 0.1), (0.4, 0.6))
        for p, m in zip(side, middle, strict=True)
    ]
    # The quantiles are a thirtieth apart.
    assert found.values["stars"] == pytest.approx(sum(parts) / 2, abs=0.02)
    assert found.drifted["stars"].detail.endswith("median 0, 1 in version 7")


def test_values_that_go_missing_are_drift(tmp_path):
    before, now = rows(2000, 1), rows(2000, 2)
    now.loc[now.index % 3 == 0, ["city", "price"]] = None
    found = validate(now, before, tmp_path)
    assert set(found.drifted) == {"city", "price"}
    for name in ("city", "price"):
        assert "; no value in 33.4% of rows, 0.0% in version 7" in found.drifted[name].detail


def test_one_outlier_is_no_drift(tmp_path):
    before, now = rows(2000, 1), rows(2000, 2)
    now.loc[0, "price"] = 1e9
    assert validate(now, before, tmp_path).drifted == {}


@pytest.mark.parametrize("count", [200, 2000, 15_000])
def test_chance_is_no_drift(halves, tmp_path, count):
    now, before = (half[: count // 2] for half in halves)
    found = validate(now, before, tmp_path, comparators=OF_TAXI)
    assert found.drifted == {}
    assert set(found.values) == set(OF_TAXI)


def test_three_years_are_drift(taxi, tmp_path):
    year = pd.to_datetime(taxi[TIME], unit="s").dt.year
    found = validate(
        taxi[year == 2016], taxi[year == 2013], tmp_path, comparators=OF_TAXI, refuses=True
    )
    assert {"payment_type", "trip_miles"} <= set(found.drifted)
    assert not found.verdict.passed
    assert found.artifact.get_int_custom_property("passed") == 0


def test_higher_prices_are_drift_of_the_prices_alone(taxi, halves, tmp_path):
    before, now = halves
    found = validate(now.assign(fare=now.fare * 1.3), before, tmp_path, comparators=OF_TAXI)
    assert set(found.drifted) == {"fare"}
    # It warns, unless it is asked to refuse.
    assert found.verdict.passed
    assert found.artifact.get_int_custom_property("passed") == 1


def test_a_value_that_is_gone_is_drift(taxi, halves, tmp_path):
    before, now = halves
    found = validate(now[now.payment_type != "Cash"], before, tmp_path, comparators=OF_TAXI)
    assert "payment_type" in found.drifted
    assert '"Cash" in 0.0% of rows' in found.drifted["payment_type"].detail


def test_the_threshold_is_that_of_the_schema(tmp_path):
    before, now = rows(2000, 1), rows(2000, 2, cities=(0.4, 0.5, 0.1))
    assert "city" in validate(now, before, tmp_path / "a").drifted
    wide = {**COLUMNS, "city": TEXT._replace(threshold=0.5)}
    found = validate(now, before, tmp_path / "b", comparators=wide)
    assert found.drifted == {}
    assert found.limits["city"] == 0.5


def test_before_the_first_push_nothing_is_compared(tmp_path):
    now = rows(200, 1)
    found = validate(now, now, tmp_path, version=0, empty=True, refuses=True)
    assert (found.verdict.passed, found.verdict.results) == (True, ())
    assert found.artifact.get_string_custom_property("baseline") == "nothing pushed yet"
    assert found.artifact.get_int_custom_property("passed") == 1
    assert not is_empty(found.artifact)


def test_a_push_without_statistics_is_no_baseline(tmp_path):
    now = rows(200, 1)
    found = validate(now, now, tmp_path, version=7, empty=True, refuses=True)
    assert found.verdict.results == ()
    told = found.artifact.get_string_custom_property("baseline")
    assert told == "version 7 holds no statistics"


def test_columns_that_cannot_be_compared_are_told(tmp_path):
    before, now = rows(2000, 1), rows(2000, 2)
    before = before.drop(columns="city")
    now["stars"] = now.stars.map(str)  # text by now
    found = validate(now, before, tmp_path)
    assert set(found.values) == {"price"}
    assert found.artifact.get_string_custom_property("not_compared") == "city, stars"


def test_nothing_that_can_be_compared(tmp_path):
    before, now = rows(200, 1)[["price"]], rows(200, 2)[["city"]]
    found = validate(now, before, tmp_path, refuses=True)
    assert (found.verdict.passed, found.verdict.results) == (True, ())
    assert found.artifact.get_string_custom_property("not_compared") == "city, price, stars"


def test_a_column_that_is_empty_by_now(tmp_path):
    before, now = rows(2000, 1), rows(2000, 2)
    now["price"] = np.nan
    found = validate(now, before, tmp_path)
    assert found.values["price"] == pytest.approx(1.0)


def spans(latest, previous, **others):
    """The splits of a data set whose train split says the opposite of its spans."""
    return {"train": previous, "latest": latest, "previous": previous, **others}


def test_a_shift_between_spans_has_its_distance(tmp_path):
    before = pd.DataFrame({"city": ["Rome"] * 600 + ["Oslo"] * 400})
    now = pd.DataFrame({"city": ["Rome"] * 300 + ["Oslo"] * 700})
    found = validate_spans(spans(now, before), tmp_path, comparators={"city": TEXT}, refuses=True)
    assert found.values == {"city": pytest.approx(0.3)}
    (result,) = found.verdict.results
    assert (result.name, result.metric, result.slice) == ("data", "span drift", "column=city")
    assert result.detail == (
        "drift of city: L-infinity distance 0.3 > 0.1; "
        '"Rome" in 30.0% of rows, 60.0% in the span before'
    )
    assert result.refuses
    assert found.artifact.get_int_custom_property("passed") == 0
    assert found.artifact.get_string_custom_property("baseline") == "the span before"
    assert found.anomalies.get_json_value_custom_property("blessed") == {"latest_previous": 0}
    assert found.anomalies.split_names == '["latest_previous"]'


def test_spans_of_one_distribution_are_no_drift(tmp_path):
    tables = spans(rows(2000, 1), rows(2000, 2), train=rows(2000, 3, cities=(0.1, 0.1, 0.8)))
    found = validate_spans(tables, tmp_path, refuses=True)
    assert found.drifted == {}
    assert set(found.values) == set(COLUMNS)
    assert max(found.values.values()) > 0
    assert found.artifact.get_int_custom_property("passed") == 1


def test_the_newest_span_is_what_is_now(tmp_path):
    few, many = (pd.DataFrame({"stars": [0] * n + [5] * (1000 - n)}) for n in (900, 100))
    found = validate_spans(spans(few, many), tmp_path, comparators={"stars": NUMBER})
    assert found.drifted["stars"].detail.endswith("median 0, 5 in the span before")
    assert found.verdict.passed


def test_the_first_span_has_nothing_before_it(tmp_path):
    table = rows(200, 1)
    found = validate_spans({"train": table, "latest": table}, tmp_path, refuses=True)
    assert (found.verdict.passed, found.verdict.results) == (True, ())
    assert found.artifact.get_string_custom_property("baseline") == "no span before"
    assert found.artifact.get_int_custom_property("passed") == 1
