"""What a search leaves behind: its trials, and values as KerasTuner holds them; no TensorFlow."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from models.settings import TrainerSettings
from usecase.search_space import Settings

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
    """

    number: int
    values: dict[str, Any]
    eval_loss: float | None
    best_epoch: int
    epochs: int
    seconds: float
    error: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it has the configuration's own values."""
        return self.number == 1


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """Returns the trials, the best first, those that failed last; of equals the earlier first."""

    def rank(trial: Trial) -> tuple[float, int]:
        return math.inf if trial.eval_loss is None else trial.eval_loss, trial.number

    return sorted(trials, key=rank)


def write_trials(trials: Iterable[Trial], folder: str | Path) -> None:
    """Writes the trials into a folder, the best first."""
    text = json.dumps([dataclasses.asdict(trial) for trial in ranked(trials)], indent=1)
    (Path(folder) / TRIALS_FILE).write_text(text + "\n", encoding="utf-8")


def read_trials(folder: str | Path) -> tuple[Trial, ...]:
    """Reads the trials of a folder, the best first.

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
