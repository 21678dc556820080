"""The network's shape, start and power, and that it needs nothing but Keras."""

import ast
import itertools
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import models.heads
import models.network
from models.heads import Binary, Multiclass, Regression
from models.network import LAST_LAYER, MAX_WIDE_WIDTH, ModelInput, build_linear, build_network
from usecase.config import Network

NUMBERS = [ModelInput("x_xf", 0), ModelInput("y_xf", 0)]
CATEGORIES = [ModelInput("a_xf", 3), ModelInput("b_xf", 5)]
MIXED = [NUMBERS[0], CATEGORIES[0], NUMBERS[1], CATEGORIES[1]]
CROSS = ModelInput("a_by_b_xf", 15, ("a_xf", "b_xf"))
CROSSED = [*MIXED, CROSS]
SMALL = Network(hidden_units=(4,), embedding_size=2, dropout=0.0, l2=0.0)


def binary(share=0.5):
    """Returns the head of labels of which this share is 1."""
    ones = round(1000 * share)
    return Binary(np.repeat(np.float32([0, 1]), (1000 - ones, ones)), weigh=False)


def several(*counts):
    labels = np.repeat(np.arange(len(counts), dtype=np.float32), counts)
    return Multiclass(labels, len(counts), weigh=False)


EVEN = binary()


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
        if i.crossed is None
    }


def sigmoid(logit):
    return 1 / (1 + np.exp(-np.asarray(logit, float)))


def loss_of(model, batch, label):
    """Computed here: what test_on_batch returns is an average over all calls."""
    probability = np.asarray(model(batch, training=False), float)
    return -np.mean(np.log(np.where(label == 1, probability, 1 - probability)))


@pytest.mark.parametrize("inputs", [NUMBERS, CATEGORIES, MIXED, MIXED[:1], MIXED[1:2], CROSSED])
@pytest.mark.parametrize("build", [lambda i, h: build_network(i, SMALL, h), build_linear])
def test_one_probability_a_row(build, inputs):
    model = build(inputs, EVEN)
    for rows in (1, 7):
        answer = keras.ops.convert_to_numpy(model(batch_of(inputs, rows)))
        assert (answer.shape, answer.dtype) == ((rows,), np.float32)
        assert np.all((answer > 0) & (answer < 1))


@pytest.mark.parametrize("build", [lambda i, h: build_network(i, SMALL, h), build_linear])
def test_one_probability_a_class_and_one_number_a_row(build):
    batch = batch_of(CROSSED, 7)
    answer = keras.ops.convert_to_numpy(build(CROSSED, several(5, 3, 2))(batch))
    assert (answer.shape, answer.dtype) == ((7, 3), np.float32)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)
    answer = keras.ops.convert_to_numpy(build(CROSSED, Regression(np.float32([1, 9])))(batch))
    assert (answer.shape, answer.dtype) == ((7,), np.float32)


@pytest.mark.parametrize("inputs", [MIXED, CROSSED])  # a cross comes from inside
def test_inputs_have_their_names_and_types(inputs):
    model = build_network(inputs, SMALL, EVEN)
    assert {t.name: (t.dtype, t.shape) for t in model.inputs} == {
        "x_xf": ("float32", (None,)),
        "a_xf": ("int64", (None,)),
        "y_xf": ("float32", (None,)),
        "b_xf": ("int64", (None,)),
    }


@pytest.mark.parametrize("inputs", [NUMBERS, CATEGORIES, MIXED, CROSSED])
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
    assert build_network(inputs, network, EVEN).count_params() == expected
    assert build_linear(inputs, EVEN).count_params() == ids + features + numbers + 1


@pytest.mark.parametrize(("classes", "wide"), [(3, 3), (32, 32), (50, 32)])
def test_parameter_count_of_several_classes(classes, wide):
    head = several(*[1] * classes)
    ids, features, numbers = 8, 2, 2
    of_wide = ids * wide + (features * wide + numbers + 1) * classes
    assert build_linear(MIXED, head).count_params() == of_wide
    deep = ids * 2 + (features * 2 + numbers + 1) * 4 + 4 * classes
    assert build_network(MIXED, SMALL, head).count_params() == of_wide + deep
    assert MAX_WIDE_WIDTH == 32


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("build", [lambda i, h: build_network(i, SMALL, h), build_linear])
def test_it_starts_at_the_share_of_positive_labels(build, share):
    zeros, head = {i.name: np.zeros(4, np.float32) for i in NUMBERS}, binary(share)
    np.testing.assert_allclose(build(NUMBERS, head)(zeros), share, rtol=1e-5)
    mean = keras.ops.convert_to_numpy(build(CATEGORIES, head)(batch_of(CATEGORIES, 50))).mean()
    assert mean == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize(("share", "start"), [(0.0, 0.001), (1.0, 0.999)])
def test_it_starts_at_a_probability_even_without_one_class(share, start):
    zeros = {i.name: np.zeros(1, np.float32) for i in NUMBERS}
    np.testing.assert_allclose(build_linear(NUMBERS, binary(share))(zeros), start, rtol=1e-4)


@pytest.mark.parametrize("build", [lambda i, h: build_network(i, SMALL, h), build_linear])
def test_it_starts_at_the_shares_of_the_classes_or_at_the_mean(build):
    zeros = {i.name: np.zeros(2, np.float32) for i in NUMBERS}
    np.testing.assert_allclose(
        build(NUMBERS, several(70, 5, 25))(zeros), [[0.70, 0.05, 0.25]] * 2, rtol=1e-5
    )
    np.testing.assert_allclose(
        build(NUMBERS, Regression(np.float32([300, 100])))(zeros), [200] * 2, rtol=1e-5
    )


def test_each_category_has_rows_of_its_own_in_the_shared_table():
    model = build_linear([*CATEGORIES, NUMBERS[0]], EVEN)
    model.get_layer("wide_embedding").set_weights([np.arange(8.0).reshape(8, 1) / 10])
    model.get_layer(LAST_LAYER).set_weights([np.ones((3, 1)), np.zeros(1)])
    batch = {
        "a_xf": np.array([0, 2, 0, 2]),
        "b_xf": np.array([0, 0, 4, 4]),
        "x_xf": np.float32([0, 0, 0, 1]),
    }
    np.testing.assert_allclose(model(batch), sigmoid([0.3, 0.5, 0.7, 1.9]), rtol=1e-6)


@pytest.mark.parametrize(
    "inputs",
    [
        [*CATEGORIES, CROSS],
        [CROSS, *reversed(CATEGORIES), NUMBERS[0]],
        [CATEGORIES[0], CROSS, NUMBERS[1], CATEGORIES[1]],
    ],
    ids=["after", "before", "between"],
)
def test_each_combination_of_a_cross_has_a_row_of_its_own(inputs):
    """Missing (0) and unknown (1) combine like any other id."""
    model = build_linear(inputs, EVEN)
    random = np.random.default_rng(2)
    tables = {i.name: random.normal(size=i.categories) for i in inputs if i.categories}
    model.get_layer("wide_embedding").set_weights([np.concatenate([*tables.values()])[:, None]])
    last = model.get_layer(LAST_LAYER)
    last.set_weights([np.ones(w.shape) for w in last.get_weights()])
    a, b = (ids.ravel() for ids in np.meshgrid(range(3), range(5), indexing="ij"))
    batch = batch_of(inputs, 15) | {"a_xf": a, "b_xf": b}
    numbers = sum(batch[i.name] for i in inputs if not i.categories)
    crossed = tables["a_by_b_xf"][5 * a + b]
    expected = tables["a_xf"][a] + tables["b_xf"][b] + crossed + numbers + 1
    np.testing.assert_allclose(model(batch), sigmoid(expected), rtol=1e-5)
    assert len(set(5 * a + b)) == CROSS.categories


def test_a_cross_has_an_order():
    b_by_a = ModelInput("b_by_a_xf", 15, ("b_xf", "a_xf"))
    model = build_linear([*CATEGORIES, b_by_a], EVEN)
    rows = np.arange(23) / 10
    rows[:8] = 0
    model.get_layer("wide_embedding").set_weights([rows[:, None]])
    model.get_layer(LAST_LAYER).set_weights([np.ones((3, 1)), np.zeros(1)])
    batch = {"a_xf": np.array([1, 2, 0]), "b_xf": np.array([0, 4, 1])}
    expected = [0.8 + 0.1 * row for row in (3 * 0 + 1, 3 * 4 + 2, 3 * 1 + 0)]
    np.testing.assert_allclose(model(batch), sigmoid(expected), rtol=1e-5)


def test_the_deep_part_sees_the_rows_of_a_cross_too():
    model = build_network([*CATEGORIES, CROSS], SMALL, EVEN)
    table = np.random.default_rng(3).normal(size=(23, 2)).astype(np.float32)
    model.get_layer("deep_embedding").set_weights([table])
    looked_up = keras.Model(model.inputs, model.get_layer("deep_embedding").output)
    a, b = np.array([0, 1, 2, 2]), np.array([0, 1, 4, 0])
    expected = np.stack([table[a], table[3 + b], table[8 + 5 * a + b]], axis=1)
    np.testing.assert_allclose(looked_up({"a_xf": a, "b_xf": b}), expected, rtol=1e-6)


def test_inputs_are_told_apart_by_name_not_by_order():
    model, batch = build_network(MIXED, SMALL, EVEN), batch_of(MIXED, 6)
    swapped = batch | {"x_xf": batch["y_xf"], "y_xf": batch["x_xf"]}
    backwards = dict(reversed(batch.items()))
    np.testing.assert_array_equal(model(backwards), model(batch))
    assert np.abs(model(swapped) - model(batch)).max() > 1e-4


def test_dropout_acts_in_training_only():
    batch = batch_of(MIXED, 64)
    model = build_network(MIXED, Network(hidden_units=(16,), dropout=0.5), EVEN)
    np.testing.assert_array_equal(model(batch, training=False), model(batch, training=False))
    assert np.abs(model(batch, training=True) - model(batch, training=False)).max() > 1e-4


def test_tables_and_hidden_layers_are_regularised():
    model = build_network(MIXED, Network(hidden_units=(6, 3), l2=0.1), EVEN)
    kernels = [w for layer in model.layers if layer.name != LAST_LAYER for w in layer.get_weights()]
    squares = sum(np.sum(kernel**2) for kernel in kernels if kernel.ndim == 2)
    assert float(sum(model.losses)) == pytest.approx(0.1 * squares, rel=1e-5)
    assert float(sum(build_network(MIXED, SMALL, EVEN).losses)) == 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_tables_and_the_last_layer_compute_in_float32_under_each_policy(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = build_network(MIXED, SMALL, EVEN)
    finally:
        keras.config.set_dtype_policy("float32")
    found = {layer.name: layer.compute_dtype for layer in model.layers}
    exact = ("wide_embedding", "deep_embedding", LAST_LAYER)
    assert [found[name] for name in exact] == ["float32"] * 3
    assert policy.removeprefix("mixed_") in found.values()  # or the policy was never in force


@pytest.mark.parametrize(
    "build", [lambda: build_network(MIXED, SMALL, EVEN), lambda: build_linear(MIXED, EVEN)]
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
    assert trained_on_xor(build_network(CATEGORIES, network, EVEN)) < 0.05
    assert trained_on_xor(build_linear(CATEGORIES, EVEN)) > 0.69


def test_the_linear_model_learns_an_interaction_that_is_crossed():
    assert trained_on_xor(build_linear([*CATEGORIES, CROSS], EVEN)) < 0.05


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        (models.network, {"keras", "models", "usecase"}),
        (models.heads, {"keras", "numpy", "usecase"}),
    ],
)
def test_the_network_imports_nothing_but_keras(module, allowed):
    nodes = list(ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))))
    imported = {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in imported}
    assert packages - set(sys.stdlib_module_names) == allowed
    ours = {name for name in imported if name.startswith("models.")}
    assert ours <= {"models.heads"}
