import numpy as np
import pyarrow as pa
import pytest

from autoconfig.label import decide_label
from tests.autoconfig.tables import profiled, texts
from usecase.errors import ConfigError, DataError


def decided(values, source="csv", task=None, positive=None):
    return decide_label(texts(values), source, task, positive)


@pytest.mark.parametrize(
    ("values", "classes", "positive", "dtype"),
    [
        ([0, 1] * 30, (0, 1), 1, "int64"),
        (["0.0", "1.0"] * 30, (0, 1), 1, "int64"),
        ([1, 1, 2] * 30, (1, 2), 2, "int64"),
        ([1, 2, 2] * 30, (1, 2), 1, "int64"),
        ([-1, 1, 1] * 30, ("-1", "1"), "1", "string"),
        (["yes", "no", "yes"] * 30, ("no", "yes"), "yes", "string"),
        (["True", "False", "True"] * 30, ("False", "True"), "True", "string"),
        (["good", "bad", "good"] * 30, ("bad", "good"), "bad", "string"),
        (["Positive", "negative", "Positive"] * 30, ("Positive", "negative"), "Positive", "string"),
        (["01", "02", "02"] * 30, ("01", "02"), "01", "string"),
    ],
)
def test_two_values_are_binary(values, classes, positive, dtype):
    label = decided(values)
    assert (label.task, label.classes, label.positive, label.dtype) == (
        *("binary", classes, positive),
        dtype,
    )


@pytest.mark.parametrize(
    ("values", "classes", "dtype"),
    [
        (["a", "b", "ç"] * 20, ("a", "b", "ç"), "string"),
        ([3, 4, 5, 6] * 20, (3, 4, 5, 6), "int64"),
        ([10, 30, 20] * 20, ("10", "20", "30"), "string"),
        (["1", "2", "x"] * 20, ("1", "2", "x"), "string"),
    ],
)
def test_few_values_are_classes(values, classes, dtype):
    label = decided(values)
    assert (label.task, label.classes, label.dtype) == ("multiclass", classes, dtype)
    assert sum(label.counts) == len(values)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (range(100), "int64"),
        (np.random.default_rng(0).normal(size=100), "float32"),
        ([0.5, 1.5] * 50, "float32"),
        (list(range(15)) * 5, "int64"),
        (["0.0", "1.0", "5.0"] * 20, "float32"),
    ],
)
def test_many_numbers_are_regression(values, dtype):
    label = decided(values)
    assert (label.task, label.classes, label.dtype) == ("regression", (), dtype)


def test_what_is_asked_for_wins():
    assert decided([1, 2, 3] * 30, task="regression").task == "regression"
    assert decided(list(range(15)) * 5, task="multiclass").classes == tuple(range(15))
    assert decided([0, 1] * 30, positive="0").positive == 0
    assert decided(["a", "b"] * 30, positive="b").positive == "b"


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        (["a", "b", "c"] * 30, {"task": "regression"}, "holds texts"),
        (["a", "b", "c"] * 30, {"task": "binary"}, "3 classes"),
        (["a", "b"] * 30, {"positive": "c"}, "known: a, b"),
        (["a", "b", "c"] * 30, {"positive": "a"}, "this is multiclass"),
        ([10, 20] * 30, {"source": "tfrecord"}, "gaps"),
    ],
)
def test_what_does_not_fit_the_values_is_refused(values, options, match):
    with pytest.raises(ConfigError, match=match):
        decided(values, **options)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ([None] * 60, "no value in any row"),
        (["a", None, "b"] * 30, "missing in 30 of 90 rows"),
        (["a"] * 60, "the same in every row: a"),
        ([f"text {k}" for k in range(60)], "60 different values in 60 rows"),
        ([1.0, "inf", 2.5] * 20, "infinite"),
        (["a"] * 60 + ["b"] * 9, "b in 9 rows alone"),
        ([f"c{k % 1001}" for k in range(6000)], "more than 1,000|1,001 different values"),
    ],
)
def test_what_cannot_be_learned_is_refused(values, match):
    with pytest.raises(DataError, match=match):
        decided(values)


def test_labels_of_native_types():
    label = decide_label(profiled([True, False, True] * 20, pa.bool_()), "parquet", None, None)
    assert (label.classes, label.positive, label.dtype) == ((0, 1), 1, "int64")
    label = decide_label(profiled([10, 30] * 20, pa.int64()), "parquet", None, None)
    assert label.classes == ("10", "30")
    label = decide_label(profiled([0.0, 1.0] * 20, pa.float32()), "tfrecord", None, None)
    assert (label.task, label.classes, label.dtype) == ("binary", (0, 1), "float32")
    with pytest.raises(ConfigError, match=r"0\.0 or 1\.0"):
        decide_label(profiled([0.0, 1.0] * 20, pa.float32()), "tfrecord", None, "0")


def test_of_two_classes_that_are_alike_none_is_called_the_rarer():
    label = decided(["good", "bad"] * 30)
    assert label.positive == "good"
    assert 'positive is "good", the second of two alike' in label.why
    assert "the rarer" in decided(["good", "bad", "bad"] * 30).why


def test_the_reason_names_positive_class_and_rarest_share():
    why = decided(["ill", "well", "well"] * 30).why
    assert '"ill"' in why
    assert "33.3%" in why
