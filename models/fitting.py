"""The training loop: early stopping, checkpoints, class weights, and an end to NaN."""

import hashlib
import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from models.inputs import Split
from models.network import LOGIT_LAYER, ModelInput, build_linear, build_network
from models.progress import ProgressLogger
from usecase.config import Network, Training
from usecase.errors import UserError

RARE_CLASS_SHARE = 0.2  # below it, "auto" weighs both classes evenly
STEPS_PER_EXECUTION = 16  # batches a call into the runtime: fewer returns to Python
LINEAR_LEARNING_RATE = 2e-2
LOWEST_LEARNING_RATE = 1e-5


class Fitted(NamedTuple):
    """A trained model.

    Attributes:
        model: It, with the weights of its best epoch.
        best_epoch: The epoch, from 1, with the lowest loss on the eval split.
        best_loss: That loss.
        epochs: The last epoch, from 1.
        history: Metric name to one value an epoch; of an interrupted training, those since then.
    """

    model: keras.Model
    best_epoch: int
    best_loss: float
    epochs: int
    history: dict[str, list[float]]


def require_labels(*splits: Split) -> None:
    """Checks that every row has a label.

    Raises:
        UserError: If a label is missing.
    """
    missing = sum(int(np.isnan(split.label).sum()) for split in splits)
    if missing:
        raise UserError(
            f"{missing} rows have no label",
            expected="a label in every row",
            fix="drop these rows, or require the label in the schema so that the data gate says so",
        )


def positive_share(split: Split) -> float:
    """Returns the share of rows whose label is 1."""
    return float(split.label.mean())


def class_weights(training: Training, share: float) -> tuple[float, float]:
    """Returns the weights of labels 0 and 1, which average 1 over the rows.

    Args:
        training: `class_weights` "auto" weighs both classes evenly if the rarer one is below 20 %.
        share: The share of label 1.
    """
    rare = min(share, 1 - share)
    if training.class_weights == "none" or rare >= RARE_CLASS_SHARE or rare == 0:
        return 1.0, 1.0
    return 0.5 / (1 - share), 0.5 / share


def fit_network(
    inputs: Sequence[ModelInput],
    network: Network,
    training: Training,
    train: Split,
    held_out: Split,
    *,
    checkpoint_dir: str,
    tensorboard_dir: str,
) -> Fitted:
    """Trains the wide-and-deep network until the loss on the eval split stops falling.

    Args:
        inputs: The network's inputs.
        network: Its sizes.
        training: How it is trained.
        train: The train split.
        held_out: The eval split, which decides when to stop.
        checkpoint_dir: Where each epoch is saved; a run of the same rows and settings that was
            interrupted goes on from there.
        tensorboard_dir: Where TensorBoard logs go.

    Returns:
        The network with the weights of its best epoch.

    Raises:
        UserError: If the loss becomes NaN.
    """
    model = build_network(inputs, network, positive_share(train))
    folder = Path(checkpoint_dir) / _checkpoint_key(inputs, network, training, train, held_out)
    folder.mkdir(parents=True, exist_ok=True)
    best = _BestWeights(folder)
    steps = math.ceil(len(train) / training.batch_size)
    try:
        history = _fit(
            model,
            training,
            train,
            held_out,
            learning_rate=training.learning_rate,
            callbacks=[
                keras.callbacks.BackupAndRestore(str(folder / "last"), delete_checkpoint=False),
                best,
                ProgressLogger(training.max_epochs, steps),
                keras.callbacks.TensorBoard(tensorboard_dir, write_graph=False),
            ],
        )
    except UserError:  # what diverged must not be resumed
        shutil.rmtree(folder, ignore_errors=True)
        raise
    best.restore(model)
    _undo_class_weights(model, class_weights(training, positive_share(train)))
    shutil.rmtree(folder, ignore_errors=True)
    last = max([best.epoch, *(epoch + 1 for epoch in history.epoch)])
    return Fitted(model, best.epoch, best.loss, last, history.history)


def fit_linear(
    inputs: Sequence[ModelInput], training: Training, train: Split, held_out: Split
) -> Fitted:
    """Trains the linear baseline on the same rows, with the same stopping rule.

    Raises:
        UserError: If the loss becomes NaN.
    """
    model = build_linear(inputs, positive_share(train))
    history = _fit(
        model, training, train, held_out, learning_rate=LINEAR_LEARNING_RATE, callbacks=[]
    )
    _undo_class_weights(model, class_weights(training, positive_share(train)))
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    return Fitted(model, best + 1, losses[best], len(losses), history.history)


def _fit(
    model: keras.Model,
    training: Training,
    train: Split,
    held_out: Split,
    *,
    learning_rate: float,
    callbacks: list[keras.callbacks.Callback],
) -> keras.callbacks.History:
    weights = class_weights(training, positive_share(train))
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        # Row by row: "binary_crossentropy" averages over the last axis, here the rows, and weights
        # would then weigh nothing.
        loss=keras.ops.binary_crossentropy,
        weighted_metrics=[keras.metrics.AUC(name="auc")],
        steps_per_execution=STEPS_PER_EXECUTION,
        jit_compile=False,
    )
    history = model.fit(
        train.batches(training.batch_size, weights, shuffle_seed=training.seed),
        validation_data=held_out.batches(8 * training.batch_size, weights),
        epochs=training.max_epochs,
        verbose=0,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.ReduceLROnPlateau(
                factor=0.5, patience=training.reduce_lr_patience, min_lr=LOWEST_LEARNING_RATE
            ),
            keras.callbacks.EarlyStopping(
                patience=training.early_stopping_patience, restore_best_weights=True
            ),
            *callbacks,
        ],
    )
    _refuse_nan(history, learning_rate)
    return history


class _BestWeights(keras.callbacks.Callback):
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
        loss = float((logs or {}).get("val_loss", math.inf))
        if loss < self.loss:
            self.epoch, self.loss = epoch + 1, loss
            self.model.save_weights(self._weights)
            self._record.write_text(json.dumps([self.epoch, self.loss]))

    def restore(self, model: keras.Model) -> None:
        """Gives a model the best epoch's weights."""
        if self.epoch:
            model.load_weights(self._weights)


def _checkpoint_key(
    inputs: Sequence[ModelInput],
    network: Network,
    training: Training,
    train: Split,
    held_out: Split,
) -> str:
    """Names the checkpoints of one training problem: the same rows, inputs and settings."""
    parts = [
        repr(list(inputs)),
        network.model_dump_json(),
        training.model_dump_json(),
        train.fingerprint(),
        held_out.fingerprint(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _refuse_nan(history: keras.callbacks.History, learning_rate: float) -> None:
    for name, split in (("loss", "training"), ("val_loss", "eval")):
        for epoch, loss in zip(history.epoch, history.history.get(name, []), strict=False):
            if not math.isfinite(loss):
                raise UserError(
                    f"the {split} loss became {loss} in epoch {epoch + 1}",
                    expected="a finite loss",
                    fix=f"lower training.learning_rate (now {learning_rate:g}), "
                    "or look for extreme values",
                )


def _undo_class_weights(model: keras.Model, weights: tuple[float, float]) -> None:
    """Shifts the logit so that probabilities are calibrated to the rows as they are.

    Weighing label 1 by w1 and label 0 by w0 multiplies the odds that the network learns by
    w1 / w0 (Elkan, "The Foundations of Cost-Sensitive Learning", 2001, theorem 2).
    """
    bias = model.get_layer(LOGIT_LAYER).bias
    bias.assign(bias - math.log(weights[1] / weights[0]))
