"""What the Trainer runs: from transformed rows to SavedModels that answer rightly."""

import json
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.columns import sparse
from models.settings import HISTORY_FILE, LINEAR_FOLDER, TrainerSettings
from models.trainer import read_problem, run_fn
from tests.models.conftest import CLASSES
from usecase.config import Network, Training
from usecase.errors import UserError

COLORS = ("red", "green", "blue")
TRAINING = Training(batch_size=60, max_epochs=5, learning_rate=0.05)


def make_rows(count, seed):
    """Returns {column: values} of what a client sends."""
    random = np.random.default_rng(seed)
    return {
        "fare": random.uniform(10, 60, count).astype(np.float32),
        "color": np.array(COLORS)[random.integers(0, 3, count)],
        "hour": random.integers(0, 6, count),
    }


def classes_of(rows):
    """Returns what is to be learned, a class id a row: the pair of color and hour decides it."""
    return (np.array([COLORS.index(color) for color in rows["color"]]) + rows["hour"]) % 3


def write(path, columns):
    """Writes {transformed feature: values} as Transform does."""
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for row in zip(*columns.values(), strict=True):
            example = tf.train.Example()
            for name, value in zip(columns, row, strict=True):
                feature = example.features.feature[name]
                of_ids = np.issubdtype(value.dtype, np.integer)
                (feature.int64_list if of_ids else feature.float_list).value.append(value)
            writer.write(example.SerializeToString())


def arguments(folder, transformed, **splits):
    """Returns TFX's arguments, with splits of {transformed feature: values}."""
    for name, columns in splits.items():
        write(folder / f"{name}.gz", columns)
    settings = TrainerSettings(
        declaration=transformed.declaration,
        network=Network(hidden_units=(16,), embedding_size=4, dropout=0.0),
        training=TRAINING,
        checkpoint_dir=str(folder / "checkpoints"),
    )
    return types.SimpleNamespace(
        custom_config={"settings": settings.model_dump_json()},
        hyperparameters=None,
        transform_output=str(Path(transformed.output.transform_savedmodel_dir).parent),
        train_files=[f"{folder}/train*"],
        eval_files=[f"{folder}/eval*"],
        serving_model_dir=str(folder / "model" / "Format-Serving"),
        model_run_dir=str(folder / "run"),
    )


def transformed_rows(transformed, rows):
    """Returns {transformed feature: values}, and the label."""
    layer = transformed.output.transform_features_layer()
    raw = {name: sparse(tf.constant(values)) for name, values in rows.items()}
    columns = {name: values.numpy() for name, values in layer(raw).items()}
    key = transformed.declaration.label.key
    return columns | {key: classes_of(rows).astype(np.float32)}


@pytest.fixture(scope="module")
def trained(few, tmp_path_factory):
    """The folder of a Trainer that has run, and what it was given."""
    folder, transformed = tmp_path_factory.mktemp("trainer"), few("multiclass")
    splits = {
        name: transformed_rows(transformed, make_rows(count, seed))
        for seed, (name, count) in enumerate([("train", 600), ("eval", 200)])
    }
    fn_args = arguments(folder, transformed, **splits)
    run_fn(fn_args)
    return folder, fn_args


@pytest.mark.parametrize("name", ["Format-Serving", LINEAR_FOLDER])
def test_the_saved_models_have_learned(trained, name):
    folder, _ = trained
    rows = make_rows(100, 9)
    signature = tf.saved_model.load(str(folder / "model" / name)).signatures["serving_raw"]
    answer = signature(**{column: tf.constant(values) for column, values in rows.items()})
    named = np.array([CLASSES[k].encode() for k in classes_of(rows)])
    assert np.mean(answer["class"].numpy() == named) > 0.98
    assert answer["probabilities"].numpy().max(axis=1).mean() > 0.8


def test_what_training_was_like_is_written_down(trained):
    folder, _ = trained
    history = json.loads((folder / "run" / HISTORY_FILE).read_text())
    losses = history["history"]["val_loss"]
    assert len(losses) == history["epochs"] <= 5
    assert history["best_loss"] == min(losses) == losses[history["best_epoch"] - 1]
    assert losses[-1] < 0.5 * losses[0]
    assert set(history["history"]) == {
        *("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"),
    }
    assert list((folder / "run").rglob("events.*"))
    assert list((folder / "checkpoints").iterdir()) == []


def test_rows_and_inputs_are_read_as_declared(trained, few):
    (_, fn_args), transformed = trained, few("multiclass")
    problem = read_problem(fn_args, transformed.declaration, transformed.output)
    assert (len(problem.train), len(problem.held_out)) == (600, 200)
    assert problem.label == transformed.declaration.label
    assert [tuple(i) for i in problem.inputs] == [
        *(("fare_xf", 0, None), ("color_xf", 5, None), ("hour_xf", 8, None)),
        ("color_by_hour_xf", 40, ("color_xf", "hour_xf")),
    ]
    expected = np.sort(classes_of(make_rows(600, 0)).astype(np.float32))
    np.testing.assert_array_equal(np.sort(problem.train.label), expected)


def test_rows_without_a_label_are_told_before_training(few, tmp_path):
    transformed = few("multiclass")
    columns = {**transformed.train_xf.features, "town_xf": transformed.train_xf.label}
    fn_args = arguments(tmp_path, transformed, train=columns, eval=columns)
    missing = int(np.isnan(transformed.train_xf.label).sum())
    with pytest.raises(UserError, match=f"{2 * missing} rows have no label"):
        run_fn(fn_args)
    assert not (tmp_path / "model").exists()
