"""Training: calibrated, stopped in time, given back at its best, and loud about NaN."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fitting import (
    RARE_CLASS_SHARE,
    class_weights,
    fit_linear,
    fit_network,
    positive_share,
    require_labels,
)
from models.inputs import Split
from models.network import LOGIT_LAYER, ModelInput
from usecase.config import Network, Training
from usecase.errors import UserError

INPUTS = [ModelInput("x_xf", 0), ModelInput("c_xf", 3)]
SMALL = Network(hidden_units=(4,), embedding_size=2, dropout=0.0)
WEIGHED = Training(class_weights="auto")


def training(**options):
    common = {
        "batch_size": 50,
        "max_epochs": 4,
        "learning_rate": 0.02,
        "early_stopping_patience": 9,
    }
    return Training(**{**common, **options})


def make_columns(rows, seed, share=0.5):
    random = np.random.default_rng(seed)
    label = (random.random(rows) < share).astype(np.float32)
    return {
        "x_xf": (label + random.normal(0, 1, rows)).astype(np.float32),
        "c_xf": random.integers(0, 3, rows),
        "y_xf": label,
    }


def make_split(rows, seed, share=0.5):
    return Split(make_columns(rows, seed, share), "y_xf")


def with_one(split, name, value):
    """Returns the same rows but for the first."""
    columns = {**split.features, "y_xf": split.label}
    columns[name] = columns[name].copy()
    columns[name][0] = value
    return Split(columns, "y_xf")


TRAIN, HELD_OUT = make_split(200, 0), make_split(100, 1)


def fit_in(folder, settings, train=TRAIN, held_out=HELD_OUT):
    """Fits the small network, from a seed as in production."""
    keras.utils.set_random_seed(settings.seed)
    return fit_network(
        INPUTS,
        SMALL,
        settings,
        train,
        held_out,
        checkpoint_dir=str(folder / "checkpoints"),
        tensorboard_dir=str(folder / "logs"),
    )


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(1)


@pytest.fixture
def fit(tmp_path):
    return functools.partial(fit_in, tmp_path)


def predictions(model, split):
    return keras.ops.convert_to_numpy(model(split.features, training=False))


def log_loss(model, split):
    p = predictions(model, split).astype(float)
    return -np.mean(np.log(np.where(split.label == 1, p, 1 - p)))


@pytest.mark.parametrize(
    ("share", "weights"),
    [
        (0.1, (0.5 / 0.9, 5.0)),
        (0.9, (5.0, 0.5 / 0.9)),
        (0.19, (0.5 / 0.81, 0.5 / 0.19)),
        (RARE_CLASS_SHARE, (1.0, 1.0)),
        (0.5, (1.0, 1.0)),
        (0.79, (1.0, 1.0)),
        (0.0, (1.0, 1.0)),
        (1.0, (1.0, 1.0)),
    ],
)
def test_class_weights(share, weights):
    assert class_weights(WEIGHED, share) == pytest.approx(weights)
    assert class_weights(Training(class_weights="none"), share) == (1.0, 1.0)


@given(st.floats(0.001, 0.999))
def test_class_weights_average_one_and_even_out_the_classes(share):
    zero, one = class_weights(WEIGHED, share)
    assert zero * (1 - share) + one * share == pytest.approx(1)
    if min(share, 1 - share) < RARE_CLASS_SHARE - 1e-9:
        assert zero * (1 - share) == pytest.approx(one * share)


def test_the_share_of_positive_labels():
    assert positive_share(Split({"x": np.arange(4), "y": np.array([1, 0, 0, 0])}, "y")) == 0.25


def test_every_row_needs_a_label():
    require_labels(TRAIN, HELD_OUT)
    broken = [with_one(split, "y_xf", np.nan) for split in (TRAIN, HELD_OUT)]
    with pytest.raises(UserError) as caught:
        require_labels(*broken)
    assert caught.value.what == "2 rows have no label"
    assert "data gate" in caught.value.fix


@pytest.mark.parametrize("share", [0.06, 0.93])
def test_weighed_classes_leave_probabilities_calibrated(share):
    train, held_out = make_split(2000, 2, share), make_split(500, 3, share)
    fitted = fit_linear(INPUTS, training(max_epochs=8), train, held_out)
    share = positive_share(train)
    assert predictions(fitted.model, train).mean() == pytest.approx(share, abs=0.02)
    # As it was trained, the model took both classes to be as frequent.
    bias = fitted.model.get_layer(LOGIT_LAYER).bias
    zero, one = class_weights(WEIGHED, share)
    bias.assign(bias + np.log(one / zero))
    as_trained = predictions(fitted.model, train)
    means = [as_trained[train.label == label].mean() for label in (0, 1)]
    assert np.mean(means) == pytest.approx(0.5, abs=0.05)


def test_unweighed_classes_need_no_correction():
    train, held_out = make_split(2000, 2, 0.06), make_split(500, 3, 0.06)
    fitted = fit_linear(INPUTS, training(class_weights="none"), train, held_out)
    assert predictions(fitted.model, train).mean() == pytest.approx(0.06, abs=0.02)


def test_the_network_is_calibrated_too(fit):
    train, held_out = make_split(2000, 2, 0.08), make_split(500, 3, 0.08)
    model = fit(training(batch_size=100), train, held_out).model
    assert predictions(model, train).mean() == pytest.approx(positive_share(train), abs=0.03)
    unknowing = -(0.08 * np.log(0.08) + 0.92 * np.log(0.92))
    assert log_loss(model, held_out) < unknowing


def test_training_stops_in_time_and_gives_back_its_best_weights(fit, tmp_path):
    # Few rows, large steps: what helps them soon hurts all others.
    settings = training(
        max_epochs=30, learning_rate=0.3, batch_size=10, early_stopping_patience=2, seed=3
    )
    fitted = fit(settings, make_split(20, 5), make_split(200, 6))
    losses = fitted.history["val_loss"]
    assert len(losses) == fitted.best_epoch + 2 < 30
    assert losses[-1] > losses[fitted.best_epoch - 1] == min(losses)
    again = fitted.model.evaluate(make_split(200, 6).batches(400), verbose=0)[0]
    assert again == pytest.approx(fitted.best_loss, abs=1e-6)
    assert (fitted.best_loss, fitted.epochs) == (min(losses), len(losses))
    assert set(fitted.history) >= {"loss", "auc", "val_loss", "val_auc", "learning_rate"}
    assert list((tmp_path / "checkpoints").iterdir()) == []
    assert len(list((tmp_path / "logs").rglob("events.*"))) == 2


def test_the_linear_model_stops_by_the_same_rule():
    settings = training(max_epochs=40, batch_size=10, early_stopping_patience=1)
    fitted = fit_linear(INPUTS, settings, make_split(20, 5), make_split(200, 9))
    losses = fitted.history["val_loss"]
    assert len(losses) == fitted.best_epoch + 1 < 40
    again = fitted.model.evaluate(make_split(200, 9).batches(400), verbose=0)[0]
    assert again == pytest.approx(fitted.best_loss, abs=1e-6)
    assert (fitted.best_loss, fitted.epochs) == (min(losses), len(losses))


def test_an_infinite_feature_is_told():
    with pytest.raises(UserError, match=r"the training loss became (nan|inf) in epoch 1"):
        fit_linear(INPUTS, training(), with_one(TRAIN, "x_xf", np.inf), HELD_OUT)


def test_an_infinite_feature_of_the_eval_split_is_told():
    with pytest.raises(UserError, match="eval"):
        fit_linear(INPUTS, training(max_epochs=2), TRAIN, with_one(HELD_OUT, "x_xf", np.inf))


def test_the_order_of_the_rows_does_not_change_the_model(fit):
    backwards = [
        Split({name: values[::-1] for name, values in columns.items()}, "y_xf")
        for columns in (make_columns(200, 0), make_columns(100, 1))
    ]
    first = predictions(fit(training(max_epochs=2)).model, HELD_OUT)
    again = predictions(fit(training(max_epochs=2), *backwards).model, HELD_OUT)
    np.testing.assert_allclose(again, first, rtol=0, atol=1e-6)
    assert np.ptp(again) > 0.1
