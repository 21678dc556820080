"""Converts and computes, in a process of its own: TFLite's converter may abort it.

Usage: on_tflite.py FOLDER TRANSFORM NAME... For each NAME, reads `<name>.npz` (one array a raw
column) and the names of its outputs in `outputs.json`, and writes what TensorFlow and TFLite make
of batches of all rows, of one and of none to `<name>-out.npz`, or why it could not be converted to
`<name>-error.txt`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from models.columns import sparse
from models.transform_graph import TransformGraph

BATCHES = (slice(None), slice(0, 1), slice(0, 0))


# What TFLite has no builtin for.
UNSAFE = {
    "hashed": lambda x: {"hash": tf.strings.to_hash_bucket_fast(x, 100)},
    "divided": lambda x: {"quotient": x // 7},
}


class Transform(TransformGraph):
    """Dense raw columns, as TensorFlow Serving and the phone are given them, to features."""

    def __call__(self, **columns):
        return super().__call__({name: sparse(v) for name, v in columns.items()})


def traced(function, outputs, columns):
    def chosen(**columns):
        computed = function(**columns)
        return {name: computed[name] for name in outputs}

    specs = {
        name: tf.TensorSpec([None], tf.string if v.dtype.kind == "S" else v.dtype, name)
        for name, v in columns.items()
    }
    return tf.function(chosen, autograph=False).get_concrete_function(**specs)


def converted(concrete, module):
    """Returns the TFLite model, of builtins alone."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()


def run_case(folder, name, outputs, module):
    with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
        columns = dict(file)
    concrete = traced(UNSAFE.get(name, module), outputs, columns)
    runner = converted(concrete, tf.Module() if name in UNSAFE else module)
    results = {}
    for k, batch in enumerate(BATCHES):
        rows = {column: values[batch] for column, values in columns.items()}
        right = concrete(**{column: tf.constant(values) for column, values in rows.items()})
        answers = runner(**rows)
        for output in outputs:
            results[f"{output}:{k}:tensorflow"] = right[output].numpy()
            results[f"{output}:{k}:tflite"] = answers[output]
    np.savez(folder / f"{name}-out", **results)


def main(folder, transform_folder, *names):
    outputs = json.loads((folder / "outputs.json").read_text())
    module = Transform(tft.TFTransformOutput(str(transform_folder)))
    for name in names:
        try:
            run_case(folder, name, outputs[name], module)
        except Exception as error:  # noqa: BLE001, PERF203, of whatever kind
            (folder / f"{name}-error.txt").write_text(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
