"""Runs in an environment of its own, on Keras' JAX backend: the networks of a file, and training.

Usage: on_jax.py FOLDER. Reads `<task>.npz` (inputs, labels and weights of a network) and writes
`<task>-jax.npz` (its outputs, and the loss before and after a few steps of training), and
`gradients-jax.npz` (by dtype policy, that of a category's row that every row of a batch shares).
"""

import importlib.util
import json
import sys
from pathlib import Path

import jax
import keras
import numpy as np

from models.heads import head_of
from models.network import ModelInput, build_network
from usecase.config import Network

STEPS = 30
SHARED = 4096  # rows of one category
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def main(folder: Path) -> None:
    """Rebuilds each network, compares nothing itself, and trains it."""
    assert importlib.util.find_spec("tensorflow") is None
    assert keras.backend.backend() == "jax"
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        spec = json.loads(str(arrays["spec"]))
        inputs = [ModelInput(n, c, tuple(x) if x else None) for n, c, x in spec["inputs"]]
        label = arrays["label"]
        head = head_of(spec["task"], label, spec["classes"], weigh=False)
        model = build_network(
            inputs, Network.model_validate_json(json.dumps(spec["network"])), head
        )
        model.set_weights([arrays[f"weight_{k}"] for k in range(len(model.weights))])
        rows = {i.name: arrays[f"input_{i.name}"] for i in inputs if i.crossed is None}
        outputs = np.asarray(model(rows, training=False))
        model.compile(keras.optimizers.Adam(0.01), loss=head.loss, weighted_metrics=[head.metric()])
        before = model.evaluate(rows, label, verbose=0, return_dict=True)["loss"]
        model.fit(rows, label, batch_size=64, epochs=STEPS, verbose=0)
        after = model.evaluate(rows, label, verbose=0, return_dict=True)["loss"]
        np.savez(path.with_name(f"{path.stem}-jax"), outputs=outputs, losses=[before, after])
    np.savez(folder / "gradients-jax", **{policy: _gradient(policy) for policy in POLICIES})


def _gradient(policy: str) -> float:
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    label = np.ones(SHARED, np.float32)
    label[0] = 0
    head = head_of("binary", np.float32([0, 1] * 5), 0, weigh=False)
    model = build_network([ModelInput("a", 5)], Network(dropout=0.0, l2=0.0), head)
    keras.config.set_dtype_policy("float32")
    rest = [variable.value for variable in model.non_trainable_variables]

    def loss(weights: list[jax.Array]) -> jax.Array:
        outputs, _ = model.stateless_call(weights, rest, {"a": np.full(SHARED, 2)})
        return keras.ops.mean(head.loss(label, outputs))

    gradients = jax.grad(loss)([variable.value for variable in model.trainable_variables])
    paths = [variable.path for variable in model.trainable_variables]
    (table,) = (k for k, path in enumerate(paths) if path.startswith("wide_embedding"))
    return float(gradients[table][2, 0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
