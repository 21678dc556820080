"""The network's shape, start and power, and that it needs nothing but Keras."""

import ast
import itertools
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import models.network
from models.network import LOGIT_LAYER, ModelInput, build_linear, build_network
from usecase.config import Network

NUMBERS = [ModelInput("x_xf", 0), ModelInput("y_xf", 0)]
CATEGORIES = [ModelInput("a_xf", 3), ModelInput("b_xf", 5)]
MIXED = [NUMBERS[0], CATEGORIES[0], NUMBERS[1], CATEGORIES[1]]
SMALL = Network(hidden_units=(4,), embedding_size=2, dropout=0.0, l2=0.0)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(5)


def batch_of(inputs, rows, seed=0):
    random = np.random.default_rng(seed)
    return {
        i.name: random.integers(0, i.categories, rows)
        if i.categories
        else random.normal(size=rows).astype(np.float32)
        for i in inputs
    }


def sigmoid(logit):
    return 1 / (1 + np.exp(-np.asarray(logit, float)))


def loss_of(model, batch, label):
    """Computed here: what test_on_batch returns is an average over all calls."""
    probability = np.asarray(model(batch, training=False), float)
    return -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))


@pytest.mark.parametrize("inputs", [NUMBERS, CATEGORIES, MIXED, MIXED[:1], MIXED[1:2]])
@pytest.mark.parametrize("build", [lambda i: build_network(i, SMALL), build_linear])
def test_one_probability_a_row(build, inputs):
    model = build(inputs)
    for rows in (1, 7):
        answer = keras.ops.convert_to_numpy(model(batch_of(inputs, rows)))
        assert (answer.shape, answer.dtype) == ((rows,), np.float32)
        assert np.all((answer > 0) & (answer < 1))


def test_inputs_have_their_names_and_types():
    model = build_network(MIXED, SMALL)
    assert {t.name: (t.dtype, t.shape) for t in model.inputs} == {
        "x_xf": ("float32", (None,)),
        "a_xf": ("int64", (None,)),
        "y_xf": ("float32", (None,)),
        "b_xf": ("int64", (None,)),
    }


@pytest.mark.parametrize("inputs", [NUMBERS, CATEGORIES, MIXED])
@pytest.mark.parametrize("hidden", [(), (4,), (6, 3)])
@pytest.mark.parametrize("width", [1, 3])
def test_parameter_count(inputs, hidden, width):
    numbers = sum(not i.categories for i in inputs)
    ids = sum(i.categories for i in inputs)
    features = len(inputs) - numbers
    layers = [features * width + numbers, *hidden]
    dense = sum((n + 1) * m for n, m in itertools.pairwise(layers))
    expected = ids * width + dense + ids + (features + numbers + layers[-1] + 1)
    network = Network(hidden_units=hidden, embedding_size=width)
    assert build_network(inputs, network).count_params() == expected
    assert build_linear(inputs).count_params() == ids + features + numbers + 1


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("build", [lambda i, s: build_network(i, SMALL, s), build_linear])
def test_it_starts_at_the_share_of_positive_labels(build, share):
    zeros = {i.name: np.zeros(4, np.float32) for i in NUMBERS}
    np.testing.assert_allclose(build(NUMBERS, share)(zeros), share, rtol=1e-5)
    mean = keras.ops.convert_to_numpy(build(CATEGORIES, share)(batch_of(CATEGORIES, 50))).mean()
    assert mean == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize(("share", "start"), [(0.0, 0.001), (1.0, 0.999)])
def test_it_starts_at_a_probability_even_without_one_class(share, start):
    zeros = {i.name: np.zeros(1, np.float32) for i in NUMBERS}
    np.testing.assert_allclose(build_linear(NUMBERS, share)(zeros), start, rtol=1e-4)


def test_each_category_has_rows_of_its_own_in_the_shared_table():
    model = build_linear([*CATEGORIES, NUMBERS[0]])
    model.get_layer("wide_embedding").set_weights([np.arange(8.0).reshape(8, 1) / 10])
    model.get_layer(LOGIT_LAYER).set_weights([np.ones((3, 1)), np.zeros(1)])
    batch = {
        "a_xf": np.array([0, 2, 0, 2]),
        "b_xf": np.array([0, 0, 4, 4]),
        "x_xf": np.float32([0, 0, 0, 1]),
    }
    np.testing.assert_allclose(model(batch), sigmoid([0.3, 0.5, 0.7, 1.9]), rtol=1e-6)


def test_inputs_are_told_apart_by_name_not_by_order():
    model, batch = build_network(MIXED, SMALL), batch_of(MIXED, 6)
    swapped = batch | {"x_xf": batch["y_xf"], "y_xf": batch["x_xf"]}
    backwards = dict(reversed(batch.items()))
    np.testing.assert_array_equal(model(backwards), model(batch))
    assert np.abs(model(swapped) - model(batch)).max() > 1e-4


def test_dropout_acts_in_training_only():
    batch = batch_of(MIXED, 64)
    model = build_network(MIXED, Network(hidden_units=(16,), dropout=0.5))
    np.testing.assert_array_equal(model(batch, training=False), model(batch, training=False))
    assert np.abs(model(batch, training=True) - model(batch, training=False)).max() > 1e-4


def test_tables_and_hidden_layers_are_regularised():
    model = build_network(MIXED, Network(hidden_units=(6, 3), l2=0.1))
    kernels = [
        w for layer in model.layers if layer.name != LOGIT_LAYER for w in layer.get_weights()
    ]
    squares = sum(np.sum(kernel**2) for kernel in kernels if kernel.ndim == 2)
    assert float(sum(model.losses)) == pytest.approx(0.1 * squares, rel=1e-5)
    assert float(sum(build_network(MIXED, SMALL).losses)) == 0


@pytest.mark.parametrize(
    "build", [lambda: build_network(MIXED, SMALL), lambda: build_linear(MIXED)]
)
def test_one_step_lowers_the_loss(build):
    batch = batch_of(MIXED, 64)
    label = (batch["a_xf"] + batch["x_xf"] > 1).astype(np.float32)
    model = build()
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", jit_compile=False)
    before = loss_of(model, batch, label)
    model.train_on_batch(batch, label)
    assert loss_of(model, batch, label) < before


def trained_on_xor(model):
    batch = {"a_xf": np.array([0, 0, 1, 1] * 8), "b_xf": np.array([0, 1, 0, 1] * 8)}
    label = (batch["a_xf"] != batch["b_xf"]).astype(np.float32)
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", jit_compile=False)
    for _ in range(60):
        model.train_on_batch(batch, label)
    return loss_of(model, batch, label)


def test_the_network_learns_an_interaction_that_the_linear_model_cannot():
    network = Network(hidden_units=(8,), embedding_size=2, dropout=0.0, l2=0.0, activation="tanh")
    assert trained_on_xor(build_network(CATEGORIES, network)) < 0.05
    assert trained_on_xor(build_linear(CATEGORIES)) > 0.69


def test_the_network_imports_nothing_but_keras():
    nodes = list(ast.walk(ast.parse(Path(models.network.__file__).read_text(encoding="utf-8"))))
    imported = {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in imported}
    assert packages - set(sys.stdlib_module_names) == {"keras", "usecase"}
