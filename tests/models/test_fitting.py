"""Training: calibrated, stopped in time, given back at its best, and loud about NaN."""

import functools

import keras
import numpy as np
import pytest

from models.fitting import Problem, finish, fit_linear, fit_network, require_labels
from models.heads import Binary, Multiclass, Regression
from models.inputs import Split
from models.network import LAST_LAYER, ModelInput, build_linear
from tests.models.declarations import CPU, label_column
from usecase.config import Network, Training
from usecase.errors import UserError

INPUTS = [ModelInput("x_xf", 0), ModelInput("c_xf", 3)]
SMALL = Network(hidden_units=(4,), embedding_size=2, dropout=0.0)
LABELS = {
    "binary": label_column("int64", name="y"),
    "multiclass": label_column("string", name="y", task="multiclass", classes=("a", "b", "c")),
    "regression": label_column("float32", name="y", task="regression"),
}


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


def make_classes(rows, seed, shares=(1 / 3, 1 / 3, 1 / 3)):
    """Two of three classes differ in x alone, the third is where x and the category agree."""
    random = np.random.default_rng(seed)
    label = random.choice(3, rows, p=shares).astype(np.float32)
    x = np.array([-1.5, 1.5, 1.5])[label.astype(int)] + random.normal(0, 0.5, rows)
    c = np.where(label == 2, 0, random.integers(1, 3, rows))
    return Split({"x_xf": x.astype(np.float32), "c_xf": c, "y_xf": label}, "y_xf")


def make_numbers(rows, seed):
    """What x and the category decide, in units of their own."""
    random = np.random.default_rng(seed)
    x, c = random.normal(0, 1, rows).astype(np.float32), random.integers(0, 3, rows)
    y = 1000 * (np.abs(x) + np.array([0.0, 2.0, -1.0])[c] + random.normal(0, 0.1, rows))
    return Split({"x_xf": x, "c_xf": c, "y_xf": y.astype(np.float32)}, "y_xf")


MAKERS = {"binary": make_split, "multiclass": make_classes, "regression": make_numbers}


def problem_of(train, held_out, task="binary", inputs=INPUTS):
    return Problem(inputs, LABELS[task], train, held_out)


def with_one(split, name, value):
    """Returns the same rows but for the first."""
    columns = {**split.features, "y_xf": split.label}
    columns[name] = columns[name].copy()
    columns[name][0] = value
    return Split(columns, "y_xf")


TRAIN, HELD_OUT = make_split(200, 0), make_split(100, 1)


def fit_in(folder, settings, train=TRAIN, held_out=HELD_OUT, task="binary", network=SMALL):
    """Fits the small network, from a seed as in production."""
    keras.utils.set_random_seed(settings.seed)
    return fit_network(
        problem_of(train, held_out, task),
        network,
        settings,
        CPU,
        checkpoint_dir=str(folder / "checkpoints"),
        tensorboard_dir=str(folder / "logs"),
    )


def fit_line(settings, train=TRAIN, held_out=HELD_OUT, task="binary"):
    keras.utils.set_random_seed(settings.seed)
    return fit_linear(problem_of(train, held_out, task), settings, CPU)


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
    if p.ndim == 2:
        return -np.mean(np.log(p[np.arange(len(p)), split.label.astype(int)]))
    return -np.mean(np.log(np.where(split.label == 1, p, 1 - p)))


def eval_loss(model, split):
    """Returns what training calls the loss, regularisation included, of a split of even classes."""
    assert not Binary(split.label, weigh=True).correction()
    return log_loss(model, split) + float(sum(model.losses))


def shares(split):
    return np.bincount(split.label.astype(int)) / len(split)


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
    fitted = fit_line(training(max_epochs=8), train, held_out)
    share = train.label.mean()
    assert predictions(fitted.model, train).mean() == pytest.approx(share, abs=0.02)
    # As it was trained, the model took both classes to be as frequent.
    bias = fitted.model.get_layer(LAST_LAYER).bias
    bias.assign(bias + np.log((1 - share) / share))
    as_trained = predictions(fitted.model, train)
    means = [as_trained[train.label == label].mean() for label in (0, 1)]
    assert np.mean(means) == pytest.approx(0.5, abs=0.05)


def test_unweighed_classes_need_no_correction():
    train, held_out = make_split(2000, 2, 0.06), make_split(500, 3, 0.06)
    fitted = fit_line(training(class_weights="none"), train, held_out)
    assert predictions(fitted.model, train).mean() == pytest.approx(0.06, abs=0.02)


def test_the_network_is_calibrated_too(fit):
    train, held_out = make_split(2000, 2, 0.08), make_split(500, 3, 0.08)
    model = fit(training(batch_size=100), train, held_out).model
    assert predictions(model, train).mean() == pytest.approx(train.label.mean(), abs=0.03)
    unknowing = -(0.08 * np.log(0.08) + 0.92 * np.log(0.92))
    assert log_loss(model, held_out) < unknowing


def test_several_weighed_classes_are_calibrated_to_their_shares(fit):
    uneven = (0.80, 0.15, 0.05)
    train, held_out = make_classes(3000, 2, uneven), make_classes(500, 3, uneven)
    settings = training(batch_size=100, max_epochs=6)
    assert np.ptp(problem_of(train, held_out, "multiclass").head(settings).correction()) > 2
    model = fit(settings, train, held_out, "multiclass").model
    means = predictions(model, train).mean(axis=0)
    np.testing.assert_allclose(means, shares(train), atol=0.02)
    unknowing = -np.sum(np.array(uneven) * np.log(uneven))
    assert log_loss(model, held_out) < 0.5 * unknowing


def test_a_served_model_has_the_trained_weights_and_the_heads_correction():
    head = Multiclass(np.repeat(np.float32([0, 1, 2]), (90, 9, 1)), 3, weigh=True)
    trained, plain = build_linear(INPUTS, head), build_linear(INPUTS, head)
    served = finish(trained, plain, head)
    assert served is plain
    *before, bias = trained.get_weights()
    *after, shifted = served.get_weights()
    np.testing.assert_equal(after, before)
    np.testing.assert_allclose(shifted - bias, np.log([2.7, 0.27, 0.03]), rtol=1e-5)


def test_classes_that_can_be_told_apart_are_told_apart_each_time_alike(tmp_path):
    train, held_out = make_classes(1500, 4), make_classes(500, 5)
    settings = training(max_epochs=6, learning_rate=0.05)
    first, again = (fit_in(tmp_path / k, settings, train, held_out, "multiclass") for k in "ab")
    p = predictions(first.model, held_out)
    assert np.mean(p.argmax(axis=1) == held_out.label) > 0.98  # chance makes a third
    assert log_loss(first.model, held_out) < 0.1  # and log(3)
    assert again.history == first.history
    np.testing.assert_allclose(predictions(again.model, held_out), p, rtol=0, atol=1e-6)


def test_numbers_that_can_be_told_are_told(fit):
    train, held_out = make_numbers(3000, 4), make_numbers(500, 5)
    settings = training(max_epochs=8, learning_rate=0.05)
    network = SMALL.model_copy(update={"hidden_units": (16,)})
    model = fit(settings, train, held_out, task="regression", network=network).model
    errors = predictions(model, held_out) - held_out.label
    assert held_out.label.std() > 1200
    assert np.sqrt(np.mean(errors**2)) < 200  # noise alone makes 100
    assert abs(errors.mean()) < 40
    # A line cannot know that it is |x|: 600 of the 1400 are left.
    line = fit_line(settings, train, held_out, task="regression").model
    left = np.sqrt(np.mean((predictions(line, held_out) - held_out.label) ** 2))
    assert 500 < left < 800


def test_numbers_in_another_unit_are_learned_alike():
    rows, others = make_numbers(300, 6), make_numbers(300, 6)
    others.label = others.label * 1000 + 5  # in the same order: a hash would give them another
    losses, answers = [], []
    for split in (rows, others):
        fitted = fit_line(training(max_epochs=2), split, split, task="regression")
        losses.append(fitted.history["val_loss"])
        answers.append(predictions(fitted.model, split))
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    np.testing.assert_allclose(answers[1], answers[0] * 1000 + 5, rtol=1e-3, atol=1)
    assert np.ptp(losses[0]) > 0.01


def test_training_stops_in_time_and_gives_back_its_best_weights(fit, tmp_path):
    # Few rows, large steps: what helps them soon hurts all others.
    settings = training(
        max_epochs=30, learning_rate=0.3, batch_size=10, early_stopping_patience=2, seed=3
    )
    fitted = fit(settings, make_split(20, 5), make_split(200, 6))
    losses = fitted.history["val_loss"]
    assert len(losses) == fitted.best_epoch + 2 < 30
    assert losses[-1] > losses[fitted.best_epoch - 1] == min(losses)
    assert eval_loss(fitted.model, make_split(200, 6)) == pytest.approx(fitted.best_loss, abs=1e-6)
    assert (fitted.best_loss, fitted.epochs) == (min(losses), len(losses))
    assert set(fitted.history) >= {"loss", "auc", "val_loss", "val_auc", "learning_rate"}
    assert list((tmp_path / "checkpoints").iterdir()) == []
    assert len(list((tmp_path / "logs").rglob("events.*"))) == 2


def test_the_linear_model_stops_by_the_same_rule():
    settings = training(max_epochs=40, batch_size=10, early_stopping_patience=1)
    fitted = fit_line(settings, make_split(20, 5), make_split(200, 9))
    losses = fitted.history["val_loss"]
    assert len(losses) == fitted.best_epoch + 1 < 40
    assert eval_loss(fitted.model, make_split(200, 9)) == pytest.approx(fitted.best_loss, abs=1e-6)
    assert (fitted.best_loss, fitted.epochs) == (min(losses), len(losses))


def test_an_infinite_feature_is_told():
    with pytest.raises(UserError, match=r"the training loss became (nan|inf) in epoch 1"):
        fit_line(training(), with_one(TRAIN, "x_xf", np.inf), HELD_OUT)


def test_an_infinite_feature_of_the_eval_split_is_told():
    with pytest.raises(UserError, match="eval"):
        fit_line(training(max_epochs=2), TRAIN, with_one(HELD_OUT, "x_xf", np.inf))


def test_an_infinite_number_to_predict_is_told():
    train, held_out = make_numbers(100, 0), make_numbers(100, 1)
    broken = with_one(train, "y_xf", np.inf)
    told = pytest.raises(UserError, match=r"the training loss became (nan|inf) in epoch 1")
    with told, np.errstate(invalid="ignore"):
        fit_line(training(), broken, held_out, task="regression")


def test_the_order_of_the_rows_does_not_change_the_model(fit):
    backwards = [
        Split({name: values[::-1] for name, values in columns.items()}, "y_xf")
        for columns in (make_columns(200, 0), make_columns(100, 1))
    ]
    first = predictions(fit(training(max_epochs=2)).model, HELD_OUT)
    again = predictions(fit(training(max_epochs=2), *backwards).model, HELD_OUT)
    np.testing.assert_allclose(again, first, rtol=0, atol=1e-6)
    assert np.ptp(again) > 0.1


@pytest.mark.parametrize(
    ("task", "head"),
    [("binary", Binary), ("multiclass", Multiclass), ("regression", Regression)],
)
def test_a_problem_has_the_head_of_its_task(task, head):
    problem = problem_of(MAKERS[task](60, 0), MAKERS[task](30, 1), task)
    answer = problem.head(training())
    assert type(answer) is head
    assert answer.units == (3 if task == "multiclass" else 1)


def test_a_problem_weighs_by_its_train_split_as_it_is_told():
    problem = problem_of(make_split(1000, 0, 0.05), make_split(500, 1, 0.5))
    share = problem.train.label.mean()
    weighed = problem.head(training(class_weights="auto")).row_weights(np.float32([0, 1]))
    np.testing.assert_allclose(weighed, [0.5 / (1 - share), 0.5 / share], rtol=1e-5)
    plain = problem.head(training(class_weights="none")).row_weights(np.float32([0, 1]))
    assert plain.tolist() == [1, 1]
