"""Fits the project's own network in a process of its own, for test_fitting_on_replicas.

    python fit_on_replicas.py one FOLDER       # one device, twice the batch
    python fit_on_replicas.py two FOLDER       # two devices of one machine
    python fit_on_replicas.py bfloat16 FOLDER  # two devices in mixed precision
    python fit_on_replicas.py worker FOLDER    # one of the workers of TF_CONFIG

Leaves <mode><index>.npz: weights of network and linear model, and predictions.
"""

import faulthandler
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models.accelerators import pick
from models.devices import Devices, Gpu
from models.fitting import Problem, fit_linear, fit_network
from models.inputs import Split
from models.network import ModelInput
from usecase.config import Network, Training
from usecase.labels import LabelSpec

SECONDS = 240
ROWS, HELD_OUT = 333, 90
# Of each of two replicas; one alone takes twice as many. Together all rows, whose order then does
# not matter: Keras' fit and the loop over replicas shuffle them differently.
BATCH = 167


def problem():
    random = np.random.default_rng(3)
    columns = {
        "size": random.normal(size=ROWS + HELD_OUT).astype(np.float32),
        "colour": random.integers(5, size=ROWS + HELD_OUT),
    }
    columns["label"] = (columns["size"] + (columns["colour"] == 2) > 1.2).astype(np.float32)
    train, held_out = (
        Split({name: values[rows] for name, values in columns.items()}, "label")
        for rows in (slice(ROWS), slice(ROWS, None))
    )
    inputs = [ModelInput("size", 0), ModelInput("colour", 5)]
    label = LabelSpec(name="label", task="binary", function=None, columns=())
    return Problem(inputs, label, train, held_out)


def accelerator_of(mode):
    if mode == "one":
        return pick(devices=Devices())
    if mode == "worker":
        return pick()
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    devices = Devices(gpus=tuple(Gpu(f"CPU:{i}", "CPU for a GPU", (6, 1)) for i in range(2)))
    return pick("mixed_bfloat16" if mode == "bfloat16" else "auto", devices=devices)


def main(mode, folder):
    accelerator = accelerator_of(mode)
    keras.utils.set_random_seed(7)
    learned = problem()
    training = Training(
        batch_size=BATCH if accelerator.replicas > 1 else 2 * BATCH,
        max_epochs=8,
        learning_rate=0.05,
    )
    network = Network(hidden_units=(8,), dropout=0.0)
    mine = folder / (mode if accelerator.is_chief else "not_chief")
    fitted = fit_network(
        learned,
        network,
        training,
        accelerator,
        checkpoint_dir=str(mine / "checkpoints"),
        tensorboard_dir=str(mine / "logs"),
    )
    linear = fit_linear(learned, training, accelerator)
    role = "" if accelerator.is_chief else "_not_chief"
    np.savez(
        folder / f"{mode}{role}",
        *fitted.model.get_weights(),
        *linear.model.get_weights(),
        predictions=fitted.model(learned.held_out.features, training=False).numpy(),
        epochs=fitted.epochs,
        compute=np.array([layer.compute_dtype for layer in fitted.model.layers]),
    )


if __name__ == "__main__":
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    main(sys.argv[1], Path(sys.argv[2]))
