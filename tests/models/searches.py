"""A small problem to search on, for the tests of the Tuner."""

import keras
import numpy as np

from models.fitting import Problem
from models.inputs import Split
from models.network import ModelInput
from models.settings import TunerSettings
from usecase.config import Network, Training
from usecase.declaration import Declaration
from usecase.labels import LabelSpec
from usecase.tuning import Range, Tuning

LABEL = LabelSpec(name="y", task="binary", function=None, columns=())
DECLARATION = Declaration(features=(), label=LABEL)
NETWORK = Network(hidden_units=(8,), embedding_size=2, l2=1e-4)
TRAINING = Training(max_epochs=3, batch_size=32, learning_rate=3e-3, precision="float32")
SPACE = {
    "training.learning_rate": Range(min=1e-3, max=0.1, log=True),
    "network.hidden_units": ([4], [8, 4]),
}


def split(rows, seed):
    """Rows of two classes, one of them rare, which `x` tells apart in part."""
    random = np.random.default_rng(seed)
    label = (random.random(rows) < 0.15).astype(np.float32)
    columns = {
        "x_xf": (label + random.normal(0, 1, rows)).astype(np.float32),
        "c_xf": random.integers(0, 3, rows),
        "y_xf": label,
    }
    return Split(columns, "y_xf")


def settings_of(**tuning):
    given = Tuning(**{"trials": 3, "space": SPACE, **tuning})
    return TunerSettings(declaration=DECLARATION, network=NETWORK, training=TRAINING, tuning=given)


def log_loss(model, rows):
    """The mean cross-entropy of the rows, by NumPy."""
    p = keras.ops.convert_to_numpy(model(rows.features, training=False)).astype(float)
    return -np.mean(np.log(np.where(rows.label == 1, p, 1 - p)))


INPUTS = [ModelInput("x_xf", 0), ModelInput("c_xf", 3)]
PROBLEM = Problem(INPUTS, LABEL, split(400, 0), split(200, 1))
