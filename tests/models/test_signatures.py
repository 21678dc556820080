"""The SavedModel, saved and loaded again: it answers as the network did in training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.network import build_network
from models.signatures import ServingModule, feature_spec, save
from models.trainer import model_inputs
from usecase.config import Network
from usecase.features import Declaration, Feature, LabelColumn

FEATURES = (
    *("fare", "fixed", "weight", "age", "debt", "distance", "seconds", "color", "town", "code"),
    *("hour", "delta", "member", "paid", "active", "unseen"),
)
# The sentinels, spelled out as a client would have them.
MISSING = {
    **dict.fromkeys(("fare", "fixed", "weight", "distance", "active", "unseen"), np.nan),
    **dict.fromkeys(("age", "seconds", "hour", "paid"), -1),
    **dict.fromkeys(("debt", "code", "delta"), -(2**63)),
    **dict.fromkeys(("color", "town", "member"), ""),
}


def serialized(columns, names):
    """Returns one tf.Example a row; a value that is None is left out."""
    examples = []
    for row in zip(*(columns[name] for name in names), strict=True):
        example = tf.train.Example()
        for name, value in zip(names, row, strict=True):
            feature = example.features.feature[name] if value is not None else None
            if isinstance(value, str):
                feature.bytes_list.value.append(value.encode())
            elif isinstance(value, float):
                feature.float_list.value.append(value)
            elif value is not None:
                feature.int64_list.value.append(value)
        examples.append(example.SerializeToString())
    return tf.constant(examples, tf.string)


def raw_tensors(declaration, columns):
    """Returns one dense tensor a feature, sentinels where there is no value."""
    return {
        f.name: tf.constant([MISSING[f.name] if v is None else v for v in columns[f.name]], f.dtype)
        for f in declaration.features
    }


@pytest.fixture(scope="module")
def network(transformed):
    """A network whose answer depends on every input: no weight is near 0."""
    keras.utils.set_random_seed(3)
    inputs = model_inputs(transformed.declaration, transformed.output)
    model = build_network(inputs, Network(hidden_units=(5,), embedding_size=2, activation="tanh"))
    random = np.random.default_rng(3)
    model.set_weights([random.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def loaded(transformed, network, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("serving"))
    module = ServingModule(network, transformed.output, transformed.declaration)
    save(module, transformed.declaration, folder)
    return tf.saved_model.load(folder)


@pytest.fixture(params=["train", "served"])
def rows(request, transformed, network):
    """Raw rows, and what the training path makes of them: transformed by Beam, then predicted."""
    split = getattr(transformed, request.param + "_xf")
    inputs = {name: tf.constant(values) for name, values in split.features.items()}
    return getattr(transformed, request.param), split, network(inputs, training=False).numpy()


def test_the_inputs_of_the_network(transformed):
    inputs = model_inputs(transformed.declaration, transformed.output)
    assert [(i.name, i.categories) for i in inputs] == [
        *(("fare_xf", 0), ("fixed_xf", 0), ("weight_xf", 0), ("weight_xf_missing", 0)),
        *(("age_xf", 0), ("age_xf_missing", 0), ("debt_xf", 0)),
        *(("distance_xf", 5), ("seconds_xf", 4)),
        *(("color_xf", 5), ("town_xf", 5), ("code_xf", 5)),
        *(("hour_xf", 8), ("delta_xf", 7)),
        *(("member_xf", 3), ("paid_xf", 3), ("active_xf", 3)),
        *(("unseen_xf", 0), ("unseen_xf_missing", 0)),
    ]
    for split in (transformed.train_xf, transformed.served_xf):
        assert set(split.features) == {i.name for i in inputs}
        for name, categories in inputs:
            assert not categories or set(split.features[name]) <= set(range(categories))


def test_the_network_tells_the_rows_apart(rows):
    assert len(np.unique(rows[2])) == len(rows[2])


def test_serialized_examples_answer_as_in_training(loaded, rows):
    columns, _, expected = rows
    answer = loaded.signatures["serving_default"](serialized(columns, FEATURES))
    assert list(answer) == ["probability"]
    np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-7)


def test_dense_tensors_answer_as_in_training(loaded, transformed, rows):
    columns, _, expected = rows
    answer = loaded.signatures["serving_raw"](**raw_tensors(transformed.declaration, columns))
    assert list(answer) == ["probability"]
    np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-7)


def test_a_value_that_is_left_out_and_its_sentinel_are_the_same(loaded, transformed):
    columns = {name: [values[0]] * len(FEATURES) for name, values in transformed.train.items()}
    columns |= {
        name: [None if row == k else v for row, v in enumerate(columns[name])]
        for k, name in enumerate(FEATURES)
    }
    left_out = loaded.signatures["serving_default"](serialized(columns, FEATURES))
    dense = loaded.signatures["serving_raw"](**raw_tensors(transformed.declaration, columns))
    np.testing.assert_array_equal(left_out["probability"], dense["probability"])


def test_the_transformation_is_the_one_of_training(loaded, rows):
    columns, split, _ = rows
    answer = loaded.signatures["transform_features"](serialized(columns, (*FEATURES, "tips")))
    assert set(answer) == {*split.features, "big_xf"}
    np.testing.assert_array_equal(answer["big_xf"], split.label)
    for name, values in split.features.items():
        np.testing.assert_array_equal(answer[name], values, err_msg=name)


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches(loaded, transformed, batch):
    columns = {name: values[-batch:] if batch else [] for name, values in transformed.train.items()}
    examples = serialized(columns, FEATURES)
    whole = loaded.signatures["serving_default"](serialized(transformed.train, FEATURES))
    expected = whole["probability"][-batch:] if batch else np.zeros(0)
    for answer in (
        loaded.signatures["serving_default"](examples),
        loaded.signatures["serving_raw"](**raw_tensors(transformed.declaration, columns)),
    ):
        assert answer["probability"].shape == (batch,)
        np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-7)
    encoded = loaded.signatures["transform_features"](serialized(columns, (*FEATURES, "tips")))
    assert {tuple(values.shape) for values in encoded.values()} == {(batch,)}


def test_signatures_name_their_inputs(loaded, transformed):
    takes = {
        name: {k: (v.dtype.name, v.shape.as_list()) for k, v in inputs.items()}
        for name, signature in loaded.signatures.items()
        for inputs in [signature.structured_input_signature[1]]
    }
    assert takes == {
        "serving_default": {"examples": ("string", [None])},
        "transform_features": {"examples": ("string", [None])},
        "serving_raw": {f.name: (f.dtype, [None]) for f in transformed.declaration.features},
    }
    assert set(takes["serving_raw"]) == set(FEATURES)


def test_only_the_label_reads_its_own_columns(loaded, transformed):
    assert set(feature_spec(transformed.declaration)) == set(FEATURES)
    assert set(feature_spec(transformed.declaration, with_label=True)) == {*FEATURES, "tips"}
    # A column of another type is an error to whoever parses it.
    unreadable = dict(transformed.train, tips=["none"] * len(transformed.train["tips"]))
    good = loaded.signatures["serving_default"](serialized(transformed.train, FEATURES))
    same = loaded.signatures["serving_default"](serialized(unreadable, (*FEATURES, "tips")))
    np.testing.assert_array_equal(same["probability"], good["probability"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="tips"):
        loaded.signatures["transform_features"](serialized(unreadable, (*FEATURES, "tips")))


class Echo(ServingModule):
    """Answers with its raw columns, one output each."""

    def __init__(self, declaration):
        tf.Module.__init__(self)
        self._declaration = declaration

    def transform_features(self, examples):
        return {"examples": examples}

    def _predict(self, parsed):
        return {
            f"output_{k}": parsed[feature.name].values
            for k, feature in enumerate(self._declaration.features)
        }


def test_columns_whose_names_are_no_identifiers(tmp_path):
    odd = ["trip miles", "1st ($)", "_id", "Größe", "UPPER", "class", "a.b/c", "name", "examples"]
    declaration = Declaration(
        features=tuple(Feature(name=name, role="numeric", dtype="float32") for name in odd),
        label_name="y",
        label_function=None,
        label_columns=(LabelColumn(name="y", dtype="float32"),),
    )
    save(Echo(declaration), declaration, str(tmp_path))
    signature = tf.saved_model.load(str(tmp_path)).signatures["serving_raw"]
    inputs = [f.input_name for f in declaration.features]
    assert set(signature.structured_input_signature[1]) == set(inputs)
    answer = signature(**{name: tf.constant([k + 0.5]) for k, name in enumerate(inputs)})
    assert {name: values.numpy().tolist() for name, values in answer.items()} == {
        f"output_{k}": [k + 0.5] for k in range(len(odd))
    }
