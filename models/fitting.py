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

from models.heads import Head, head_of
from models.inputs import Split
from models.network import LAST_LAYER, ModelInput, build_linear, build_network
from models.progress import ProgressLogger
from usecase.config import Network, Training
from usecase.errors import UserError
from usecase.labels import LabelSpec

STEPS_PER_EXECUTION = 16  # batches a call into the runtime: fewer returns to Python
LINEAR_LEARNING_RATE = 2e-2
LOWEST_LEARNING_RATE = 1e-5


class Problem(NamedTuple):
    """What is to be learned, from what.

    Attributes:
        inputs: The network's inputs.
        label: The label's task and classes.
        train: The train split.
        held_out: The eval split, which decides when to stop.
    """

    inputs: Sequence[ModelInput]
    label: LabelSpec
    train: Split
    held_out: Split

    def head(self, training: Training) -> Head:
        """Returns the head that fits the task and the train split."""
        return head_of(
            self.label.task,
            self.train.label,
            len(self.label.classes),
            weigh=training.class_weights == "auto",
        )


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


def fit_network(
    problem: Problem,
    network: Network,
    training: Training,
    *,
    checkpoint_dir: str,
    tensorboard_dir: str,
) -> Fitted:
    """Trains the wide-and-deep network until the loss on the eval split stops falling.

    Args:
        problem: Inputs, label and rows.
        network: The network's sizes.
        training: How it is trained.
        checkpoint_dir: Where each epoch is saved; a run of the same rows and settings that was
            interrupted goes on from there.
        tensorboard_dir: Where TensorBoard logs go.

    Returns:
        The network with the weights of its best epoch.

    Raises:
        UserError: If the loss becomes NaN.
    """
    head = problem.head(training)
    model = build_network(problem.inputs, network, head)
    folder = Path(checkpoint_dir) / _checkpoint_key(problem, network, training)
    folder.mkdir(parents=True, exist_ok=True)
    best = _BestWeights(folder)
    steps = math.ceil(len(problem.train) / training.batch_size)
    try:
        history = fit(
            model,
            head,
            problem,
            training,
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
    _undo_class_weights(model, head)
    shutil.rmtree(folder, ignore_errors=True)
    last = max([best.epoch, *(epoch + 1 for epoch in history.epoch)])
    return Fitted(model, best.epoch, best.loss, last, history.history)


def fit_linear(problem: Problem, training: Training) -> Fitted:
    """Trains the linear baseline on the same rows, with the same stopping rule.

    Raises:
        UserError: If the loss becomes NaN.
    """
    head = problem.head(training)
    model = build_linear(problem.inputs, head)
    history = fit(model, head, problem, training, learning_rate=LINEAR_LEARNING_RATE)
    _undo_class_weights(model, head)
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    return Fitted(model, best + 1, losses[best], len(losses), history.history)


def fit(
    model: keras.Model,
    head: Head,
    problem: Problem,
    training: Training,
    *,
    learning_rate: float,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Runs the training loop.

    Args:
        model: The model to train, which ends with the weights of its best epoch.
        head: Its head.
        problem: Inputs, label and rows.
        training: How it is trained.
        learning_rate: Where the learning rate starts.
        callbacks: Further callbacks.

    Raises:
        UserError: If the loss becomes NaN.
    """
    train, held_out = problem.train, problem.held_out
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=head.loss,
        weighted_metrics=[head.metric()],
        steps_per_execution=STEPS_PER_EXECUTION,
        jit_compile=False,
    )
    history = model.fit(
        train.batches(
            training.batch_size, head.row_weights(train.label), shuffle_seed=training.seed
        ),
        validation_data=held_out.batches(8 * training.batch_size, head.row_weights(held_out.label)),
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


def _checkpoint_key(problem: Problem, network: Network, training: Training) -> str:
    """Names the checkpoints of one training problem: the same rows, inputs and settings."""
    parts = [
        repr(list(problem.inputs)),
        problem.label.model_dump_json(),
        network.model_dump_json(),
        training.model_dump_json(),
        problem.train.fingerprint(),
        problem.held_out.fingerprint(),
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


def _undo_class_weights(model: keras.Model, head: Head) -> None:
    """Shifts the last layer so that probabilities are calibrated to the rows as they are."""
    bias = model.get_layer(LAST_LAYER).bias
    bias.assign(bias + head.correction())
