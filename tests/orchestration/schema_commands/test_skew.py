"""Skew in words: what is measured, what is shown of it, and when it is too much."""

import math

import pytest

from components.comparable import MISSING, Pair, as_statistics
from orchestration.local.schema_commands.curated import read_curated
from orchestration.local.schema_commands.request_diff import Compared, lines
from orchestration.local.schema_commands.skew import Skew, compare_requests, never_sent
from orchestration.local.schema_commands.skew_words import skew_text
from orchestration.local.text import UNICODE
from tests.orchestration.schema_commands import shop
from usecase.drift import Comparator

WORDS, NUMBERS = "infinity_norm", "jensen_shannon_divergence"


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    return read_curated(str(shop.make(tmp_path_factory.mktemp("shop"))))


def skew(column="city", distance=0.5, threshold=0.1, measure=WORDS, medians=None, **counts):
    now = {key: pair[0] for key, pair in counts.items()}
    before = {key: pair[1] for key, pair in counts.items()}
    return Skew(column, distance, Comparator(measure, threshold), Pair(now, before), medians)


def texts(*skews, never=()):
    compared = Compared(100, 800, skews, never)
    return [line.text for line in lines(compared, "log-*", UNICODE)]


def test_the_values_that_moved_most():
    found = skew(a=(10, 70), b=(50, 10), c=(30, 11), d=(10, 9))
    assert skew_text(found) == (
        'L-infinity distance 0.500 > 0.100; "a" in 10.0% of requests, 70.0% of the data; '
        '"b" in 50.0% of requests, 10.0% of the data; '
        '"c" in 30.0% of requests, 11.0% of the data'
    )


def test_numbers_that_moved_and_numbers_that_went():
    assert skew_text(skew(measure=NUMBERS, medians=(3.5, 12.25), **{"0": (9, 1), "1": (1, 9)})) == (
        "Jensen-Shannon divergence 0.500 > 0.100; median 3.500 in requests, 12.25 in the data"
    )
    went = skew(measure=NUMBERS, medians=(1, 1), **{"0": (1, 9), MISSING: (9, 1)})
    assert skew_text(went).endswith("; no value in 90.0% of requests, 10.0% of the data")


def test_columns_are_told_the_farthest_first_and_the_rest_in_one_line():
    known = skew("near", 0.04, 0.05, a=(1, 1))
    above = skew("far", 0.2, 0.1, a=(1, 0), b=(0, 1))
    farther = skew("farther", 0.9, 0.1, a=(1, 0), b=(0, 1))
    few = skew("few", 0.9, 1.0, a=(1, 1))
    told = texts(known, above, farther, few, never=("income",))
    assert told[0] == (
        "log-* (100 rows in requests) against the train split (800 rows): 3 of the columns differ"
    )
    assert [line.split(":")[0] for line in told[2:5]] == ["  income", "  farther", "  far"]
    assert told[6:] == [
        "  within their thresholds: 1 column; nearest is near, 0.040 of 0.050",
        "  too few rows to tell: few",
        "",
        "fix   let clients send what the data hold, or train on what they send",
    ]


def test_a_column_that_is_never_sent_is_told_once():
    gone = skew("income", 0.9, 0.1, **{MISSING: (9, 1), "0": (0, 8)})
    assert Compared(100, 800, (gone,), ("income",)).above == ()
    assert sum("income" in text for text in texts(gone, never=("income",))) == 1


def test_no_difference():
    assert texts(skew("near", 0.04, 0.05, a=(1, 1)))[0].endswith(": no difference")


def statistics(**columns):
    return as_statistics(columns, {"city", "note"})


def test_distances_are_those_of_the_definition(curated):
    training = statistics(city={"Köln": 600.0, "Paris": 400.0})
    requests = statistics(city={"Köln": 100.0, "Paris": 300.0, "Rom": 600.0})
    (found,) = compare_requests(requests, training, curated.schema, curated.declaration)
    assert found.column == "city"
    assert math.isclose(found.distance, 0.6, abs_tol=1e-6)
    assert found.is_above
    assert list(found.shares())[:2] == ["Rom", "Köln"]


def test_a_handful_of_requests_proves_nothing(curated):
    training = statistics(city={"Köln": 600.0, "Paris": 400.0})
    requests = statistics(city={"Paris": 2.0})
    (found,) = compare_requests(requests, training, curated.schema, curated.declaration)
    assert not found.is_above
    assert not found.is_known


def test_columns_that_no_request_has(curated):
    training = statistics(city={"Köln": 9.0}, note={"a": 9.0})  # no value of age and income
    assert never_sent(statistics(), training, curated.declaration) == ["city"]
    assert never_sent(statistics(city={"x": 1.0}), training, curated.declaration) == []
