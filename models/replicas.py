"""Training on several replicas at once: GPUs of one machine, several workers, the cores of a TPU.

Keras 3's `fit` cannot do it: under MultiWorkerMirroredStrategy it fails before the first step, under
MirroredStrategy it fails with `steps_per_execution` above 1 and with batches that do not divide, and
its optimizer clips each replica's share of the gradient. This loop takes the same compiled model,
the same batches and the same callbacks, and computes what `fit` computes on one device.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from models.accelerators import Accelerator

STEPS_PER_CALL = 16  # batches a call into the runtime: fewer returns to Python
CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")


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
        model: Built and compiled in `accelerator.strategy.scope()`, with a loss that is a function
            of (label, prediction) to float32 [batch] and with `weighted_metrics` alone.
        accelerator: What to train on.
        train: Batches of (features, label, weight), each [batch] or [batch, ...]; the last one may
            be smaller. Of known cardinality.
        held_out: The same, for validation.
        batch_size: Rows a batch of `train`, over all replicas; the number of replicas divides it.
        held_out_batch_size: Rows a batch of `held_out`, likewise.
        epochs: The last epoch, from 1.
        callbacks: Called on every worker, with the same logs.
        chief_callbacks: Called on the chief alone, after the others: what writes files. What they
            restore, every worker takes over.

    Returns:
        The history, the same on every worker.

    Raises:
        ValueError: If a batch size does not divide by the replicas, or a cardinality is unknown.
    """
    strategy = accelerator.strategy
    steps, held_out_steps = _steps(train), _steps(held_out)
    rows = _shared(strategy, train, batch_size)
    held_out_rows = _shared(strategy, held_out, held_out_batch_size)
    run_train, run_held_out = _loops(strategy, model)
    with strategy.scope():
        model.optimizer.build(model.trainable_variables)
    both = [*callbacks, *(chief_callbacks if accelerator.is_chief else ())]
    events = keras.callbacks.CallbackList(
        both, add_history=True, model=model, epochs=epochs, steps=steps
    )
    model.stop_training = False
    events.on_train_begin()
    logs: dict[str, float] = {}
    with _clipping_the_whole_gradient(model.optimizer, accelerator.replicas):
        for epoch in range(_take_over_from_chief(accelerator, model), epochs):
            model.reset_metrics()
            events.on_epoch_begin(epoch)
            iterator = iter(rows)
            for first in range(0, steps, STEPS_PER_CALL):
                count = min(STEPS_PER_CALL, steps - first)
                events.on_train_batch_begin(first)
                loss = run_train(iterator, tf.constant(count))
                events.on_train_batch_end(first + count - 1, {"loss": float(loss)})
                if model.stop_training:
                    break
            logs = _results(model)
            model.reset_metrics()
            events.on_test_begin()
            run_held_out(iter(held_out_rows), tf.constant(held_out_steps))
            logs |= {f"val_{name}": value for name, value in _results(model).items()}
            events.on_test_end(logs)
            events.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    model.optimizer.finalize_variable_values(model.trainable_variables)
    events.on_train_end(logs)
    return model.history


def _steps(batches: tf.data.Dataset) -> int:
    steps = int(batches.cardinality())
    if steps < 0:
        raise ValueError("the number of batches is unknown or infinite")
    return steps


def _shared(
    strategy: tf.distribute.Strategy, batches: tf.data.Dataset, batch_size: int
) -> tf.distribute.DistributedDataset:
    """Cuts each batch into one part a replica, all of the same static shape.

    Rows that are missing in the last batch are filled up with rows of weight 0. Done here and not by
    `experimental_distribute_dataset`, which leaves some replicas fewer rows, or none.

    Returns:
        Of each replica: features, label, weight, [batch_size / replicas, ...], and the number of
        rows of the whole batch, float32 [].
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise ValueError(f"a batch of {batch_size} rows cannot be shared by {replicas} replicas")

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        share = replicas // context.num_input_pipelines
        mine = slice(context.input_pipeline_id * share, (context.input_pipeline_id + 1) * share)

        def cut(features: Any, label: tf.Tensor, weight: tf.Tensor) -> tuple[Any, ...]:
            def part(values: tf.Tensor) -> tf.Tensor:
                missing = batch_size - tf.shape(values)[0]
                filled = tf.pad(values, [[0, missing], *[[0, 0]] * (values.shape.rank - 1)])
                shape = [replicas, batch_size // replicas, *values.shape[1:]]
                return tf.reshape(filled, shape)[mine]

            rows = tf.fill([share], tf.cast(tf.shape(label)[0], tf.float32))
            return tf.nest.map_structure(part, features), part(label), part(weight), rows

        return batches.map(cut).unbatch().prefetch(tf.data.AUTOTUNE)

    return strategy.distribute_datasets_from_function(of_worker)


def _loops(strategy: tf.distribute.Strategy, model: keras.Model) -> tuple[Any, Any]:
    """Returns functions of (iterator, steps) that train and that validate; the former, the loss."""
    replicas = strategy.num_replicas_in_sync
    tracker = next(metric for metric in model.metrics if metric.name == "loss")

    def forward(batch: Any, training: bool) -> tf.Tensor:
        """This replica's part of the loss: the parts' sum is the mean over the batch's rows."""
        features, label, weight, rows = batch
        predictions = model(features, training=training)
        loss = tf.reduce_sum(model.loss(label, predictions) * weight) / rows
        loss += tf.add_n(model.losses) / replicas if model.losses else 0.0
        tracker.update_state(loss * replicas, sample_weight=rows / replicas)
        model.compute_metrics(features, label, predictions, weight)
        return loss

    def train_step(batch: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = forward(batch, training=True)
            scaled = model.optimizer.scale_loss(loss)
        parts = tape.gradient(scaled, model.trainable_variables)
        # Summed before the optimizer sees them, so that every replica decides the same about
        # clipping and infinities; it will sum them again.
        whole = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.SUM, [tf.convert_to_tensor(part) for part in parts]
        )
        model.optimizer.apply([part / replicas for part in whole], model.trainable_variables)
        return loss

    @tf.function(reduce_retracing=True)
    def train(iterator: Any, steps: tf.Tensor) -> tf.Tensor:
        loss = 0.0
        for _ in tf.range(steps):
            parts = strategy.run(train_step, args=(next(iterator),))
            loss = strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)
        return loss

    @tf.function(reduce_retracing=True)
    def validate(iterator: Any, steps: tf.Tensor) -> None:
        for _ in tf.range(steps):
            strategy.run(forward, args=(next(iterator), False))

    return train, validate


def _results(model: keras.Model) -> dict[str, float]:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


@contextlib.contextmanager
def _clipping_the_whole_gradient(
    optimizer: keras.optimizers.Optimizer, replicas: int
) -> Iterator[None]:
    """Divides the bounds by the replicas, as the gradients are that the optimizer is given."""
    clipped = getattr(optimizer, "inner_optimizer", optimizer)
    bounds = {name: getattr(clipped, name) for name in CLIPPING if getattr(clipped, name)}
    try:
        for name, bound in bounds.items():
            setattr(clipped, name, bound / replicas)
        yield
    finally:
        for name, bound in bounds.items():
            setattr(clipped, name, bound)


def _take_over_from_chief(accelerator: Accelerator, model: keras.Model) -> int:
    """Gives every worker the chief's weights, and returns the chief's first epoch.

    They differ where the chief has restored a backup that only it can see.
    """
    epoch = model._initial_epoch or 0  # noqa: SLF001 BackupAndRestore leaves it there
    if accelerator.kind != "multi_worker":
        return int(epoch)
    variables = [*model.variables, *model.optimizer.variables]

    @tf.function
    def from_chief(values: list[tf.Tensor]) -> Any:
        def share() -> Any:
            context = tf.distribute.get_replica_context()
            first = tf.equal(context.replica_id_in_sync_group, 0)
            given = [tf.where(first, value, tf.zeros_like(value)) for value in values]
            return context.all_reduce(tf.distribute.ReduceOp.SUM, given)

        return accelerator.strategy.run(share)

    wide = {"uint32": tf.int64}  # what collectives cannot add
    values = [tf.cast(v.numpy(), wide.get(v.dtype, v.dtype)) for v in variables]
    *values, first = (
        accelerator.strategy.experimental_local_results(value)[0]
        for value in from_chief([*values, tf.constant(epoch, tf.int64)])
    )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(tf.cast(value, variable.dtype))
    return int(first)
