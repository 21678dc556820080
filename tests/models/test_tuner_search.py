"""The search as a whole: failures, ties, seeds; nothing is trained, the loss is a function."""

import numpy as np
import pytest

from models.accelerators import pick
from models.fitting import Fitted
from models.trials import Trial, ranked, read_trials, write_trials
from models.tuner import Search, _gain
from tests.models.searches import NETWORK, PROBLEM, TRAINING, settings_of
from usecase.errors import UserError
from usecase.search_space import Settings
from usecase.tuning import Range


@pytest.fixture
def pretend(tmp_path, monkeypatch, capsys):
    """Returns a function that searches with `loss(settings)` in place of a training."""

    def pretend(loss, own=NETWORK, training=TRAINING, **tuning):
        def fit(problem, network, training, accelerator, **folders):
            wanted = loss(Settings(network, training))

            def model(features, training):
                # Every row gets the probability of its own label that has this loss.
                right = np.exp(-wanted)
                labels = problem.held_out.label
                return np.where(labels == 1, right, 1 - right).astype(np.float32)

            return Fitted(model, 2, 9.0, 5, {})

        monkeypatch.setattr("models.tuner.fit_network", fit)
        given = settings_of(**tuning).model_copy(update={"network": own, "training": training})
        search = Search(PROBLEM, given, pick("float32"), str(tmp_path / "search"))
        try:
            search.search()
        finally:
            assert capsys.readouterr().out == ""
        return search

    return pretend


DROPOUT = {"network.dropout": (0.1, 0.2, 0.3, 0.4)}


def diverging(*dropouts):
    def loss(settings):
        if settings.network.dropout in dropouts:
            raise UserError("the training loss became nan in epoch 1")
        return settings.network.dropout

    return loss


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_a_trial_that_diverges_counts_as_failed(pretend, algorithm):
    search = pretend(diverging(0.1, 0.3), space=DROPOUT, trials=4, algorithm=algorithm)
    by_dropout = {t.values["network.dropout"]: t for t in search.trials}
    assert set(by_dropout) == {0.1, 0.2, 0.3, 0.4}
    for dropout in (0.1, 0.3):
        failed = by_dropout[dropout]
        assert (failed.eval_loss, failed.epochs, failed.best_epoch) == (None, 0, 0)
        assert failed.error == "the training loss became nan in epoch 1"
    assert by_dropout[0.2].eval_loss == pytest.approx(0.2, abs=1e-5)
    assert (by_dropout[0.2].epochs, by_dropout[0.2].best_epoch) == (5, 2)
    assert [t.values["network.dropout"] for t in ranked(search.trials)][:2] == [0.2, 0.4]
    assert search.get_best_hyperparameters()[0].values == {"network.dropout": 0.2}


def test_many_failures_in_a_row_do_not_end_the_search(pretend):
    space = {"network.dropout": tuple(k / 20 for k in range(1, 15))}
    failing = [k / 20 for k in range(1, 14)]
    search = pretend(diverging(*failing), space=space, trials=14)
    assert len(search.trials) == 14
    assert search.get_best_hyperparameters()[0].values == {"network.dropout": 0.7}


def test_an_eval_loss_that_is_not_finite_is_a_failure(pretend):
    def loss(settings):
        return float("nan") if settings.network.dropout == 0.1 else 0.5

    search = pretend(loss, space=DROPOUT, trials=4)
    assert [t.error for t in search.trials if t.eval_loss is None] == ["the eval loss is nan"]
    assert not ranked(search.trials)[0].is_own


def test_if_all_fail_so_does_the_search(pretend):
    with pytest.raises(UserError) as caught:
        pretend(diverging(0.1, 0.2, 0.3, 0.4), space=DROPOUT, trials=4)
    assert caught.value.what == (
        "all 4 trials failed; the first: the training loss became nan in epoch 1"
    )
    assert "tuning.space" in caught.value.fix


def test_what_nobody_foresaw_ends_the_search_as_itself(pretend):
    def loss(settings):
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        pretend(loss, space=DROPOUT, trials=4)


def test_of_equals_the_configuration_s_own_values_win(pretend):
    search = pretend(lambda settings: 0.25, space=DROPOUT, trials=4)
    assert ranked(search.trials)[0].is_own
    assert search.get_best_hyperparameters()[0].values == {"network.dropout": 0.1}


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_own_values_outside_of_the_space_are_tried_as_they_are(pretend, algorithm):
    tried = []

    def loss(settings):
        tried.append(settings.network.l2)
        return 0.1 if settings.network.l2 == 0 else 0.5

    space = {"network.l2": Range(min=1e-6, max=1e-3, log=True)}
    own = NETWORK.model_copy(update={"l2": 0.0})
    search = pretend(loss, own=own, space=space, trials=6, algorithm=algorithm)
    assert tried[0] == 0.0
    assert min(tried[1:]) >= 1e-6
    assert search.trials[0].values == {"network.l2": 0.0}
    assert search.get_best_hyperparameters()[0].values == {"network.l2": 0.0}


@pytest.mark.parametrize(
    ("training_seed", "tuning_seed", "same"),
    [(42, None, True), (42, 42, True), (1, 42, True), (42, 1, False), (1, None, False)],
)
def test_the_seed_of_a_search_is_the_training_s_unless_it_has_its_own(
    pretend, training_seed, tuning_seed, same
):
    def tried(training_seed, seed=None):
        space = {"network.dropout": Range(min=0.0, max=0.9)}
        training = TRAINING.model_copy(update={"seed": training_seed})
        search = pretend(lambda _: 0.5, training=training, space=space, trials=4, seed=seed)
        return [trial.values["network.dropout"] for trial in search.trials]

    assert (tried(training_seed, tuning_seed) == tried(42)) is same


def of(number, loss, gain=None):
    return Trial(number, {"network.hidden_units": [number]}, loss, 2, 4, 1.5, gain=gain)


def test_trials_on_disk_are_in_their_order(tmp_path):
    failed = Trial(2, {"network.hidden_units": []}, None, 0, 0, 0.5, "nan")
    trials = [of(1, 0.5, 0.0), failed, of(3, 0.25, 3.0), of(4, 0.5, 0.0)]
    write_trials(trials, tmp_path)
    assert read_trials(tmp_path) == (trials[2], trials[0], trials[3], trials[1])


@pytest.mark.parametrize(
    ("trials", "numbers"),
    [
        ([of(1, 0.5, 0.0), of(2, 0.4, 1.9), of(3, 0.45, 1.5)], [1, 2, 3]),  # chance would do it
        ([of(1, 0.5, 0.0), of(2, 0.4, 1.9), of(3, 0.45, 2.0)], [3, 2, 1]),  # small, and sure
        ([of(1, 0.5, 0.0), of(2, 0.4, 2.0), of(3, 0.45, 2.5)], [2, 3, 1]),
        ([of(1, 0.5, 0.0), of(2, 0.6, -3.0)], [1, 2]),
        ([of(1, None), of(2, 0.6), of(3, 0.5)], [3, 2, 1]),  # nothing to be held against
    ],
)
def test_own_values_give_way_only_to_what_is_surely_better(trials, numbers):
    assert [trial.number for trial in ranked(trials)] == numbers


def test_gain_is_the_paired_difference_in_standard_errors():
    own, losses = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 1.0, 3.5, 3.0])
    difference = own - losses
    expected = difference.mean() / (difference.std() / 2)
    assert _gain(own, losses) == pytest.approx(expected)
    assert _gain(losses, own) == pytest.approx(-expected)
    assert _gain(own, own) == 0.0
    assert _gain(None, losses) is None
    assert _gain(own, None) is None
