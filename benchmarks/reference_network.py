"""A small network as a SavedModel: what a server costs shows best where the model costs little."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

NAME = "reference"
WIDTH = 32
HIDDEN = (64, 64)
WIDE = (3072, 3072, 3072)  # 19 million weights, which one row must read as well as sixteen
INPUT, OUTPUT = "x", "y"


def write(folder: Path, hidden: tuple[int, ...] = HIDDEN) -> Path:
    """Writes the network, whose weights are drawn from a fixed seed.

    `serving_default` takes `x`, float32 [batch, 32], and gives `y`, float32 [batch, 1].

    Args:
        folder: The folder of its versions.
        hidden: The widths of its hidden layers.

    Returns:
        The folder of its version 1.
    """
    import tensorflow as tf

    random = np.random.default_rng(0)
    sizes = (WIDTH, *hidden, 1)
    layers = [
        (
            tf.Variable(random.normal(0, 1 / np.sqrt(ins), (ins, outs)).astype(np.float32)),
            tf.Variable(np.zeros(outs, np.float32)),
        )
        for ins, outs in itertools.pairwise(sizes)
    ]

    def network(x: Any) -> dict[str, Any]:
        for kernel, bias in layers[:-1]:
            x = tf.nn.relu(x @ kernel + bias)
        kernel, bias = layers[-1]
        return {OUTPUT: x @ kernel + bias}

    module = tf.Module()
    module.layers = layers
    spec = tf.TensorSpec([None, WIDTH], tf.float32, name=INPUT)
    signature = tf.function(network).get_concrete_function(spec)
    target = folder / "1"
    tf.saved_model.save(module, str(target), signatures={"serving_default": signature})
    return target


def rows(count: int) -> np.ndarray:
    """Returns rows to ask about, float32 [count, 32]."""
    return np.random.default_rng(1).normal(size=(count, WIDTH)).astype(np.float32)


def in_process(version: Path) -> Any:
    """Returns a function of float32 [batch, 32] that runs the network in a session's callable.

    It is the quickest way to run a SavedModel from Python, and what the embedded server does.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2

    graph = tf.Graph()
    with graph.as_default():
        session = tf.compat.v1.Session(graph=graph)
        loaded = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(version))
    signature = loaded.signature_def["serving_default"]
    options = config_pb2.CallableOptions(
        feed=[signature.inputs[INPUT].name], fetch=[signature.outputs[OUTPUT].name]
    )
    return session._make_callable_from_options(options)  # noqa: SLF001, has no public twin
