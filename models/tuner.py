"""What the Tuner runs: a search, each trial of which trains as the Trainer would."""

import math
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import keras_tuner
import numpy as np
import tensorflow_transform as tft
from keras_tuner.engine import base_tuner
from tfx.components.tuner.component import TunerFnResult

from models.accelerators import Accelerator, pick
from models.fitting import Fitted, Problem, fit_network
from models.progress import of_trial
from models.proposals import OBJECTIVE, oracle_of
from models.settings import TunerSettings
from models.trainer import read_problem
from models.trials import Trial, decoded, ranked
from usecase.errors import UserError
from usecase.search_space import Settings, dimensions

if TYPE_CHECKING:
    from tfx.components import FnArgs

EVAL_BATCH = 8192


def tuner_fn(fn_args: "FnArgs") -> TunerFnResult:
    """Returns the search, called by TFX's Tuner.

    Args:
        fn_args: TFX's arguments; `custom_config["settings"]` is the JSON of `TunerSettings`.

    Raises:
        UserError: If a label is missing, or what is configured does not fit the hardware.
    """
    settings = TunerSettings.model_validate_json(fn_args.custom_config["settings"])
    accelerator = pick(settings.training.precision)  # before anything else, as in the Trainer
    # Before anything else that TensorFlow does: workers can only be joined then.
    accelerator = pick(settings.training.precision)
    transform_output = tft.TFTransformOutput(fn_args.transform_graph_path)
    problem = read_problem(fn_args, settings.declaration, transform_output)
    search = Search(problem, settings, accelerator, fn_args.working_dir)
    return TunerFnResult(tuner=search, fit_kwargs={})


class Search(base_tuner.BaseTuner):
    """Trains the network with one set of values after the other.

    Args:
        problem: Inputs, label and rows.
        settings: The search, and where it begins.
        accelerator: What to train on.
        accelerator: What to train on.
        folder: For KerasTuner's files, checkpoints and logs; nothing in it outlives the search.

    Attributes:
        trials: The trials so far, in their order.
    """

    def __init__(
        self, problem: Problem, settings: TunerSettings, accelerator: Accelerator, folder: str
    ) -> None:
        self._problem = problem
        self._accelerator = accelerator
        self._own = Settings(settings.network, settings.training)
        self._space = dimensions(settings.tuning, self._own)
        self._scratch = Path(folder) / "trial"
        self.trials: list[Trial] = []
        self._own_losses: np.ndarray | None = None
        seed = settings.training.seed if settings.tuning.seed is None else settings.tuning.seed
        oracle = oracle_of(self._space, settings.tuning, seed)
        super().__init__(oracle, directory=folder, project_name="search", overwrite=True)

    def run_trial(self, trial: keras_tuner.engine.trial.Trial, **_: Any) -> dict[str, float]:
        """Trains once; returns the loss on the eval split.

        Raises:
            FailedTrialError: If training diverged; the search goes on.
            FatalError: If something else went wrong, which ends the search.
        """
        number = len(self.trials) + 1
        values = {} if number == 1 else decoded(trial.hyperparameters.values)
        settings = self._own.changed(values)
        started = time.monotonic()
        try:
            with of_trial(number, self.oracle.max_trials):
                fitted = self._fit(settings)
            losses = eval_losses(fitted.model, self._problem, settings)
        except UserError as error:
            self._note(settings, time.monotonic() - started, error=error.what)
            raise keras_tuner.errors.FailedTrialError(error.what) from error
        except Exception as error:
            raise keras_tuner.errors.FatalError(str(error)) from error
        self._note(settings, time.monotonic() - started, fitted=fitted, losses=losses)
        return {OBJECTIVE: float(losses.mean())}

    def search(self, *args: Any, **options: Any) -> None:
        """Runs every trial.

        Raises:
            UserError: If all trials failed.
            Exception: Whatever else went wrong in one.
        """
        try:
            super().search(*args, **options)
        except keras_tuner.errors.FatalError as error:
            raise error.__cause__ or error from None
        if all(trial.eval_loss is None for trial in self.trials):
            raise UserError(
                f"all {len(self.trials)} trials failed; the first: {self.trials[0].error}",
                expected="one trial, at least, that can be trained",
                fix="mend the configuration's own values, or tuning.space",
            )

    def on_search_end(self) -> None:
        """Gives the first trial its true values, of which the algorithm saw the nearest."""
        first = self.oracle.get_trial(self.oracle.start_order[0])
        first.hyperparameters.values = self.oracle.own()

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[Any]:
        """Returns the values of the first trials of `ranked`, of which TFX takes the first."""
        ids = [self.oracle.start_order[t.number - 1] for t in ranked(self.trials)[:num_trials]]
        return [self.oracle.get_trial(trial_id).hyperparameters for trial_id in ids]

    def _fit(self, settings: Settings) -> Fitted:
        # As the Trainer does it, so that the best trial's model is the one that it will train.
        keras.utils.set_random_seed(settings.training.seed)
        try:
            return fit_network(
                self._problem,
                *settings,
                self._accelerator,
                checkpoint_dir=str(self._scratch / "checkpoints"),
                tensorboard_dir=str(self._scratch / "logs"),
            )
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _note(
        self,
        settings: Settings,
        seconds: float,
        *,
        fitted: Fitted | None = None,
        losses: np.ndarray | None = None,
        error: str = "",
    ) -> None:
        if not self.trials:
            self._own_losses = losses
        values = {d.name: settings.value(d.name) for d in self._space}
        self.trials.append(
            Trial(
                number=len(self.trials) + 1,
                values={k: list(v) if isinstance(v, tuple) else v for k, v in values.items()},
                eval_loss=None if losses is None else float(losses.mean()),
                best_epoch=fitted.best_epoch if fitted else 0,
                epochs=fitted.epochs if fitted else 0,
                seconds=round(seconds, 3),
                error=error,
                gain=_gain(self._own_losses, losses),
            )
        )


def eval_losses(model: keras.Model, problem: Problem, settings: Settings) -> np.ndarray:
    """Returns the loss of each row of the eval split, float64 [rows], without any weights.

    `val_loss` will not do: it holds the L2 penalty, which a smaller `network.l2` makes smaller
    whatever the model predicts, and the class weights.

    Raises:
        UserError: If one is not finite.
    """
    head = problem.head(settings.training)
    losses = [
        keras.ops.convert_to_numpy(head.loss(label, model(features, training=False)))
        for features, label, _ in problem.held_out.batches(EVAL_BATCH)
    ]
    rows = np.concatenate(losses).astype(np.float64)
    if not np.isfinite(rows).all():
        raise UserError(f"the eval loss is {rows.mean()}", expected="a finite loss")
    return rows


def _gain(own: np.ndarray | None, losses: np.ndarray | None) -> float | None:
    """Returns how much lower losses are, in standard errors of the mean of paired differences."""
    if own is None or losses is None:
        return None
    difference = own - losses
    error = difference.std() / math.sqrt(len(difference))
    return float(difference.mean() / error) if error else 0.0
