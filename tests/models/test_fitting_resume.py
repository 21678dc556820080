"""Training that was interrupted: it goes on where it was, if it is the same problem."""

import math
from typing import NamedTuple

import keras
import numpy as np
import pytest

from models.fitting import Fitted, _BestWeights, _checkpoint_key, fit_network
from models.inputs import Split
from models.network import ModelInput, build_linear
from models.progress import ProgressLogger
from usecase.config import Network, Training
from usecase.errors import UserError

INPUTS = [ModelInput("x_xf", 0), ModelInput("c_xf", 3)]
SMALL = Network(hidden_units=(4,), embedding_size=2, dropout=0.0)
TRAINING = Training(batch_size=50, max_epochs=4, learning_rate=0.01, seed=5)
SHORT = TRAINING.model_copy(update={"max_epochs": 1})


def make_split(rows, seed):
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, rows)
    x = (label + random.normal(0, 0.5, rows)).astype(np.float32)
    return Split({"x_xf": x, "c_xf": random.integers(0, 3, rows), "y_xf": label}, "y_xf")


TRAIN, HELD_OUT = make_split(200, 0), make_split(100, 1)


def fit(folder, settings=TRAINING):
    keras.utils.set_random_seed(settings.seed)
    return fit_network(
        INPUTS,
        SMALL,
        settings,
        TRAIN,
        HELD_OUT,
        checkpoint_dir=str(folder / "checkpoints"),
        tensorboard_dir=str(folder / "logs"),
    )


class CrashError(Exception):
    """What an orchestrator's kill looks like from inside."""


def crash(*_):
    raise CrashError


class Interrupted(NamedTuple):
    """A fit that crashed when its third epoch began, and was run again."""

    fitted: Fitted
    epochs: list
    checkpoints: list


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    original = ProgressLogger.on_epoch_begin
    runs, checkpoints = [], []

    def on_epoch_begin(self, epoch, logs=None):
        runs[-1].append(epoch + 1)
        if runs == [[1, 2, 3]]:
            raise CrashError
        original(self, epoch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressLogger, "on_epoch_begin", on_epoch_begin)
        runs.append([])
        with pytest.raises(CrashError):
            fit(folder)
        checkpoints.append(len(list((folder / "checkpoints").iterdir())))
        runs.append([])
        fitted = fit(folder)
        checkpoints.append(len(list((folder / "checkpoints").iterdir())))
    return Interrupted(fitted, runs, checkpoints)


def test_an_interrupted_run_goes_on_where_it_was(interrupted, whole):
    assert interrupted.epochs == [[1, 2, 3], [3, 4]]
    losses, expected = interrupted.fitted.history["val_loss"], whole.history["val_loss"]
    assert (len(losses), len(expected)) == (2, 4)
    # Only the order of the rows is another one.
    assert losses == pytest.approx(expected[2:], abs=0.005)
    assert min(-np.diff(expected)) > 0.01
    assert int(interrupted.fitted.model.optimizer.iterations) == 16


def test_checkpoints_are_there_as_long_as_they_are_needed(interrupted):
    assert interrupted.checkpoints == [1, 0]


def test_epochs_are_counted_from_the_first(interrupted, whole):
    losses = [*whole.history["val_loss"][:2], *interrupted.fitted.history["val_loss"]]
    assert interrupted.fitted.best_epoch == int(np.argmin(losses)) + 1 == 4
    assert interrupted.fitted.best_loss == min(losses)
    assert interrupted.fitted.epochs == whole.epochs == 4


def test_the_best_weights_outlive_a_crash(tmp_path):
    model = build_linear(INPUTS)

    def best_after(callback, epoch, loss):
        """Ends an epoch in which all weights are its number; returns those of the best."""
        callback.set_model(model)
        model.set_weights([np.full_like(weight, epoch) for weight in model.get_weights()])
        callback.on_epoch_end(epoch - 1, {"val_loss": loss})
        callback.restore(model)
        (weight,) = {float(w.mean()) for w in model.get_weights()}
        return weight, callback.epoch, callback.loss

    before = _BestWeights(tmp_path)
    assert best_after(before, 1, 0.5) == (1, 1, 0.5)
    assert best_after(before, 2, 0.6) == (1, 1, 0.5)
    after = _BestWeights(tmp_path)
    assert best_after(after, 3, 0.55) == (1, 1, 0.5)
    assert best_after(after, 4, math.nan) == (1, 1, 0.5)
    assert best_after(after, 5, 0.4) == (5, 5, 0.4)


def test_a_run_that_crashed_after_its_last_epoch_needs_no_other(tmp_path, monkeypatch):
    settings = TRAINING.model_copy(update={"learning_rate": 1.0, "max_epochs": 3})
    with monkeypatch.context() as patch:
        patch.setattr("models.fitting._undo_class_weights", crash)
        with pytest.raises(CrashError):
            fit(tmp_path, settings)
    fitted = fit(tmp_path, settings)
    assert fitted.history == {}
    # Steps as large as these make it worse: the last weights are not the best.
    assert fitted.best_epoch < 3
    restored = fitted.model.evaluate(HELD_OUT.batches(100), verbose=0)[0]
    assert restored == pytest.approx(fitted.best_loss, abs=1e-6)


@pytest.mark.parametrize(
    ("position", "changed"),
    [
        (0, INPUTS[:1]),
        (1, SMALL.model_copy(update={"dropout": 0.5})),
        (2, TRAINING.model_copy(update={"seed": 1})),
        (3, make_split(200, 2)),
        (4, make_split(99, 1)),
    ],
    ids=["inputs", "network", "training", "train rows", "eval rows"],
)
def test_another_problem_does_not_resume(position, changed):
    problem = [INPUTS, SMALL, TRAINING, TRAIN, HELD_OUT]
    again = [list(INPUTS), SMALL.model_copy(), TRAINING, make_split(200, 0), make_split(100, 1)]
    assert _checkpoint_key(*problem) == _checkpoint_key(*again)
    problem[position] = changed
    assert _checkpoint_key(*problem) != _checkpoint_key(*again)


def test_a_loss_that_is_no_number_is_told_at_every_retry(tmp_path):
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            fit(tmp_path, SHORT.model_copy(update={"learning_rate": 1e30}))
        assert str(caught.value) == (
            "the training loss became nan in epoch 1\n"
            "  expected: a finite loss\n"
            "  fix: lower training.learning_rate (now 1e+30), or look for extreme values"
        )
