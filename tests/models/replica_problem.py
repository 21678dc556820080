"""What test_replicas trains: rows, a model like the wide-and-deep network, the usual callbacks."""

import keras
import numpy as np
import tensorflow as tf

ROWS, BATCH = (
    250,
    12,
)  # 21 batches, more than one call runs; the last has 10 rows, 4 do not divide it
HIDDEN = "hidden"

random = np.random.default_rng(5)
FEATURES = {
    "x": random.normal(size=ROWS).astype(np.float32),
    "z": random.normal(size=ROWS).astype(np.float32),
    "color": random.integers(0, 6, ROWS),
}
LABEL = (FEATURES["x"] + (FEATURES["color"] == 2) > 0.4).astype(np.float32)
HELD_OUT = 83  # rows with another row's label, so that the loss on them soon rises


def batches(rows=ROWS, labels=LABEL, seed=None):
    """As `models.inputs.Split.batches` gives them."""
    features = {name: tf.constant(values[:rows]) for name, values in FEATURES.items()}
    label = tf.constant(labels[:rows])
    weight = tf.where(label > 0.5, 1.3, 0.7)
    index = tf.data.Dataset.range(len(label))
    if seed is not None:
        index = index.shuffle(len(label), seed=seed)

    def gather(i):
        picked = {name: tf.gather(values, i) for name, values in features.items()}
        return picked, tf.gather(label, i), tf.gather(weight, i)

    return index.batch(BATCH).map(gather)


def held_out():
    return batches(HELD_OUT, LABEL[::-1].copy())


def compiled(accelerator, optimizer):
    with accelerator.scope():
        model = built()
        model.compile(
            optimizer=optimizer(),
            loss=keras.ops.binary_crossentropy,
            weighted_metrics=[keras.metrics.AUC(name="auc")],
            steps_per_execution=4,
            jit_compile=False,
        )
    return model


def built():
    """Like the wide-and-deep network: a table, numbers, regularisation, a last layer in float32."""
    inputs = {
        name: keras.Input((), name=name, dtype="int64" if name == "color" else "float32")
        for name in FEATURES
    }
    table = keras.layers.Embedding(6, 3, embeddings_regularizer=keras.regularizers.L2(1e-3))
    numbers = keras.ops.stack([inputs["x"], inputs["z"]], axis=1)
    hidden = keras.layers.Concatenate()([table(inputs["color"]), numbers])
    regularizer = keras.regularizers.L2(1e-3)
    hidden = keras.layers.Dense(8, "relu", kernel_regularizer=regularizer, name=HIDDEN)(hidden)
    score = keras.layers.Dense(1, dtype="float32")(hidden)
    return keras.Model(inputs, keras.ops.sigmoid(keras.ops.squeeze(score, axis=-1)))


def adam():
    return keras.optimizers.Adam(1e-2)


def clipped():
    return keras.optimizers.SGD(0.5, global_clipnorm=0.25)


class Seen(keras.callbacks.Callback):
    """Notes the epochs, and stops in the middle if it is told to."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.epochs, self._stop_after = [], stop_after

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        if epoch == self._stop_after:
            raise KeyboardInterrupt


class SaveWeights(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self._path = folder / "saved.weights.h5"

    def on_epoch_end(self, epoch, logs=None):
        self.model.save_weights(self._path)


def usual():
    return [
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1),
        keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
    ]


def writing(folder):
    return [
        keras.callbacks.BackupAndRestore(str(folder / "last"), delete_checkpoint=False),
        SaveWeights(folder),
        keras.callbacks.TensorBoard(str(folder / "board"), write_graph=False),
    ]
