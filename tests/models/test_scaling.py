"""Numbers after Transform, held against NumPy."""

import math

import numpy as np
import pytest

from tests.models.declarations import NAN, is_missing, present


def z_scores(values, learned):
    """Returns (x - mean) / standard deviation in 64 bits; 0 where NaN."""
    learned = np.float32(learned).astype(np.float64)
    mean, deviation = learned.mean(), np.sqrt(np.mean((learned - learned.mean()) ** 2))
    return [0.0 if math.isnan(v) else (np.float32(v) - mean) / deviation for v in values]


def floats(name, values):
    return [NAN if is_missing(name, v) else float(v) for v in values]


def folded(values):
    """Returns sign(x) * log(1 + |x|)."""
    return [math.copysign(math.log1p(abs(v)), v) for v in values]


def loads(columns):
    """Returns what `own_functions.load` should make of the raw columns."""
    rows = zip(floats("age", columns["age"]), floats("weight", columns["weight"]), strict=True)
    return [-100.0 if math.isnan(age) else age * weight for age, weight in rows]


@pytest.mark.parametrize("name", ["fare", "weight", "age", "debt"])
def test_numbers_become_z_scores_of_the_train_split(transformed, column, name):
    raw, encoded = column(name)
    expected = z_scores(floats(name, raw), present(name, transformed.train[name]))
    np.testing.assert_allclose(encoded, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(("name", "constant"), [("fixed", 2.5), ("tenth", np.float32(0.1))])
def test_a_constant_is_only_centred(column, name, constant):
    raw, encoded = column(name)
    assert encoded.tolist() == [
        0.0 if is_missing(name, v) else np.float32(v) - np.float32(constant) for v in raw
    ]


def test_a_number_never_seen_in_training_passes(column):
    raw, encoded = column("unseen")
    assert encoded.tolist() == [0.0 if is_missing("unseen", v) else v for v in raw]


@pytest.mark.parametrize("name", ["celsius", "floor"])
def test_a_range_becomes_0_to_1(transformed, column, name):
    learned = present(name, transformed.train[name])
    lowest, highest = min(learned), max(learned)
    raw, encoded = column(name)
    expected = [0.5 if is_missing(name, v) else (v - lowest) / (highest - lowest) for v in raw]
    np.testing.assert_allclose(encoded, expected, rtol=2e-6, atol=2e-6)
    assert lowest < 0 < highest


def test_values_beyond_the_range_are_not_clipped(transformed):
    for name in ("celsius", "floor"):
        encoded = transformed.served_xf.features[f"{name}_xf"]
        assert encoded.min() < 0
        assert encoded.max() > 1
        train = transformed.train_xf.features[f"{name}_xf"]
        assert (train.min(), train.max()) == (0, 1)


def test_a_range_of_one_number_is_shifted_to_0(column):
    raw, encoded = column("level")
    assert encoded.tolist() == [0.5 if is_missing("level", v) else v + 4.25 for v in raw]


def test_a_range_never_seen_in_training_passes(column):
    raw, encoded = column("unseen_range")
    assert encoded.tolist() == [0.5 if is_missing("unseen_range", v) else v for v in raw]


@pytest.mark.parametrize("name", ["balance", "votes"])
def test_logarithms_become_z_scores_of_the_train_split(transformed, column, name):
    raw, encoded = column(name)
    learned = folded(present(name, transformed.train[name]))
    np.testing.assert_allclose(
        encoded, z_scores(folded(floats(name, raw)), learned), rtol=5e-6, atol=5e-6
    )


def test_logarithms_keep_the_sign(transformed):
    learned = present("balance", transformed.train["balance"])
    assert min(learned) < -100
    assert max(learned) > 100
    raw, encoded = transformed.served["balance"], transformed.served_xf.features["balance_xf"]
    negative, zero, positive = (encoded[raw.index(v)] for v in (-1e30, 0.0, 1e30))
    assert zero - negative == pytest.approx(positive - zero, rel=1e-5)


def test_the_logarithm_of_a_constant_is_only_centred(column):
    raw, encoded = column("flat")
    (centre,) = folded([-0.7])
    expected = [0.0 if math.isnan(v) else v - centre for v in folded(floats("flat", raw))]
    np.testing.assert_allclose(encoded, expected, rtol=2e-6, atol=2e-6)


def test_a_logarithm_never_seen_in_training_passes(column):
    raw, encoded = column("unseen_log")
    expected = np.nan_to_num(folded(floats("unseen_log", raw)))
    np.testing.assert_allclose(encoded, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(
    "name",
    ["weight", "age", "unseen", "celsius", "unseen_range", "balance", "unseen_log"],
)
def test_optional_numbers_say_that_they_are_missing(transformed, name):
    for raw, encoded in [
        (transformed.train, transformed.train_xf),
        (transformed.served, transformed.served_xf),
    ]:
        missing = [is_missing(name, value) for value in raw[name]]
        assert encoded.features[f"{name}_xf_missing"].tolist() == missing
        assert any(missing)


def test_a_function_sees_sentinels_and_what_it_returns_is_scaled(transformed, column):
    _, encoded = column("load")
    rows = {name: column(name)[0] for name in ("age", "weight")}
    learned = [v for v in loads(transformed.train) if not math.isnan(v)]
    np.testing.assert_allclose(encoded, z_scores(loads(rows), learned), rtol=5e-6, atol=5e-6)
    assert -100.0 in loads(rows)  # the function was told that the age is missing


def test_what_a_function_returns_may_be_missing(transformed):
    encoded = transformed.train_xf.features["load_xf_missing"]
    assert encoded.tolist() == [math.isnan(v) for v in loads(transformed.train)]
    assert set(encoded) == {0, 1}
