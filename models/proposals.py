"""What is tried next: KerasTuner's algorithms, begun at the configuration's own values."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as keras_hp

from models.trials import decoded, encoded
from usecase.search_space import Dimension
from usecase.tuning import Tuning

OBJECTIVE = "eval_loss"
MOST_DRAWS = 1000  # that may bring nothing new, before a space counts as exhausted
LEAST_POINTS = 3  # for a Gaussian process


class RandomOracle(keras_tuner.Oracle):
    """Proposes the configuration's own values, then draws: numbers with few digits, none twice.

    Args:
        space: The dimensions.
        tuning: Algorithm and number of trials.
        seed: Of all that is drawn.
        options: Of the algorithm.
    """

    def __init__(
        self, space: Sequence[Dimension], tuning: Tuning, seed: int, **options: Any
    ) -> None:
        self._space = {dimension.name: dimension for dimension in space}
        self._draws = random.Random(seed)  # noqa: S311, no secret
        self._tried: set[str] = set()
        hyperparameters = keras_tuner.HyperParameters()
        hyperparameters.merge([_hyperparameter(dimension) for dimension in space])
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "min"),
            max_trials=tuning.trials,
            hyperparameters=hyperparameters,
            seed=seed + 1,  # KerasTuner takes 0 for none
            max_consecutive_failed_trials=tuning.trials + 1,  # whether all failed is asked later
            **options,
        )
        self.verbose = 0

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns KerasTuner's answer: the values of the next trial, or that there is no more."""
        for values in self._candidates(trial_id):
            short = {name: self._space[name].rounded(value) for name, value in values.items()}
            text = json.dumps(self._true(short), sort_keys=True)
            if text not in self._tried:
                self._tried.add(text)
                return {"status": "RUNNING", "values": short}
        return {"status": "STOPPED", "values": None}

    def own(self) -> dict[str, Any]:
        """Returns the configuration's own values, as KerasTuner takes them."""
        return {name: encoded(dimension.own) for name, dimension in self._space.items()}

    def propose(self, trial_id: str) -> dict[str, Any] | None:
        """Returns what the algorithm would try next; None for a draw."""
        return None

    def _candidates(self, trial_id: str) -> Iterator[dict[str, Any]]:
        if not self._tried:
            yield {hp.name: hp.default for hp in self.hyperparameters.space}
        elif (proposed := self.propose(trial_id)) is not None:
            yield proposed
        for _ in range(MOST_DRAWS):
            yield {
                hp.name: hp.prob_to_value(self._draws.random()) for hp in self.hyperparameters.space
            }

    def _true(self, values: dict[str, Any]) -> dict[str, Any]:
        """Returns what the trial will train with."""
        return decoded(values) if self._tried else decoded(self.own())


class BayesianOracle(RandomOracle, keras_tuner.oracles.BayesianOptimizationOracle):
    """Draws the first values, then asks a Gaussian process where the best could be."""

    def __init__(self, space: Sequence[Dimension], tuning: Tuning, seed: int) -> None:
        self._points = max(LEAST_POINTS, tuning.trials // 3)
        super().__init__(space, tuning, seed, num_initial_points=self._points)

    def propose(self, trial_id: str) -> dict[str, Any] | None:
        """Returns where the Gaussian process expects most; None while it knows too little."""
        known = [trial for trial in self.trials.values() if trial.status == "COMPLETED"]
        if len(known) < self._points:
            return None
        values: dict[str, Any] = super(RandomOracle, self).populate_space(trial_id)["values"]
        return values


def oracle_of(space: Sequence[Dimension], tuning: Tuning, seed: int) -> RandomOracle:
    """Returns the algorithm that the configuration names."""
    kind = BayesianOracle if tuning.algorithm == "bayesian" else RandomOracle
    return kind(space, tuning, seed)


def _hyperparameter(dimension: Dimension) -> Any:
    """Returns a dimension in KerasTuner's terms; its default is the own value, or next to it."""
    name, bounds = dimension.name, dimension.range
    if bounds is None:
        choices = [encoded(choice) for choice in dimension.choices]
        return keras_hp.Choice(name, choices, default=encoded(dimension.own))
    kind = keras_hp.Int if isinstance(bounds.min, int) else keras_hp.Float
    return kind(
        name,
        min_value=bounds.min,
        max_value=bounds.max,
        step=bounds.step,
        sampling="log" if bounds.log else "linear",
        default=min(max(dimension.own, bounds.min), bounds.max),
    )
