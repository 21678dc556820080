"""What outlives an interrupted training: the weights of its best epoch."""

import json
import math
from pathlib import Path

import keras


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch on disk, across interruptions.

    Attributes:
        epoch: The best epoch so far, from 1; 0 before the first.
        loss: Its loss on the eval split.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._weights = folder / "best.weights.h5"
        self._record = folder / "best.json"
        self.epoch: int = 0
        self.loss: float = math.inf
        if self._record.exists():
            self.epoch, self.loss = json.loads(self._record.read_text())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the weights if the epoch is the best one so far."""
        loss = float((logs or {}).get("val_loss", math.inf))
        if loss < self.loss:
            self.epoch, self.loss = epoch + 1, loss
            self.model.save_weights(self._weights)
            self._record.write_text(json.dumps([self.epoch, self.loss]))

    def restore(self, model: keras.Model) -> None:
        """Gives a model the best epoch's weights."""
        if self.epoch:
            model.load_weights(self._weights)
