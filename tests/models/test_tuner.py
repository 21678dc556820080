"""The search: what a trial trains, what it is judged by, and that the Trainer trains the same."""

import json
import logging
import types

import numpy as np
import pytest

from models import trainer
from models.accelerators import pick
from models.fitting import fit_network
from models.progress import LOGGER
from models.settings import TrainerSettings
from models.trials import ranked, tuned
from models.tuner import Search, eval_losses
from tests.models.searches import DECLARATION, NETWORK, PROBLEM, TRAINING, log_loss, settings_of
from usecase.errors import ConfigError
from usecase.search_space import Settings

OWN = TrainerSettings(
    declaration=DECLARATION, network=NETWORK, training=TRAINING, checkpoint_dir=""
)


class Searched:
    """A search that has been made, with the models of its trials and all that it said."""

    def __init__(self, folder, monkeypatch, **tuning):
        self.folder, self.models, self.progress = folder, [], []

        def fit(*args, **kwargs):
            fitted = fit_network(*args, **kwargs)
            self.models.append(fitted.model)
            return fitted

        monkeypatch.setattr("models.tuner.fit_network", fit)
        handler = logging.Handler()
        handler.emit = lambda record: self.progress.append((record.progress, record.getMessage()))
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        self.search = Search(PROBLEM, settings_of(**tuning), pick("float32"), str(folder))
        self.search.search()
        LOGGER.removeHandler(handler)
        self.trials = self.search.trials
        (self.best,) = self.search.get_best_hyperparameters()


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def searched(tmp_path_factory, patch):
    return Searched(tmp_path_factory.mktemp("search"), patch)


def test_the_first_trial_has_the_configuration_s_own_values(searched):
    own, *others = searched.trials
    assert own.values == {"training.learning_rate": 3e-3, "network.hidden_units": [8]}
    assert (own.number, own.is_own) == (1, True)
    assert [(t.number, t.is_own) for t in others] == [(2, False), (3, False)]
    assert all(t.values != own.values for t in others)


def test_a_trial_is_judged_by_the_loss_of_the_eval_rows_alone(searched):
    losses = [log_loss(model, PROBLEM.held_out) for model in searched.models]
    assert [t.eval_loss for t in searched.trials] == pytest.approx(losses, abs=1e-5)
    assert len(set(losses)) == 3


def test_neither_the_penalty_nor_the_class_weights_count(tmp_path):
    heavy = Settings(NETWORK.model_copy(update={"l2": 0.3}), TRAINING)
    folders = {"checkpoint_dir": str(tmp_path / "c"), "tensorboard_dir": str(tmp_path / "t")}
    fitted = fit_network(PROBLEM, *heavy, pick("float32"), **folders)
    found = eval_losses(fitted.model, PROBLEM, heavy).mean()
    assert found == pytest.approx(log_loss(fitted.model, PROBLEM.held_out), abs=1e-5)
    assert abs(fitted.best_loss - found) > 0.1


def test_the_best_trial_is_what_tfx_is_told(searched):
    best = min(searched.trials, key=lambda trial: trial.eval_loss)
    assert ranked(searched.trials)[0] == best
    told = tuned(OWN, json.loads(json.dumps(searched.best.get_config())))
    assert told.training.learning_rate == best.values["training.learning_rate"]
    assert list(told.network.hidden_units) == best.values["network.hidden_units"]
    # All else stays as it was.
    assert told.network.l2 == NETWORK.l2
    assert told.training.seed == TRAINING.seed


def test_a_second_search_finds_the_same(searched, tmp_path, monkeypatch):
    again = Searched(tmp_path, monkeypatch)
    for one, other in zip(searched.trials, again.trials, strict=True):
        assert (one.values, one.epochs, one.best_epoch) == (
            other.values,
            other.epochs,
            other.best_epoch,
        )
        assert one.eval_loss == pytest.approx(other.eval_loss, abs=1e-6)


def train(folder, monkeypatch, hyperparameters):
    """Runs what the Trainer runs, on these rows; returns the network."""
    saved = []
    monkeypatch.setattr(trainer, "read_problem", lambda *_: PROBLEM)
    monkeypatch.setattr(trainer.tft, "TFTransformOutput", lambda _: None)
    monkeypatch.setattr(trainer, "ServingModule", lambda model, *_: model)
    monkeypatch.setattr(trainer, "save", lambda model, *_: saved.append(model))
    given = OWN.model_copy(update={"checkpoint_dir": str(folder / "checkpoints")})
    trainer.run_fn(
        types.SimpleNamespace(
            custom_config={"settings": given.model_dump_json()},
            transform_output="",
            hyperparameters=hyperparameters,
            model_run_dir=str(folder / "run"),
            serving_model_dir=str(folder / "model" / "Format-Serving"),
        )
    )
    return saved[0]


def test_the_trainer_trains_the_best_trial_s_model(searched, tmp_path, monkeypatch):
    best = ranked(searched.trials)[0]
    assert best.number > 1, "the search is to find something here"
    model = searched.models[best.number - 1]
    trained = train(tmp_path, monkeypatch, searched.best.get_config())
    for one, other in zip(trained.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    history = json.loads((tmp_path / "run" / "training.json").read_text())
    assert (history["best_epoch"], history["epochs"]) == (best.best_epoch, best.epochs)


def test_without_a_tuner_the_trainer_trains_the_own_values(searched, tmp_path, monkeypatch):
    trained = train(tmp_path, monkeypatch, None)
    for one, other in zip(trained.get_weights(), searched.models[0].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_progress_says_which_trial_it_is_of(searched):
    places = [(p["trial"], p["trials"], p["epoch"]) for p, _ in searched.progress]
    assert {place[:2] for place in places} == {(1, 3), (2, 3), (3, 3)}
    assert places == sorted(places)
    assert all("seconds_left" not in p for p, _ in searched.progress)
    assert searched.progress[-1][1].startswith("trial 3/3 epoch 3/3 loss ")


def test_a_search_leaves_neither_checkpoints_nor_logs(searched):
    left = {p.name for p in searched.folder.rglob("*") if p.is_file()}
    assert left == {"oracle.json", "tuner0.json", "trial.json"}


def test_a_training_that_diverges_does_not_end_the_search(tmp_path, monkeypatch):
    space = {"training.learning_rate": (1e30,)}
    searched = Searched(tmp_path, monkeypatch, space=space, trials=2)
    own, failed = searched.trials
    assert own.eval_loss == pytest.approx(log_loss(searched.models[0], PROBLEM.held_out), abs=1e-5)
    assert failed.values == {"training.learning_rate": 1e30}
    assert failed.eval_loss is None
    assert "loss became" in failed.error
    assert searched.best.values == {"training.learning_rate": 3e-3}


def test_hyperparameters_of_nothing_known_are_refused():
    assert tuned(OWN, None) == OWN
    with pytest.raises(ConfigError, match='"network\\.wdith"'):
        tuned(OWN, {"values": {"network.wdith": 3}})
    with pytest.raises(ConfigError, match="less than 1"):
        tuned(OWN, {"values": {"network.dropout": 1.0}})
