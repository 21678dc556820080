"""Runs in an environment of its own, on Keras' JAX backend: the networks of a file, and training.

Usage: on_jax.py FOLDER. Reads `<task>.npz` (inputs, labels and weights of a network) and writes
`<task>-jax.npz` (its outputs, and the loss before and after a few steps of training).
"""

import importlib.util
import json
import sys
from pathlib import Path

import keras
import numpy as np

from models.heads import head_of
from models.network import ModelInput, build_network
from usecase.config import Network

STEPS = 30


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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
