"""The training loop: early stopping, checkpoints, class weights, and an end to NaN."""

import hashlib
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from models import replicas
from models.accelerators import Accelerator
from models.checkpoints import BestWeights, last_epoch
from models.code import LOADED_CODE
from models.heads import Head, head_of
from models.inputs import Split
from models.network import LAST_LAYER, ModelInput, build_linear, build_network
from models.origin import open_checkpoints
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
    accelerator: Accelerator,
    *,
    checkpoint_dir: str,
    tensorboard_dir: str,
) -> Fitted:
    """Trains the wide-and-deep network until the loss on the eval split stops falling.

    Args:
        problem: Inputs, label and rows.
        network: The network's sizes.
        training: How it is trained.
        accelerator: What to train on.
        checkpoint_dir: Where each epoch is saved; a run of the same rows, settings and code that
            was interrupted goes on from there, unless `origin.only_from` says otherwise.
        tensorboard_dir: Where TensorBoard logs go.

    Returns:
        The network with the weights of its best epoch; of workers, the chief's alone is whole.

    Raises:
        UserError: If the loss becomes NaN, or what was saved does not fit; it is removed then.
    """
    head = problem.head(training)
    folder = Path(checkpoint_dir) / _checkpoint_key(problem, network, training)
    if accelerator.is_chief:
        open_checkpoints(folder)
    best = BestWeights(folder)
    steps = math.ceil(len(problem.train) / accelerator.global_batch(training.batch_size))
    try:
        model, history = fit(
            lambda: build_network(problem.inputs, network, head),
            head,
            problem,
            training,
            accelerator,
            learning_rate=training.learning_rate,
            chief_callbacks=[
                best,  # before the last epoch counts as done, it is known whether it is the best
                last_epoch(folder / "last"),
                ProgressLogger(training.max_epochs, steps),
                keras.callbacks.TensorBoard(tensorboard_dir, write_graph=False),
            ],
        )
    except UserError:  # what diverged, or does not fit, must not be resumed
        _remove(folder, accelerator)
        raise
    if accelerator.is_chief:
        best.restore(model)
    last = max([best.epoch, *(epoch + 1 for epoch in history.epoch)])
    served = finish(model, build_network(problem.inputs, network, head), head)
    _remove(folder, accelerator)
    return Fitted(served, best.epoch, best.loss, last, history.history)


def fit_linear(problem: Problem, training: Training, accelerator: Accelerator) -> Fitted:
    """Trains the linear baseline on the same rows, with the same stopping rule.

    Raises:
        UserError: If the loss becomes NaN.
    """
    head = problem.head(training)
    model, history = fit(
        lambda: build_linear(problem.inputs, head),
        head,
        problem,
        training,
        accelerator,
        learning_rate=LINEAR_LEARNING_RATE,
    )
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    served = finish(model, build_linear(problem.inputs, head), head)
    return Fitted(served, best + 1, losses[best], len(losses), history.history)


def fit(
    build: Callable[[], keras.Model],
    head: Head,
    problem: Problem,
    training: Training,
    accelerator: Accelerator,
    *,
    learning_rate: float,
    chief_callbacks: Sequence[keras.callbacks.Callback] = (),
) -> tuple[keras.Model, keras.callbacks.History]:
    """Builds a model on an accelerator and runs the training loop.

    Args:
        build: Builds the model.
        head: Its head.
        problem: Inputs, label and rows.
        training: How it is trained.
        accelerator: What to train on.
        learning_rate: Where the learning rate starts.
        chief_callbacks: Further callbacks, of the chief worker alone.

    Returns:
        The model as it was trained, with the weights of its best epoch since the start (or since it
        went on from an interruption), and the history.

    Raises:
        UserError: If the loss becomes NaN.
    """
    train, held_out = problem.train, problem.held_out
    with accelerator.scope():
        model = build()
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss=head.loss,
            weighted_metrics=[head.metric()],
            steps_per_execution=STEPS_PER_EXECUTION,
            jit_compile=False,
        )
    batch_size = accelerator.global_batch(training.batch_size)
    rows = train.batches(batch_size, head.row_weights(train.label), shuffle_seed=training.seed)
    held_out_rows = held_out.batches(8 * batch_size, head.row_weights(held_out.label))
    callbacks = _stopping(training)
    if accelerator.replicas > 1:
        history = replicas.fit(
            model,
            accelerator,
            rows,
            held_out_rows,
            batch_size=batch_size,
            held_out_batch_size=8 * batch_size,
            epochs=training.max_epochs,
            callbacks=callbacks,
            chief_callbacks=chief_callbacks,
        )
    else:
        history = model.fit(
            rows,
            validation_data=held_out_rows,
            epochs=training.max_epochs,
            verbose=0,
            callbacks=[*callbacks, *chief_callbacks],
        )
    _refuse_nan(history, learning_rate)
    return model, history


def finish(trained: keras.Model, plain: keras.Model, head: Head) -> keras.Model:
    """Returns a trained model as it is served, whatever it was trained on.

    Args:
        trained: The model, perhaps spread over replicas, perhaps in mixed precision.
        plain: The same network, built in float32 on the default device; gets its weights.
        head: Whose correction undoes class weights: probabilities fit the rows as they are.
    """
    plain.set_weights(trained.get_weights())
    bias = plain.get_layer(LAST_LAYER).bias
    bias.assign(bias + head.correction())
    return plain


def _stopping(training: Training) -> list[keras.callbacks.Callback]:
    """The callbacks that decide how long to train, the same on every worker."""
    return [
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ReduceLROnPlateau(
            factor=0.5, patience=training.reduce_lr_patience, min_lr=LOWEST_LEARNING_RATE
        ),
        keras.callbacks.EarlyStopping(
            patience=training.early_stopping_patience, restore_best_weights=True
        ),
    ]


def _remove(folder: Path, accelerator: Accelerator) -> None:
    """Removes the checkpoints; the chief's alone to do, since workers may share a disk."""
    if accelerator.is_chief:
        shutil.rmtree(folder, ignore_errors=True)


def _checkpoint_key(problem: Problem, network: Network, training: Training) -> str:
    """Names the checkpoints of one training problem: the same rows, inputs, settings and code."""
    parts = [
        LOADED_CODE,
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
