"""What outlives an interrupted training: the weights of its best epoch, and those of its last.

A process may be killed while it writes, so nothing that is read later is written in place.
"""

import json
import math
import shutil
from pathlib import Path

import keras

from usecase.errors import UserError

# Files of keras.callbacks.BackupAndRestore, in the order in which it writes them, and what it adds
# to the names of those of the epoch before.
LAST_WEIGHTS = "latest.weights.h5"
LAST_METADATA = "training_metadata.json"
BEFORE = ".bkp"
INCOMING = "incoming.weights.h5"  # the best epoch's, while they are written


def last_epoch(folder: Path) -> keras.callbacks.BackupAndRestore:
    """Returns a callback that saves each epoch, and begins where the last whole one ended.

    Args:
        folder: Where it saves. What a killed process left half-written there gives way to the
            epoch before, or is removed.
    """
    if not _is_whole(folder, ""):
        if _is_whole(folder, BEFORE):
            for name in (LAST_WEIGHTS, LAST_METADATA):
                (folder / f"{name}{BEFORE}").replace(folder / name)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return _LastEpoch(str(folder), double_checkpoint=True, delete_checkpoint=False)


class _LastEpoch(keras.callbacks.BackupAndRestore):
    """Says so where the weights on disk are those of another network."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begins where the last epoch ended.

        Raises:
            UserError: If its weights do not fit.
        """
        try:
            super().on_train_begin(logs)
        except ValueError as error:
            raise UserError(
                f"the checkpoints of this training do not fit its network: {self.backup_dir}",
                expected="weights of the same layers and shapes",
                fix="run the same again: they are removed, and it trains from its first epoch",
            ) from error


def _is_whole(folder: Path, ending: str) -> bool:
    """Returns whether the metadata, which are written last, belong to the weights beside them."""
    weights, metadata = (folder / f"{name}{ending}" for name in (LAST_WEIGHTS, LAST_METADATA))
    try:
        json.loads(metadata.read_text(encoding="utf-8"))
        return metadata.stat().st_mtime_ns >= weights.stat().st_mtime_ns
    except (OSError, ValueError):
        return False


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch on disk, across interruptions.

    Attributes:
        epoch: The best epoch so far, from 1; 0 before the first.
        loss: Its loss on the eval split.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._record = folder / "best.json"
        self.epoch: int = 0
        self.loss: float = math.inf
        if self._record.exists():
            self.epoch, self.loss = json.loads(self._record.read_text())
        if not self._weights.exists():
            self.epoch, self.loss = 0, math.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the weights if the epoch is the best one so far."""
        loss = float((logs or {}).get("val_loss", math.inf))
        if loss < self.loss:
            before = self._weights
            self.epoch, self.loss = epoch + 1, loss
            weights = self._folder / INCOMING
            self.model.save_weights(weights)
            weights.replace(self._weights)
            incoming = self._record.with_suffix(".new")
            incoming.write_text(json.dumps([self.epoch, self.loss]))
            incoming.replace(self._record)
            if before != self._weights:  # the same, where an epoch is done again after a kill
                before.unlink(missing_ok=True)

    def restore(self, model: keras.Model) -> None:
        """Gives a model the best epoch's weights."""
        if self.epoch:
            model.load_weights(self._weights)

    @property
    def _weights(self) -> Path:
        """The file of the best epoch, which the record names and nothing writes in place."""
        return self._folder / f"best-{self.epoch}.weights.h5"
