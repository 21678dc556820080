"""The ids of categories after Transform, held against Python: 0 is missing, 1 is unknown."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models.categories import boolean_id, direct_id
from tests.models.declarations import (
    ABSENT,
    INT64_MAX,
    INT64_MIN,
    NAN,
    is_missing,
    present,
    sparse,
)
from usecase.schema import Column

TRUE = {"true", "True", "T", "1"}
FALSE = {"No", "n", "0", "FALSE"}


@pytest.mark.parametrize(("name", "buckets"), [("distance", 4), ("seconds", 3)])
def test_buckets_are_cut_at_quantiles(transformed, column, name, buckets):
    values, ids = np.array(transformed.train[name], float), transformed.train_xf.features
    ids = ids[f"{name}_xf"]
    # A boundary is the least value of its bucket, and the train values are one apart.
    boundaries = np.array([np.nanmin(values[ids == k]) for k in range(2, buckets + 1)])
    learned = present(name, transformed.train[name])
    quantiles = np.quantile(learned, np.arange(1, buckets) / buckets)
    np.testing.assert_allclose(boundaries, quantiles, atol=1)
    raw, encoded = column(name)
    assert encoded.tolist() == [
        0 if is_missing(name, v) else 1 + int(np.sum(boundaries <= v)) for v in raw
    ]


def test_a_number_never_seen_in_training_has_a_bucket(column):
    raw, encoded = column("unseen_bucket")
    assert [i == 0 for i in encoded] == [is_missing("unseen_bucket", v) for v in raw]
    known = sorted((v, i) for v, i in zip(raw, encoded, strict=True) if i)
    ids = [i for _, i in known]
    assert ids == sorted(ids)
    assert set(ids) <= {1, 2, 3}


@pytest.mark.parametrize(
    ("name", "vocabulary"),
    [
        ("color", ["red", "green", "blue"]),  # teal is the fourth of three
        ("town", ["Aa", "B b", "Ç"]),  # rare occurs once
        ("code", [300, -7, 17001]),
        ("grade", [7, 0]),  # 3 is frequent enough, but the third of two
    ],
)
def test_vocabularies_are_ordered_by_frequency(transformed, column, name, vocabulary):
    words = [str(v).encode() for v in vocabulary]
    assert transformed.output.vocabulary_by_name(name) == words
    raw, encoded = column(name)
    expected = {v: k for k, v in enumerate(vocabulary, 2)}
    assert encoded.tolist() == [0 if is_missing(name, v) else expected.get(v, 1) for v in raw]


def test_every_word_is_unknown_where_none_was_learned(column):
    raw, encoded = column("unseen_word")
    assert encoded.tolist() == [0 if is_missing("unseen_word", v) else 1 for v in raw]


@pytest.mark.parametrize(("name", "lowest", "highest"), [("hour", 0, 5), ("delta", -2, 2)])
def test_small_domains_need_no_vocabulary(column, name, lowest, highest):
    raw, encoded = column(name)
    inside = [v if is_missing(name, v) or lowest <= v <= highest else "outside" for v in raw]
    assert encoded.tolist() == [
        0 if is_missing(name, v) else 1 if v == "outside" else v - lowest + 2 for v in inside
    ]


@given(
    st.integers(-50, 50) | st.sampled_from([INT64_MIN + 5, INT64_MAX - 5]),
    st.integers(0, 5),
    st.lists(
        st.integers(-60, 60)
        | st.integers(INT64_MIN, INT64_MAX)
        | st.sampled_from([-1, INT64_MIN, INT64_MAX, ABSENT]),
        max_size=8,
    ),
)
def test_any_integer_of_any_small_domain(lowest, width, values):
    domain = Column(name="x", dtype="int64", lowest=lowest, highest=lowest + width)
    answer = direct_id(domain, lowest, lowest + width, sparse(values, "int64"))
    sentinel = -1 if lowest >= 0 else INT64_MIN
    expected = [
        0
        if v is ABSENT or v == sentinel
        else v - lowest + 2
        if lowest <= v <= lowest + width
        else 1
        for v in values
    ]
    assert (answer.dtype, answer.numpy().tolist()) == (tf.int64, expected)


def test_booleans_of_words(column):
    raw, encoded = column("member")
    assert encoded.tolist() == [2 if v in TRUE else 1 if v in FALSE else 0 for v in raw]
    assert set(encoded) == {0, 1, 2}


def test_booleans_in_the_words_of_the_schema(column):
    raw, encoded = column("open")
    assert encoded.tolist() == [{"closed": 1, "ouvert": 2}.get(v, 0) for v in raw]
    assert set(encoded) == {0, 1, 2}
    assert "true" in raw  # which is none of its words


@pytest.mark.parametrize("name", ["paid", "active"])
def test_booleans_of_numbers(column, name):
    raw, encoded = column(name)
    assert encoded.tolist() == [0 if is_missing(name, v) else 1 + (v != 0) for v in raw]
    assert set(encoded) == {0, 1, 2}


WORDS = {
    **dict.fromkeys(["true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", "1"], 2),
    **dict.fromkeys(["false", "False", "FALSE", "f", "F", "no", "No", "NO", "n", "N", "0"], 1),
}


@given(st.lists(st.sampled_from([*WORDS, "tRUE", " yes", "2", "", ABSENT]) | st.text(max_size=4)))
def test_every_word_for_true_and_false(values):
    values = [v if v is ABSENT else v.replace("\0", "") for v in values]
    answer = boolean_id(Column(name="x", dtype="string"), sparse(values, "string"))
    assert (answer.dtype, answer.numpy().tolist()) == (tf.int64, [WORDS.get(v, 0) for v in values])


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float32", [0.0, -0.0, 1e-30, -5.0, math.inf, NAN, ABSENT], [1, 1, 2, 2, 2, 0, 0]),
        ("int64", [0, 1, -1, INT64_MAX, INT64_MIN, ABSENT], [1, 2, 2, 2, 0, 0]),
    ],
)
def test_every_number_but_0_is_true(dtype, values, expected):
    answer = boolean_id(Column(name="x", dtype=dtype), sparse(values, dtype))
    assert answer.numpy().tolist() == expected


def test_buckets_of_what_a_function_returns(transformed, column):
    values = [v for v in transformed.train["debt"] if not is_missing("debt", v)]
    ids = transformed.train_xf.features["sevens_xf"]
    kept = [i for i, v in zip(ids, transformed.train["debt"], strict=True) if v in values]
    boundary = min(v for v, i in zip(values, kept, strict=True) if i == 2) / 7
    assert boundary == pytest.approx(np.median(np.array(values) / 7), abs=20)
    raw, encoded = column("debt")[0], column("sevens")[1]
    assert encoded.tolist() == [
        0 if is_missing("debt", v) else 1 + (np.float32(v) / np.float32(7) >= np.float32(boundary))
        for v in raw
    ]


def test_a_vocabulary_of_integers_that_a_function_returns(transformed, column):
    words = [int(v) for v in transformed.output.vocabulary_by_name("last_digit")]
    assert sorted(words) == [0, 1, 2, 3, 4]
    learned = [v % 5 for v in present("debt", transformed.train["debt"])]
    counts = [learned.count(word) for word in words]
    assert counts == sorted(counts, reverse=True)
    raw, encoded = column("debt")[0], column("last_digit")[1]
    assert encoded.tolist() == [0 if is_missing("debt", v) else 2 + words.index(v % 5) for v in raw]


def test_a_vocabulary_of_strings_that_a_function_returns(transformed, column):
    assert transformed.output.vocabulary_by_name("initial") == [b"r", b"g", b"b", b"t"]
    raw, encoded = column("color")[0], column("initial")[1]
    ids = {"r": 2, "g": 3, "b": 4, "t": 5}
    assert encoded.tolist() == [0 if is_missing("color", v) else ids.get(v[0], 1) for v in raw]


def test_truth_values_that_a_function_returns(column):
    raw, encoded = column("weight")[0], column("heavy")[1]
    assert encoded.tolist() == [0 if is_missing("weight", v) else 1 + (v > 70) for v in raw]
    assert set(encoded) == {0, 1, 2}
