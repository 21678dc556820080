"""What a search tries next, on a function that costs nothing."""

import math

import keras_tuner
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_tuner.engine import base_tuner

from models.proposals import OBJECTIVE, oracle_of
from models.trials import decoded, encoded
from usecase.config import Network, Training
from usecase.search_space import Settings, dimensions
from usecase.tuning import Range, Tuning

SPACE = {
    "network.dropout": Range(min=0.0, max=0.9),
    "network.l2": Range(min=1e-6, max=1e-1, log=True),
    "network.hidden_units": ([8], [64, 32], [16, 4]),
    "training.batch_size": Range(min=16, max=64, step=16),
}
OWN = Settings(Network(), Training(batch_size=32))


class Fake(base_tuner.BaseTuner):
    """Searches the lowest value of a function of the values."""

    def __init__(self, folder, tuning, seed=1, own=OWN, score=lambda values: 0.0):
        self.tried, self._score = [], score
        oracle = oracle_of(dimensions(tuning, own), tuning, seed)
        super().__init__(oracle, directory=str(folder), project_name="fake", overwrite=True)

    def run_trial(self, trial, **_):
        values = decoded(trial.hyperparameters.values)
        self.tried.append(values)
        return {OBJECTIVE: self._score(values)}


@pytest.fixture
def tried(tmp_path, capsys):
    def tried(seed=1, own=OWN, score=lambda values: 0.0, **tuning):
        fake = Fake(tmp_path, Tuning(**{"space": SPACE, **tuning}), seed, own, score)
        fake.search()
        assert capsys.readouterr().out == ""
        return fake.tried

    return tried


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
@pytest.mark.parametrize("seed", [0, 7])
def test_the_own_values_come_first_then_others_of_the_space(tried, algorithm, seed):
    first, *others = tried(algorithm=algorithm, seed=seed, trials=12)
    assert first == {
        "network.dropout": 0.1,
        "network.l2": 1e-5,
        "network.hidden_units": [64, 32],
        "training.batch_size": 32,
    }
    assert len(others) == 11
    for values in others:
        assert 0 <= values["network.dropout"] <= 0.9
        assert 1e-6 <= values["network.l2"] <= 1e-1
        assert values["network.hidden_units"] in [[8], [64, 32], [16, 4]]
        assert values["training.batch_size"] in (16, 32, 48, 64)
        assert len(f"{values['network.l2']:e}".partition("e")[0].rstrip("0")) <= 5
    assert len({v["network.dropout"] for v in others}) > 5
    assert len({v["training.batch_size"] for v in others}) > 1


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_a_seed_says_what_is_tried(tried, algorithm):
    def score(values):
        return values["network.dropout"]

    made = [tried(algorithm=algorithm, seed=s, score=score, trials=8) for s in (0, 0, 1)]
    assert made[0] == made[1]
    assert made[0][0] == made[2][0]
    assert made[0][1:] != made[2][1:]


def test_logarithms_spread_over_orders_of_magnitude(tried):
    found = [math.log10(v["network.l2"]) for v in tried(trials=60)]
    below = sum(x < -3.5 for x in found)
    assert 15 < below < 45


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
@pytest.mark.parametrize("own", [0.1, 0.7])
def test_a_small_space_is_searched_whole_and_only_once(tried, algorithm, own):
    space = {"network.dropout": (0.1, 0.2, 0.3), "network.activation": ("relu", "tanh")}
    network = Network(dropout=own)
    found = tried(algorithm=algorithm, space=space, trials=50, own=OWN._replace(network=network))
    pairs = [(v["network.dropout"], v["network.activation"]) for v in found]
    assert pairs[0] == (own, "relu")
    assert len(pairs) == len(set(pairs)) == 2 * len({0.1, 0.2, 0.3, own})


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_own_values_outside_of_a_range_do_not_break_the_search(tried, algorithm, l2):
    own = OWN._replace(network=Network(l2=l2))
    found = tried(algorithm=algorithm, own=own, trials=8)
    assert len(found) == 8
    # KerasTuner is shown the nearest; what is trained with is the search's to say.
    assert found[0]["network.l2"] == {0.0: 1e-6, 0.5: 1e-1}[l2]


def test_whole_numbers_reach_both_ends(tried):
    space = {"network.embedding_size": Range(min=3, max=5)}
    found = tried(space=space, trials=9)
    assert sorted(v["network.embedding_size"] for v in found) == [3, 4, 5, 5]


def test_one_trial_has_the_own_values(tried):
    assert len(tried(trials=1)) == 1


def test_a_gaussian_process_finds_the_valley(tried):
    def score(values):
        return (values["network.dropout"] - 0.63) ** 2

    space = {"network.dropout": SPACE["network.dropout"]}
    found = tried(algorithm="bayesian", space=space, trials=12, score=score)
    # A third is drawn: what comes after gathers where the function is low.
    late = [abs(v["network.dropout"] - 0.63) for v in found[6:]]
    assert min(late) < 0.03
    assert sum(late) / len(late) < 0.15


@given(
    st.one_of(
        st.integers(),
        st.floats(allow_nan=False),
        st.sampled_from(["relu", "none"]),
        st.lists(st.integers()),
    )
)
def test_values_come_back_from_keras_tuner_as_they_went(value):
    assert isinstance(encoded(value), int | float | str)
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Choice("x", [encoded(value)])
    assert decoded(hyperparameters.get_config()["values"]) == {"x": value}
