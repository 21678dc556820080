"""Training that was interrupted: it goes on where it was, if it is the same problem."""

import contextlib
import math
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest

from models.checkpoints import BestWeights, last_epoch
from models.code import LOADED_CODE, PACKAGE, code_digest
from models.fitting import Fitted, Problem, _checkpoint_key, finish, fit_network
from models.heads import Binary
from models.inputs import Split
from models.network import ModelInput, build_linear
from models.origin import only_from
from models.progress import ProgressLogger
from tests.models.declarations import CPU, label_column
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
PROBLEM = Problem(INPUTS, label_column("int64", name="y"), TRAIN, HELD_OUT)


def fit(folder, settings=TRAINING):
    keras.utils.set_random_seed(settings.seed)
    return fit_network(
        PROBLEM,
        SMALL,
        settings,
        CPU,
        checkpoint_dir=str(folder / "checkpoints"),
        tensorboard_dir=str(folder / "logs"),
    )


def loss_of(model, split):
    """Returns what training calls the loss, regularisation included."""
    p = np.asarray(model(split.features, training=False), float)
    return -np.mean(np.log(np.where(split.label == 1, p, 1 - p))) + float(sum(model.losses))


class CrashError(Exception):
    """What an orchestrator's kill looks like from inside."""


def crash(*_):
    raise CrashError


class Interrupted(NamedTuple):
    """A fit that crashed when its third epoch began, and was run again."""

    fitted: Fitted
    epochs: list
    checkpoints: list
    steps: int


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    original = ProgressLogger.on_epoch_begin
    runs, checkpoints, steps = [], [], []

    def on_epoch_begin(self, epoch, logs=None):
        runs[-1].append(epoch + 1)
        if runs == [[1, 2, 3]]:
            raise CrashError
        original(self, epoch, logs)

    def counting(trained, *others):
        steps.append(int(trained.optimizer.iterations))
        return finish(trained, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressLogger, "on_epoch_begin", on_epoch_begin)
        patch.setattr("models.fitting.finish", counting)
        runs.append([])
        with pytest.raises(CrashError):
            fit(folder)
        checkpoints.append(len(list((folder / "checkpoints").iterdir())))
        runs.append([])
        fitted = fit(folder)
        checkpoints.append(len(list((folder / "checkpoints").iterdir())))
    return Interrupted(fitted, runs, checkpoints, *steps)


def test_an_interrupted_run_goes_on_where_it_was(interrupted, whole):
    assert interrupted.epochs == [[1, 2, 3], [3, 4]]
    losses, expected = interrupted.fitted.history["val_loss"], whole.history["val_loss"]
    assert (len(losses), len(expected)) == (2, 4)
    # Only the order of the rows is another one.
    assert losses == pytest.approx(expected[2:], abs=0.005)
    assert min(-np.diff(expected)) > 0.01
    assert interrupted.steps == 16


def test_checkpoints_are_there_as_long_as_they_are_needed(interrupted):
    assert interrupted.checkpoints == [1, 0]


def test_epochs_are_counted_from_the_first(interrupted, whole):
    losses = [*whole.history["val_loss"][:2], *interrupted.fitted.history["val_loss"]]
    assert interrupted.fitted.best_epoch == int(np.argmin(losses)) + 1 == 4
    assert interrupted.fitted.best_loss == min(losses)
    assert interrupted.fitted.epochs == whole.epochs == 4


def test_the_best_weights_outlive_a_crash(tmp_path):
    model = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))

    def best_after(callback, epoch, loss):
        """Ends an epoch in which all weights are its number; returns those of the best."""
        callback.set_model(model)
        model.set_weights([np.full_like(weight, epoch) for weight in model.get_weights()])
        callback.on_epoch_end(epoch - 1, {"val_loss": loss})
        callback.restore(model)
        (weight,) = {float(w.mean()) for w in model.get_weights()}
        return weight, callback.epoch, callback.loss

    before = BestWeights(tmp_path)
    assert best_after(before, 1, 0.5) == (1, 1, 0.5)
    assert best_after(before, 2, 0.6) == (1, 1, 0.5)
    after = BestWeights(tmp_path)
    assert best_after(after, 3, 0.55) == (1, 1, 0.5)
    assert best_after(after, 4, math.nan) == (1, 1, 0.5)
    assert best_after(after, 5, 0.4) == (5, 5, 0.4)


def test_weights_that_a_kill_left_half_written_do_not_stand_for_the_best(tmp_path):
    model = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))
    first = BestWeights(tmp_path)
    first.set_model(model)
    first.on_epoch_end(0, {"val_loss": 0.5})
    # Killed in the second epoch, while its weights or its record were written.
    (tmp_path / "best-2.weights.h5").write_bytes(b"half of a fi")
    (tmp_path / "best.new").write_text("[2, 0")
    again = BestWeights(tmp_path)
    assert (again.epoch, again.loss) == (1, 0.5)
    again.restore(model)
    again.set_model(model)
    again.on_epoch_end(1, {"val_loss": 0.4})
    assert BestWeights(tmp_path).epoch == 2
    assert [path.name for path in tmp_path.glob("*.h5")] == ["best-2.weights.h5"]


def test_an_epoch_that_is_done_again_may_be_the_best_again(tmp_path):
    model = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))
    first = BestWeights(tmp_path)
    first.set_model(model)
    first.on_epoch_end(0, {"val_loss": 0.5})
    # Killed before the epoch counted as done.
    again = BestWeights(tmp_path)
    again.set_model(model)
    model.set_weights([np.full_like(weight, 7) for weight in model.get_weights()])
    again.on_epoch_end(0, {"val_loss": 0.49})
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    after = BestWeights(tmp_path)
    after.restore(model)
    assert (after.epoch, after.loss) == (1, 0.49)
    assert {float(w.mean()) for w in model.get_weights()} == {7.0}
    assert [path.name for path in tmp_path.glob("*.h5")] == ["best-1.weights.h5"]


def test_the_best_weights_are_not_written_in_place(tmp_path, monkeypatch):
    model = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))
    best = BestWeights(tmp_path)
    best.set_model(model)
    best.on_epoch_end(0, {"val_loss": 0.5})
    again = BestWeights(tmp_path)
    again.set_model(model)

    def killed(path):
        path.write_bytes(b"half of a fi")
        raise CrashError

    monkeypatch.setattr(model, "save_weights", killed)
    with pytest.raises(CrashError):
        again.on_epoch_end(0, {"val_loss": 0.4})
    after = BestWeights(tmp_path)
    assert (after.epoch, after.loss) == (1, 0.5)
    after.restore(model)


@pytest.fixture
def saved(tmp_path):
    """A model, and a folder in which its second and third epoch were saved."""
    model = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))
    model.compile(loss="mse")
    callback = last_epoch(tmp_path / "last")
    callback.set_model(model)
    for epoch in (2, 3):
        model.set_weights([np.full_like(weight, epoch) for weight in model.get_weights()])
        callback.on_epoch_end(epoch - 1)
    return model, tmp_path / "last"


def resumed(saved):
    """Returns the epochs done, and the value of all weights, of a training that begins anew."""
    model, folder = saved
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model._initial_epoch = 0
    callback = last_epoch(folder)
    callback.set_model(model)
    callback.on_train_begin()
    (weight,) = {float(w.mean()) for w in model.get_weights()}
    return model._initial_epoch, weight


def test_the_last_epoch_is_where_training_goes_on(saved):
    assert resumed(saved) == (3, 3.0)


@pytest.mark.parametrize("ending", ["", ".bkp"])
def test_half_written_weights_give_way_to_the_other_epoch(saved, ending):
    _, folder = saved
    weights = folder / f"latest.weights.h5{ending}"
    weights.write_bytes(weights.read_bytes()[:100])  # and so they are newer than their metadata
    assert resumed(saved) == ((2, 2.0) if ending == "" else (3, 3.0))


def test_weights_without_their_own_metadata_do_not_count(saved):
    _, folder = saved
    weights = folder / "latest.weights.h5"
    weights.write_bytes(weights.read_bytes())  # whole, but of an epoch that is not on record
    assert resumed(saved) == (2, 2.0)


@pytest.mark.parametrize("text", ["", '{"epo'])
def test_half_written_metadata_do_not_count(saved, text):
    _, folder = saved
    (folder / "training_metadata.json").write_text(text)
    assert resumed(saved) == (2, 2.0)


def test_where_nothing_is_whole_training_begins_at_its_beginning(saved):
    _, folder = saved
    for name in ("training_metadata.json", "training_metadata.json.bkp"):
        (folder / name).write_text("")
    assert resumed(saved) == (0, 0.0)


def test_a_run_that_crashed_after_its_last_epoch_needs_no_other(tmp_path, monkeypatch):
    settings = TRAINING.model_copy(update={"learning_rate": 1.0, "max_epochs": 3})
    with monkeypatch.context() as patch:
        patch.setattr("models.checkpoints.BestWeights.restore", crash)
        with pytest.raises(CrashError):
            fit(tmp_path, settings)
    fitted = fit(tmp_path, settings)
    assert fitted.history == {}
    # Steps as large as these make it worse: the last weights are not the best.
    assert fitted.best_epoch < 3
    restored = loss_of(fitted.model, HELD_OUT)
    assert restored == pytest.approx(fitted.best_loss, abs=1e-6)


def same_problem():
    train, held_out = make_split(200, 0), make_split(100, 1)
    return Problem(list(INPUTS), label_column("int64", name="y"), train, held_out)


@pytest.mark.parametrize(
    ("position", "changed"),
    [
        (0, PROBLEM._replace(inputs=INPUTS[:1])),
        (0, PROBLEM._replace(inputs=[INPUTS[0], ModelInput("c_xf", 4)])),
        (0, PROBLEM._replace(inputs=[*INPUTS, ModelInput("d_xf", 9, ("c_xf", "c_xf"))])),
        (0, PROBLEM._replace(label=label_column("int64", name="y", task="regression"))),
        (0, PROBLEM._replace(label=label_column("int64", name="y", classes=(1, 0)))),
        (0, PROBLEM._replace(train=make_split(200, 2))),
        (0, PROBLEM._replace(held_out=make_split(99, 1))),
        (1, SMALL.model_copy(update={"dropout": 0.5})),
        (2, TRAINING.model_copy(update={"seed": 1})),
    ],
    ids=[
        *("inputs", "categories", "crosses", "task", "classes", "train rows", "eval rows"),
        *("network", "training"),
    ],
)
def test_another_problem_does_not_resume(position, changed):
    parts = [PROBLEM, SMALL, TRAINING]
    again = [same_problem(), SMALL.model_copy(), TRAINING]
    assert _checkpoint_key(*parts) == _checkpoint_key(*again)
    parts[position] = changed
    assert _checkpoint_key(*parts) != _checkpoint_key(*again)


def test_a_digest_is_of_the_code_alone_and_of_all_of_it(tmp_path):
    (tmp_path / "network.py").write_text("ACTIVATION = 'relu'")
    before = code_digest(tmp_path)
    (tmp_path / "README").write_text("no code")
    assert code_digest(tmp_path) == before

    (tmp_path / "network.py").write_text("ACTIVATION = 'gelu'")
    other = code_digest(tmp_path)
    assert other != before
    (tmp_path / "network.py").rename(tmp_path / "deep.py")
    assert code_digest(tmp_path) not in (before, other)


def test_other_code_does_not_resume(monkeypatch):
    key = _checkpoint_key(PROBLEM, SMALL, TRAINING)
    monkeypatch.setattr("models.fitting.LOADED_CODE", "of other code")
    assert _checkpoint_key(PROBLEM, SMALL, TRAINING) != key


def test_code_that_is_edited_once_it_is_loaded_counts_when_it_is_loaded_again(monkeypatch):
    assert code_digest(PACKAGE) == LOADED_CODE
    key = _checkpoint_key(PROBLEM, SMALL, TRAINING)
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"edited")
    assert code_digest(PACKAGE) != LOADED_CODE
    assert _checkpoint_key(PROBLEM, SMALL, TRAINING) == key


@pytest.mark.parametrize("library", ["keras", "tensorflow"])
def test_another_version_of_a_library_does_not_resume(library, monkeypatch):
    before = code_digest(PACKAGE)
    monkeypatch.setattr(f"{library}.__version__", "0.0.1")
    assert code_digest(PACKAGE) != before


class Epochs(list):
    last = None

    def of(self, folder, origin, *, last=None, settings=TRAINING):
        """Returns the epochs of a training that one origin asked for, up to a crash."""
        self.clear()
        self.last = last
        with contextlib.suppress(CrashError), only_from(origin):
            fit(folder, settings)
        return list(self)


@pytest.fixture
def epochs(monkeypatch):
    """The epochs that are begun; one that is set as `last` crashes."""
    original, begun = ProgressLogger.on_epoch_begin, Epochs()

    def on_epoch_begin(self, epoch, logs=None):
        begun.append(epoch + 1)
        if epoch + 1 == begun.last:
            raise CrashError
        original(self, epoch, logs)

    monkeypatch.setattr(ProgressLogger, "on_epoch_begin", on_epoch_begin)
    return begun


def test_a_training_that_is_asked_for_anew_drops_its_own_older_checkpoints_alone(tmp_path, epochs):
    other = TRAINING.model_copy(update={"seed": 9})
    assert epochs.of(tmp_path, None, last=2, settings=other) == [1, 2]
    assert epochs.of(tmp_path, None, last=2) == [1, 2]
    assert epochs.of(tmp_path, "first", last=2) == [1, 2]
    assert epochs.of(tmp_path, "first", last=3) == [2, 3]  # what it did itself is not done twice
    assert epochs.of(tmp_path, "second", last=2) == [1, 2]
    assert epochs.of(tmp_path, None, last=3, settings=other) == [2, 3]


def test_weights_that_do_not_fit_are_told_and_removed(tmp_path, epochs):
    assert epochs.of(tmp_path, None, last=3) == [1, 2, 3]
    (folder,) = (tmp_path / "checkpoints").iterdir()
    other = build_linear(INPUTS, Binary(TRAIN.label, weigh=False))
    other.save_weights(folder / "last" / "latest.weights.h5")
    metadata = folder / "last" / "training_metadata.json"
    metadata.write_text(metadata.read_text())  # as of these weights
    with pytest.raises(UserError) as caught:
        epochs.of(tmp_path, None)
    assert str(caught.value).startswith(
        f"the checkpoints of this training do not fit its network: {folder / 'last'}\n"
    )
    assert (list(epochs), folder.exists()) == ([], False)
    assert epochs.of(tmp_path, None) == [1, 2, 3, 4]


def test_a_loss_that_is_no_number_is_told_at_every_retry(tmp_path):
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            fit(tmp_path, SHORT.model_copy(update={"learning_rate": 1e30}))
        assert str(caught.value) == (
            "the training loss became nan in epoch 1\n"
            "  expected: a finite loss\n"
            "  fix: lower training.learning_rate (now 1e+30), or look for extreme values"
        )
