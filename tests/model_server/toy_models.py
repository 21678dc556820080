"""Small SavedModels, each made to show one thing that a model server has to get right.

`python -m tests.model_server.toy_models FOLDER` writes them all; `write` does the same in process.
Every model is at `FOLDER/<name>/<version>`. Where nothing else is said, its version is 1.

* half_plus_two, versions 123 and 124: y = x/2 + 2, as upstream's model of that name.
  `serving_default` takes x (float, [-1, 1]); `regress_x_to_y`, `regress_x_to_y2` (x/2 + 3) and
  `classify_x_to_y` take Examples; `regress_x2_to_y3` and `classify_x2_to_y3` take Examples with
  x2. `version` has no input and answers the version (int64 scalar).
* half_plus_three, version 123: y = x/2 + 3; `tf.saved_model.load` refuses its ParseExample.
* counter: a reference variable; `get_counter`, `incr_counter`, `reset_counter` have no inputs,
  `incr_counter_by` takes delta; all answer output (float scalar).
* strings: text (string, [-1]) -> text, text_bytes, length (int32).
* types: `serving_default` gives back one input for each type, under the type's name; beside it one
  signature a type (x -> y, any shape).
* two_inputs: a, b (float, [-1]) -> total, difference.
* scalar: x (float, [-1]) -> total (scalar); `both`: y (= x) and total.
* variable_length: x (float, [-1, -1]) -> y (sums of rows), x.
* slow: seconds (float, [-1]) -> waited (= seconds), busy for the longest of them; `forever`: x -> y
  never ends by itself.
* defaults: x (float, [-1]), scale (float scalar, default 2) -> y = x * scale.
* tf2: a tf.Module; x (float, [-1]) -> y = 3 x; `classify` (inputs -> classes, scores) and
  `regress` (inputs -> outputs) take Examples; method names are TF2's.
* mlp: x (float, [-1, 10]) -> y (float, [-1, 1]), two layers of 64 with fixed weights.
* odd: signatures for Classify and Regress whose outputs break the rules, one rule each.
* corrupt: no SavedModel at all, and so no server can load it.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

tf1 = tf.compat.v1

PREDICT = "tensorflow/serving/predict"
CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

TYPES = {
    "bool": tf.bool,
    "int8": tf.int8,
    "int16": tf.int16,
    "int32": tf.int32,
    "int64": tf.int64,
    "uint8": tf.uint8,
    "uint16": tf.uint16,
    "uint32": tf.uint32,
    "uint64": tf.uint64,
    "half": tf.float16,
    "bfloat16": tf.bfloat16,
    "float": tf.float32,
    "double": tf.float64,
    "complex64": tf.complex64,
    "complex128": tf.complex128,
    "string": tf.string,
}

Signatures = dict[str, Any]


def signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any], method: str = PREDICT) -> Any:
    """A SignatureDef of these tensors."""
    return tf1.saved_model.build_signature_def(
        {key: tf1.saved_model.build_tensor_info(tensor) for key, tensor in inputs.items()},
        {key: tf1.saved_model.build_tensor_info(tensor) for key, tensor in outputs.items()},
        method,
    )


def save(folder: Path, make: Callable[[], Signatures]) -> None:
    """Writes one version: what `make` builds in a new graph, with variables at their start."""
    with tf.Graph().as_default(), tf1.Session() as session:
        signatures = make()
        session.run(tf1.global_variables_initializer())
        builder = tf1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


def write_half_plus_two(base: Path, version: int, addend: float = 2.0) -> None:
    """Writes a version of half_plus_two; another addend tells versions apart."""

    def make() -> Signatures:
        a = tf1.get_variable("a", initializer=0.5, use_resource=True)
        b = tf1.get_variable("b", initializer=addend, use_resource=True)
        serialized = tf1.placeholder(tf.string, [None], name="tf_example")
        spec = {
            "x": tf.io.FixedLenFeature([1], tf.float32),
            "x2": tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0]),
        }
        parsed = tf1.parse_example(serialized, spec)
        x = tf.identity(parsed["x"], name="x")
        x2 = tf.identity(parsed["x2"], name="x2")
        y = tf.add(a * x, b, name="y")
        y2 = tf.add(y, 1.0, name="y2")
        y3 = tf.add(a * x2, b + 1.0, name="y3")
        examples = {"inputs": serialized}
        return {
            "serving_default": signature({"x": x}, {"y": y}),
            "regress_x_to_y": signature(examples, {"outputs": y}, REGRESS),
            "regress_x_to_y2": signature(examples, {"outputs": y2}, REGRESS),
            "regress_x2_to_y3": signature(examples, {"outputs": y3}, REGRESS),
            "classify_x_to_y": signature(examples, {"scores": y}, CLASSIFY),
            "classify_x2_to_y3": signature(examples, {"scores": y3}, CLASSIFY),
            "version": signature({}, {"version": tf.constant(version, tf.int64)}),
        }

    save(base / f"{version:08d}", make)


def half_plus_three() -> Signatures:
    a = tf1.get_variable("a", initializer=0.5, use_resource=False)
    b = tf1.get_variable("b", initializer=3.0, use_resource=False)
    serialized = tf1.placeholder(tf.string, name="tf_example")
    parsed = tf.raw_ops.ParseExample(
        serialized=serialized,
        names=tf.constant([], tf.string),
        sparse_keys=[],
        dense_keys=[tf.constant("x")],
        dense_defaults=[tf.constant([], tf.float32)],
        sparse_types=[],
        dense_shapes=[[1]],
    )
    x = tf.identity(parsed.dense_values[0], name="x")
    y = tf.add(a * x, b, name="y")
    return {
        "serving_default": signature({"x": x}, {"y": y}),
        "regress_x_to_y": signature({"inputs": serialized}, {"outputs": y}, REGRESS),
        "classify_x_to_y": signature({"inputs": serialized}, {"scores": y}, CLASSIFY),
    }


def make_old(folder: Path) -> None:
    """Makes a SavedModel look as old as upstream's, whose placeholders say "scalar" for "unknown".

    A graph of before version 24 may; the TF2 loader forgets the version and refuses ParseExample.
    """
    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = saved.meta_graphs[0].graph_def
    graph.versions.producer = 21
    for node in graph.node:
        if node.op == "Placeholder":
            node.attr["shape"].shape.SetInParent()
            node.attr["shape"].shape.unknown_rank = False
            node.attr["_output_shapes"].list.shape[0].unknown_rank = True
    path.write_bytes(saved.SerializeToString())


def counter() -> Signatures:
    count = tf1.get_variable("counter", initializer=0.0, use_resource=False)
    delta = tf1.placeholder(tf.float32, [], name="delta")
    return {
        "get_counter": signature({}, {"output": tf.identity(count)}),
        "incr_counter": signature({}, {"output": tf1.assign_add(count, 1.0)}),
        "incr_counter_by": signature({"delta": delta}, {"output": tf1.assign_add(count, delta)}),
        "reset_counter": signature({}, {"output": tf1.assign(count, 0.0)}),
    }


def strings() -> Signatures:
    text = tf1.placeholder(tf.string, [None], name="text")
    return {
        "serving_default": signature(
            {"text": text},
            {
                "text": tf.identity(text),
                "text_bytes": tf.identity(text),
                "length": tf.strings.length(text),
            },
        )
    }


def types() -> Signatures:
    inputs = {name: tf1.placeholder(kind, [None], name=name) for name, kind in TYPES.items()}
    signatures = {
        "serving_default": signature(
            inputs, {name: tf.identity(tensor) for name, tensor in inputs.items()}
        )
    }
    for name, kind in TYPES.items():
        x = tf1.placeholder(kind, name=f"any_{name}")
        signatures[name] = signature({"x": x}, {"y": tf.identity(x)})
    return signatures


def two_inputs() -> Signatures:
    a = tf1.placeholder(tf.float32, [None], name="a")
    b = tf1.placeholder(tf.float32, [None], name="b")
    return {"serving_default": signature({"a": a, "b": b}, {"total": a + b, "difference": a - b})}


def scalar() -> Signatures:
    x = tf1.placeholder(tf.float32, [None], name="x")
    total = tf.reduce_sum(x)
    return {
        "serving_default": signature({"x": x}, {"total": total}),
        "both": signature({"x": x}, {"y": tf.identity(x), "total": total}),
    }


def variable_length() -> Signatures:
    x = tf1.placeholder(tf.float32, [None, None], name="x")
    return {"serving_default": signature({"x": x}, {"y": tf.reduce_sum(x, 1), "x": tf.identity(x)})}


def slow() -> Signatures:
    seconds = tf1.placeholder(tf.float32, [None], name="seconds")
    end = tf.timestamp() + tf.cast(tf.reduce_max(seconds), tf.float64)
    ended = tf.while_loop(lambda now: now < end, lambda _: tf.timestamp(), [tf.timestamp()])
    with tf.control_dependencies([ended[0] if isinstance(ended, list) else ended]):
        waited = tf.identity(seconds)
    x = tf1.placeholder(tf.float32, [None], name="x")
    never = tf.queue.FIFOQueue(1, [tf.float32], shapes=[[]]).dequeue()  # nobody ever enqueues
    return {
        "serving_default": signature({"seconds": seconds}, {"waited": waited}),
        "forever": signature({"x": x}, {"y": x + never}),
    }


def defaults() -> Signatures:
    x = tf1.placeholder(tf.float32, [None], name="x")
    scale = tf1.placeholder(tf.float32, [], name="scale")
    made = signature({"x": x, "scale": scale}, {"y": x * scale})
    made.defaults["scale"].CopyFrom(tf.make_tensor_proto(2.0, tf.float32))
    return {"serving_default": made}


def mlp() -> Signatures:
    random = np.random.default_rng(0)
    x = tf1.placeholder(tf.float32, [None, 10], name="x")
    value = x
    for index, (rows, columns) in enumerate([(10, 64), (64, 64), (64, 1)]):
        start = (random.normal(size=(rows, columns)) / np.sqrt(rows)).astype(np.float32)
        weights = tf1.get_variable(f"w{index}", initializer=start, use_resource=True)
        value = tf.matmul(value, weights)
        value = tf.nn.relu(value) if columns > 1 else value
    return {"serving_default": signature({"x": x}, {"y": value})}


def odd() -> Signatures:
    """Signatures for Classify and Regress that break one rule each, by name."""
    serialized = tf1.placeholder(tf.string, [None], name="tf_example")
    other = tf1.placeholder(tf.float32, [None], name="other")
    ones = tf.ones([tf.size(serialized), 2])
    labels = tf.fill([tf.size(serialized), 2], "a")
    more = tf.ones([tf.size(serialized) + 1, 2])
    examples = {"inputs": serialized}
    classify: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "good": (examples, {"classes": labels, "scores": ones}),
        "classes_only": (examples, {"classes": labels}),
        "two_inputs": ({**examples, "other": other}, {"scores": ones}),
        "three_outputs": (examples, {"classes": labels, "scores": ones, "more": ones}),
        "input_name": ({"examples": serialized}, {"scores": ones}),
        "output_names": (examples, {"neither": ones}),
        "scores_rank": (examples, {"scores": ones[:, 0]}),
        "classes_rank": (examples, {"classes": labels[:, 0]}),
        "classes_type": (examples, {"classes": tf.cast(ones, tf.int32)}),
        "scores_type": (examples, {"scores": tf.cast(ones, tf.float64)}),
        "scores_batch": (examples, {"scores": more}),
        "classes_batch": (examples, {"classes": tf.strings.as_string(more)}),
        "both_width": (examples, {"classes": labels[:, :1], "scores": ones}),
    }
    regress: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "good": (examples, {"outputs": ones[:, 0]}),
        "two_outputs": (examples, {"outputs": ones[:, 0], "more": ones}),
        "two_inputs": ({**examples, "other": other}, {"outputs": ones[:, 0]}),
        "input_name": ({"examples": serialized}, {"outputs": ones[:, 0]}),
        "output_name": (examples, {"y": ones[:, 0]}),
        "rank": (examples, {"outputs": ones}),
        "batch": (examples, {"outputs": more[:, 0]}),
        "type": (examples, {"outputs": tf.cast(ones[:, 0], tf.float64)}),
    }
    made = {f"classify_{name}": signature(*io, CLASSIFY) for name, io in classify.items()}
    made |= {f"regress_{name}": signature(*io, REGRESS) for name, io in regress.items()}
    made["predict"] = signature(examples, {"y": ones})
    return made


class Tripled(tf.Module):
    """What a TF2 user saves."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def predict(self, x: Any) -> dict[str, Any]:
        return {"y": self.factor * x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify(self, inputs: Any) -> dict[str, Any]:
        x = self._parsed(inputs)
        labels = tf.tile(tf.constant([["low", "high"]]), [tf.shape(x)[0], 1])
        return {"classes": labels, "scores": tf.concat([1.0 - x, x], 1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def regress(self, inputs: Any) -> dict[str, Any]:
        return {"outputs": self.factor * self._parsed(inputs)}

    def _parsed(self, inputs: Any) -> Any:
        return tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]


def write_tf2(base: Path) -> None:
    module = Tripled()
    signatures = {
        "serving_default": module.predict,
        "classify": module.classify,
        "regress": module.regress,
    }
    tf.saved_model.save(module, str(base / "1"), signatures=signatures)


def write_corrupt(base: Path) -> None:
    folder = base / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"\xff" * 40)


GRAPHS = {
    make.__name__: make
    for make in (
        counter,
        strings,
        types,
        two_inputs,
        scalar,
        variable_length,
        slow,
        defaults,
        mlp,
        odd,
    )
}


def write(folder: Path | str) -> dict[str, str]:
    """Writes all of them below a folder.

    Args:
        folder: An empty or new folder.

    Returns:
        The base path of each model, by name.
    """
    folder = Path(folder).absolute()
    for version in (123, 124):
        write_half_plus_two(folder / "half_plus_two", version)
    save(folder / "half_plus_three" / "00000123", half_plus_three)
    make_old(folder / "half_plus_three" / "00000123")
    for name, make in GRAPHS.items():
        save(folder / name / "1", make)
    write_tf2(folder / "tf2")
    write_corrupt(folder / "corrupt")
    return {path.name: str(path) for path in sorted(folder.iterdir())}


if __name__ == "__main__":
    for made_name, made_path in write(sys.argv[1]).items():
        print(made_name, made_path)
