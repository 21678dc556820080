"""Training on several replicas at once: GPUs of one machine, several workers, the cores of a TPU.

Keras 3's `fit` cannot do it: under MultiWorkerMirroredStrategy it fails before the first step,
under MirroredStrategy with `steps_per_execution` above 1 and with batches that do not divide, and
its optimizer clips each replica's part of the gradient. This loop takes the same compiled model,
batches and callbacks, and computes what `fit` computes on one device.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from models.accelerators import Accelerator

STEPS_PER_CALL = 16  # batches a call into the runtime: fewer returns to Python
CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
SUM = tf.distribute.ReduceOp.SUM


def fit(
    model: keras.Model,
    accelerator: Accelerator,
    train: tf.data.Dataset,
    held_out: tf.data.Dataset,
    *,
    batch_size: int,
    held_out_batch_size: int,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    chief_callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Trains a compiled model, each batch shared out among the replicas.

    Every worker gives the same rows in the same order, and takes its share of each batch.

    Args:
        model: Built and compiled in `accelerator.scope()`, with a loss that is a function of
            (label, prediction) to float32 [batch], and with `weighted_metrics` alone.
        accelerator: What to train on.
        train: Batches of (features, label, weight), each [batch, ...], as many as it says; the
            last one may be smaller.
        held_out: The same, for validation.
        batch_size: Rows of a batch of `train`, over all replicas, whose number divides it.
        held_out_batch_size: Rows of a batch of `held_out`, likewise.
        epochs: The last epoch, from 1.
        callbacks: Called on every worker, with the same logs.
        chief_callbacks: Called on the chief alone, after the others: what writes files. Every
            worker takes over what they restore.

    Returns:
        The history, the same on every worker.

    Raises:
        ValueError: If a batch size does not divide by the replicas, or the number of batches is
            unknown.
    """
    strategy = accelerator.strategy
    steps, rows = _steps(train), _shared(strategy, train, batch_size)
    held_out_steps = _steps(held_out)
    held_out_rows = _shared(strategy, held_out, held_out_batch_size)
    loss, run_train, run_held_out = _loops(strategy, model)
    with strategy.scope():
        model.optimizer.build(model.trainable_variables)
    called = [*callbacks, *(chief_callbacks if accelerator.is_chief else ())]
    events = keras.callbacks.CallbackList(
        called, add_history=True, model=model, epochs=epochs, steps=steps
    )

    def train_once() -> dict[str, float]:
        model.reset_metrics()
        iterator = iter(rows)
        for first in range(0, steps, STEPS_PER_CALL):
            count = min(STEPS_PER_CALL, steps - first)
            events.on_train_batch_begin(first)
            run_train(iterator, tf.constant(count))
            events.on_train_batch_end(first + count - 1, {"loss": float(loss.result())})
            if model.stop_training:
                break
        return _results(model)

    def validate() -> dict[str, float]:
        model.reset_metrics()
        events.on_test_begin()
        run_held_out(iter(held_out_rows), tf.constant(held_out_steps))
        logs = _results(model)
        events.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    model.stop_training = False
    events.on_train_begin()
    first_epoch, logs = _take_over_from_chief(accelerator, model), dict[str, float]()
    with _clipping_parts(model.optimizer, accelerator.replicas):
        for epoch in range(first_epoch, epochs):
            events.on_epoch_begin(epoch)
            logs = train_once() | validate()
            events.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    model.optimizer.finalize_variable_values(model.trainable_variables)
    events.on_train_end(logs)
    return model.history


def shares(
    batches: tf.data.Dataset, batch_size: int, context: tf.distribute.InputContext
) -> tf.data.Dataset:
    """Cuts each batch into one share a replica, all of one static shape; returns this worker's.

    What the last batch lacks is filled up with rows of weight 0. Not done by
    `experimental_distribute_dataset`: it leaves some replicas fewer rows, or none.

    Args:
        batches: (features, label, weight).
        batch_size: Their size; the last may be smaller.
        context: Which of how many workers this is, and how many replicas there are.

    Returns:
        One element a replica of this worker in turn: features, label, weight, each
        [batch_size / replicas, ...], and the number of rows of the whole batch, float32 [].
    """
    replicas = context.num_replicas_in_sync
    mine = replicas // context.num_input_pipelines
    first = context.input_pipeline_id * mine

    def cut(features: Any, label: tf.Tensor, weight: tf.Tensor) -> tuple[Any, ...]:
        def share(values: tf.Tensor) -> tf.Tensor:
            lacking = [[0, batch_size - tf.shape(values)[0]]]
            filled = tf.pad(values, lacking + [[0, 0]] * (values.shape.rank - 1))
            shape = [replicas, batch_size // replicas, *values.shape[1:]]
            return tf.reshape(filled, shape)[first : first + mine]

        rows = tf.fill([mine], tf.cast(tf.shape(label)[0], tf.float32))
        return tf.nest.map_structure(share, features), share(label), share(weight), rows

    return batches.map(cut).unbatch().prefetch(tf.data.AUTOTUNE)


def _shared(
    strategy: tf.distribute.Strategy, batches: tf.data.Dataset, batch_size: int
) -> tf.distribute.DistributedDataset:
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise ValueError(f"a batch of {batch_size} rows cannot be shared by {replicas} replicas")
    return strategy.distribute_datasets_from_function(
        lambda context: shares(batches, batch_size, context)
    )


def _steps(batches: tf.data.Dataset) -> int:
    steps = int(batches.cardinality())
    if steps < 0:
        raise ValueError("the number of batches is unknown or infinite")
    return steps


def _loops(strategy: tf.distribute.Strategy, model: keras.Model) -> tuple[Any, Any, Any]:
    """Returns the metric of the loss, and functions of (iterator, steps) to train and validate."""
    replicas = strategy.num_replicas_in_sync
    tracker = next(metric for metric in model.metrics if metric.name == "loss")
    scales = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    decides = scales or bool(_clipping(model.optimizer))

    def forward(batch: Any, training: bool) -> tf.Tensor:
        """This replica's part of the loss: the parts' sum is the mean over the batch's rows."""
        features, label, weight, rows = batch
        predictions = model(features, training=training)
        loss = tf.reduce_sum(model.loss(label, predictions) * weight) / rows
        loss += tf.add_n(model.losses) / replicas if model.losses else 0.0
        tracker.update_state(loss * replicas, sample_weight=rows / replicas)
        model.compute_metrics(features, label, predictions, weight)
        return loss

    def train_step(batch: Any) -> None:
        with tf.GradientTape() as tape:
            loss = model.optimizer.scale_loss(forward(batch, training=True))
        gradient = tape.gradient(loss, model.trainable_variables)
        gradient = [tf.convert_to_tensor(part) for part in gradient]
        if decides and replicas > 1:
            # The optimizer sums the replicas' parts only after it has clipped them and looked for
            # infinities in them. Here each replica gives it the same part of the whole.
            whole = tf.distribute.get_replica_context().all_reduce(SUM, gradient)
            gradient = [part / replicas for part in whole]
        model.optimizer.apply(gradient, model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def train(iterator: Any, steps: tf.Tensor) -> None:
        for _ in tf.range(steps):
            strategy.run(train_step, args=(next(iterator),))

    @tf.function(reduce_retracing=True)
    def validate(iterator: Any, steps: tf.Tensor) -> None:
        for _ in tf.range(steps):
            strategy.run(forward, args=(next(iterator), False))

    return tracker, train, validate


def _results(model: keras.Model) -> dict[str, float]:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _clipping(optimizer: keras.optimizers.Optimizer) -> dict[str, float]:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return {name: getattr(inner, name) for name in CLIPPING if getattr(inner, name)}


@contextlib.contextmanager
def _clipping_parts(optimizer: keras.optimizers.Optimizer, replicas: int) -> Iterator[None]:
    """Divides the bounds by the replicas, as the gradient is that the optimizer is given."""
    inner, bounds = getattr(optimizer, "inner_optimizer", optimizer), _clipping(optimizer)
    try:
        for name, bound in bounds.items():
            setattr(inner, name, bound / replicas)
        yield
    finally:
        for name, bound in bounds.items():
            setattr(inner, name, bound)


def _take_over_from_chief(accelerator: Accelerator, model: keras.Model) -> int:
    """Gives every worker the chief's state, and returns the chief's first epoch.

    They differ where the chief has restored a backup that only it can see.
    """
    epoch = model._initial_epoch or 0  # noqa: SLF001 BackupAndRestore leaves it there
    if accelerator.kind != "multi_worker":
        return int(epoch)
    strategy, variables = accelerator.strategy, [*model.variables, *model.optimizer.variables]

    def give(values: list[tf.Tensor]) -> Any:
        context = tf.distribute.get_replica_context()
        is_first = tf.equal(context.replica_id_in_sync_group, 0)
        given = [tf.where(is_first, value, tf.zeros_like(value)) for value in values]
        return context.all_reduce(SUM, given)

    # A collective takes one type; float64 holds weights, seeds and counts exactly.
    mine = [tf.cast(v.numpy(), tf.float64) for v in variables] + [tf.constant(epoch, tf.float64)]
    received = strategy.run(tf.function(give), args=(mine,))
    *values, first = (strategy.experimental_local_results(value)[0] for value in received)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(tf.cast(value, variable.dtype))
    return int(first)
