"""Small trainings in a process of their own, for test_replicas: one machine, or one worker.

    python replica_trainings.py two FOLDER       # devices of one machine
    python replica_trainings.py four FOLDER
    python replica_trainings.py worker FOLDER    # with TF_CONFIG

A process of its own, because TensorFlow splits its CPU into devices and joins workers only before
it has done anything else. Leaves NAME.npz (weights) and NAME.json (facts) in the folder.
"""

import contextlib
import faulthandler
import json
import os
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from replica_problem import (
    BATCH,
    FEATURES,
    HIDDEN,
    SaveWeights,
    Seen,
    adam,
    batches,
    built,
    clipped,
    compiled,
    held_out,
    usual,
    writing,
)

from models import replicas
from models.accelerators import Accelerator, pick
from models.devices import Devices, Gpu
from usecase.errors import UserError

SECONDS = 240
EPOCHS = 2
CPUS = tuple(Gpu(f"CPU:{i}", "CPU for a GPU", (6, 1)) for i in range(4))


def by_keras(optimizer):
    """What Keras' own loop makes of it on one device."""
    keras.utils.set_random_seed(3)
    model = compiled(one_cpu(), optimizer)
    history = model.fit(
        batches(),
        validation_data=held_out(),
        epochs=EPOCHS,
        verbose=0,
    )
    return model, history.history


def by_us(accelerator, optimizer=adam, *, seed=None, epochs=EPOCHS, random_seed=3, **options):
    keras.utils.set_random_seed(random_seed)
    model = compiled(accelerator, optimizer)
    history = replicas.fit(
        model,
        accelerator,
        batches(seed=seed),
        held_out(),
        batch_size=BATCH,
        held_out_batch_size=BATCH,
        epochs=epochs,
        **options,
    )
    return model, history.history


def one_cpu(policy="float32"):
    return Accelerator("cpu", tf.distribute.get_strategy(), policy, True, "cpu")


def of_cpus(count, precision="auto"):
    return pick(precision, environ={}, devices=Devices(gpus=CPUS[:count]))


def leave(folder, name, model, history, **facts):
    np.savez(folder / f"{name}.npz", *model.get_weights())
    facts |= {"history": history, "types": sorted({w.dtype for w in model.weights})}
    (folder / f"{name}.json").write_text(json.dumps(facts))


def split_cpu(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * count
    )


def machine(folder):
    split_cpu(2)
    leave(folder, "keras", *by_keras(adam))
    leave(folder, "keras_clipped", *by_keras(clipped))
    leave(folder, "one", *by_us(one_cpu()))
    leave(folder, "one_shuffled", *by_us(one_cpu(), seed=11, epochs=20, callbacks=usual()))
    two = of_cpus(2)
    picked = {"kind": two.kind, "replicas": two.replicas, "policy": two.policy}
    picked |= {"batch": two.global_batch(6), "description": two.description}
    model, history = by_us(
        two, seed=11, epochs=20, callbacks=usual(), chief_callbacks=writing(folder / "two")
    )
    leave(folder, "two_shuffled", model, history, **picked)
    leave(folder, "two_clipped", *by_us(two, clipped))
    with_bfloat16(folder)
    (folder / "infinity.json").write_text(json.dumps([infinity(0.1), infinity(3e4)]))
    (folder / "errors.json").write_text(json.dumps(errors(two)))


def machine_of_four(folder):
    """In another process: TensorFlow joins a device to groups of one size."""
    split_cpu(4)
    leave(folder, "four", *by_us(of_cpus(4)))


def with_bfloat16(folder):
    accelerator = of_cpus(2, "mixed_bfloat16")
    saved = folder / "bfloat16"
    saved.mkdir()
    model, history = by_us(accelerator, chief_callbacks=[SaveWeights(saved)])
    plain = built()
    plain.load_weights(saved / "saved.weights.h5")
    leave(folder, "plain", plain, {})
    predictions = [
        np.asarray(m({name: values[:50] for name, values in FEATURES.items()}), np.float64).tolist()
        for m in (model, plain)
    ]
    computed = [m.get_layer(HIDDEN).compute_dtype for m in (model, plain)]
    after = keras.config.dtype_policy().name
    facts = {"predictions": predictions, "computed": computed, "after": after}
    leave(folder, "bfloat16", model, history, **facts)


def infinity(value):
    """One step in float16, with a value on the second replica alone that float16 may not hold."""
    accelerator = of_cpus(2, "mixed_float16")
    keras.utils.set_random_seed(1)
    with accelerator.scope():
        column = keras.Input((), name="x")
        hidden = keras.layers.Dense(4)(keras.ops.stack([column], axis=1))
        score = keras.layers.Dense(1, dtype="float32")(hidden)
        model = keras.Model({"x": column}, keras.ops.squeeze(score, axis=-1))
        model.compile(optimizer=keras.optimizers.SGD(1e-2), loss=lambda y, p: (y - p) ** 2)
    before = model.get_weights()
    x = np.array([0.1, 0.1, 0.1, value], np.float32)
    rows = tf.data.Dataset.from_tensors(({"x": x}, np.zeros(4, np.float32), np.ones(4, np.float32)))
    replicas.fit(model, accelerator, rows, rows, batch_size=4, held_out_batch_size=4, epochs=1)
    after = model.get_weights()
    return {
        "finite": all(bool(np.isfinite(w).all()) for w in after),
        "moved": any(bool((a != b).any()) for a, b in zip(after, before, strict=True)),
        "scale": float(model.optimizer.dynamic_scale.numpy()),
    }


def errors(two):
    found = {}
    endless = batches().repeat()
    for name, train, size in (("divide", batches(), 13), ("endless", endless, BATCH)):
        model = compiled(two, adam)
        try:
            replicas.fit(
                model, two, train, endless, batch_size=size, held_out_batch_size=BATCH, epochs=1
            )
        except ValueError as error:
            found[name] = str(error)
    try:
        pick(environ={}, devices=Devices(tpu="local"))
    except UserError as error:
        found["tpu"] = str(error)
    return found


def worker(folder):
    accelerator = pick()
    me = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    mine = folder / f"worker_{me}"
    facts = {"kind": accelerator.kind, "replicas": accelerator.replicas}
    facts |= {"is_chief": accelerator.is_chief, "description": accelerator.description}
    seen = Seen()
    model, history = by_us(
        accelerator,
        seed=11,
        epochs=20,
        callbacks=[seen, *usual()],
        chief_callbacks=writing(mine),
    )
    leave(folder, f"worker_{me}_shuffled", model, history, epochs=seen.epochs, **facts)
    # The others start from another seed and see no backup: they have to take over the chief's.
    again = {"random_seed": 3 + me}
    backup = [keras.callbacks.BackupAndRestore(str(mine / "again"), delete_checkpoint=False)]
    with contextlib.suppress(KeyboardInterrupt):
        by_us(accelerator, callbacks=[Seen(stop_after=1)], chief_callbacks=backup, **again)
    seen = Seen()
    model, history = by_us(accelerator, callbacks=[seen], chief_callbacks=backup, **again)
    leave(folder, f"worker_{me}_resumed", model, history, epochs=seen.epochs)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    {"two": machine, "four": machine_of_four, "worker": worker}[sys.argv[1]](Path(sys.argv[2]))
