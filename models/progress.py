"""How training tells how far it is: log records that any console may pick up."""

import contextlib
import contextvars
import logging
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import keras

LOGGER = logging.getLogger("pipeline.progress")
SECONDS_BETWEEN_RECORDS = 0.3
_TRIAL: contextvars.ContextVar[Mapping[str, int] | None] = contextvars.ContextVar(
    "trial", default=None
)


@contextlib.contextmanager
def of_trial(number: int, trials: int) -> Iterator[None]:
    """Within it, progress is that of one trial of several: no one knows how long the rest takes.

    Args:
        number: The trial, from 1.
        trials: The number of trials.
    """
    token = _TRIAL.set({"trial": number, "trials": trials})
    try:
        yield
    finally:
        _TRIAL.reset(token)


class ProgressLogger(keras.callbacks.Callback):
    """Logs epoch, loss, steps per second and time left; `record.progress` holds them as a dict.

    Args:
        epochs: The largest number of epochs.
        steps: Batches an epoch.
    """

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self._epochs = epochs
        self._steps = steps
        self._epoch = 0
        self._first_epoch: int | None = None
        self._done = 0
        self._started = self._last = time.monotonic()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch
        if self._first_epoch is None:  # not 0 where an interrupted training goes on
            self._first_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Logs every fraction of a second."""
        self._done = self._epoch * self._steps + batch + 1
        if time.monotonic() - self._last > SECONDS_BETWEEN_RECORDS:
            self._log(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Logs at the end of each epoch."""
        self._done = (epoch + 1) * self._steps
        self._log(self._steps, logs or {})

    def _log(self, step: int, logs: dict[str, float]) -> None:
        self._last = time.monotonic()
        before = (self._first_epoch or 0) * self._steps
        rate = (self._done - before) / max(self._last - self._started, 1e-9)
        left = (self._epochs * self._steps - self._done) / max(rate, 1e-9)
        progress: dict[str, Any] = {
            "epoch": self._epoch + 1,
            "epochs": self._epochs,
            "step": step,
            "steps": self._steps,
            "loss": float(logs.get("loss", math.nan)),
            "steps_per_second": rate,
            "seconds_left": left,
        }
        text = "epoch %(epoch)d/%(epochs)d loss %(loss).4f %(steps_per_second).0f steps/s"
        if trial := _TRIAL.get():
            del progress["seconds_left"]
            progress |= trial
            text = "trial %(trial)d/%(trials)d " + text
        LOGGER.info(text, progress, extra={"progress": progress})
