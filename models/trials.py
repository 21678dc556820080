"""What a search leaves behind: its trials, and values as KerasTuner holds them; no TensorFlow."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from models.settings import TrainerSettings
from usecase.search_space import Settings

LEAST_GAIN = 2.0
TRIALS_FILE = "trials.json"  # in the tuner_results artifact, beside TFX's own file


@dataclasses.dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        number: Its place in the search, from 1; the first has the configuration's own values.
        values: Dotted field to value, in JSON types.
        eval_loss: The model's loss on the eval split, without penalties; None where it failed.
        best_epoch: The epoch, from 1, whose weights were kept; 0 where it failed.
        epochs: The last epoch, from 1; 0 where it failed.
        seconds: Wall time.
        error: Why it failed; may be empty.
        gain: How much lower its loss is than that of the configuration's own values, in standard
            errors of the difference over the eval rows; None where one of the two failed.
    """

    number: int
    values: dict[str, Any]
    eval_loss: float | None
    best_epoch: int
    epochs: int
    seconds: float
    error: str = ""
    gain: float | None = None

    @property
    def is_own(self) -> bool:
        """Whether it has the configuration's own values."""
        return self.number == 1


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Returns the chosen trial, then the others, the best first, those that failed last.

    The lowest loss is chosen, but not in place of the configuration's own values unless it is lower
    by `LEAST_GAIN` standard errors: the luckiest of ten equals is, on average, 1.5 better.
    """
    order = sorted(trials, key=lambda t: (_loss(t), t.number))
    if own := next((t for t in order if t.is_own and t.eval_loss is not None), None):
        better = [t for t in order if t.gain is not None and t.gain >= LEAST_GAIN]
        chosen = next(iter(better), own)
        order.remove(chosen)
        order.insert(0, chosen)
    return order


def _loss(trial: Trial) -> float:
    return math.inf if trial.eval_loss is None else trial.eval_loss


def write_trials(trials: Iterable[Trial], folder: str | Path) -> None:
    """Writes the trials into a folder, the chosen one first."""
    text = json.dumps([dataclasses.asdict(trial) for trial in ranked(trials)], indent=1)
    (Path(folder) / TRIALS_FILE).write_text(text + "\n", encoding="utf-8")


def read_trials(folder: str | Path) -> tuple[Trial, ...]:
    """Reads the trials of a folder, the chosen one first.

    Raises:
        FileNotFoundError: If the folder holds none.
    """
    raw = json.loads((Path(folder) / TRIALS_FILE).read_text(encoding="utf-8"))
    return tuple(Trial(**trial) for trial in raw)


def tuned(own: TrainerSettings, hyperparameters: Mapping[str, Any] | None) -> TrainerSettings:
    """Returns settings with the values that a Tuner found best.

    Args:
        own: The configuration's own settings.
        hyperparameters: KerasTuner's configuration; None where nothing was tuned.

    Raises:
        ConfigError: If a field does not exist, or refuses its value.
    """
    values = decoded(hyperparameters["values"]) if hyperparameters else {}
    best = Settings(own.network, own.training).changed(values)
    return own.model_copy(update=best._asdict())


def encoded(value: Any) -> Any:
    """Returns a value as KerasTuner takes it: text, a number, or the JSON of a list."""
    return json.dumps(value) if isinstance(value, list | tuple) else value


def decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns KerasTuner's values with lists in place of their JSON."""
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] == "[" else value
        for name, value in values.items()
    }
