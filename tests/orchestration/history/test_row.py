"""One example through a real model: what is told is what the served model computes itself."""

import dataclasses
import functools
import io
import json
import math
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from models.settings import TrainerSettings
from orchestration.local.history.commands import explain
from orchestration.local.history.folders import choose, find_runs
from orchestration.local.history.run_model import find_model
from tests.components.phone_world import CLASSES, Phone
from tests.models.declarations import crossed, declared
from tests.orchestration.history import small_nodes
from usecase.config import Network, Training
from usecase.errors import UserError
from usecase.outputs import MEASURED
from usecase.roles import Boolean, Bucketized, DateTime, Numeric

RUN = "2026-01-01T00-00-00"
LABELS = {"binary": 1, "multiclass": "red", "regression": 250}
MORE = (
    declared("span", Numeric(scaling="min_max"), "float32", optional=True),
    declared("income", Numeric(scaling="log"), "float32", optional=True),
    declared("size", Bucketized(buckets=4), "float32"),
    declared("member", Boolean(), "string"),
    declared("joined", DateTime(parts=("month", "year"), format="iso8601"), "int64"),
    crossed("color by hour", "color", "hour of day"),
)


class World(Phone):
    """The model of one task, with every role where the task is binary."""

    def __init__(self, folder, task):
        super().__init__(folder, task)

    def _transform(self):
        if self.declaration.label.task == "binary":
            features = (*self.declaration.features, *MORE)
            self.declaration = self.declaration.model_copy(update={"features": features})
            random = np.random.default_rng(4)
            rows = len(self.rows["fare"])
            self.rows |= {
                "span": random.uniform(-40, 300, rows).tolist(),
                "income": random.lognormal(10, 1, rows).tolist(),
                "size": random.uniform(0, 10, rows).tolist(),
                "member": random.choice(["yes", "no"], rows).tolist(),
                "joined": random.integers(10**9, 17 * 10**8, rows).tolist(),
            }
        return super()._transform()


SLOW = [pytest.param(task, marks=pytest.mark.slow) for task in ("multiclass", "regression")]


@pytest.fixture(scope="module", params=["binary", *SLOW])
def world(request, tmp_path_factory):
    """A run whose Trainer handed on such a model; (task, output folder, model)."""
    folder = tmp_path_factory.mktemp("row")
    made = World(folder / "made", request.param)
    settings = TrainerSettings(
        declaration=made.declaration,
        network=Network(hidden_units=(64,)),
        training=Training(),
        checkpoint_dir="",
    )
    config = json.dumps({"settings": settings.model_dump_json()})
    root = folder / "outputs"
    small_nodes.run(root, RUN, source=str(made.trained_model), custom_config=config)
    return request.param, root, made


def ask(root, row, *, run_id="last", as_json=True):
    out = io.StringIO()
    options = {"output_dir": root, "run_id": run_id, "json": as_json, "row": row}
    assert explain(SimpleNamespace(**options), out) == 0
    return json.loads(out.getvalue()) if as_json else out.getvalue()


@functools.cache
def asked(root, row):
    """Asks once: each time, TensorFlow loads the model anew."""
    return ask(root, row)


def rows_of(made, count):
    """Returns rows of the data, each {column: value}, and one without any value."""
    rows = [
        dict(zip(made.rows, values, strict=True))
        for values in zip(*made.rows.values(), strict=True)
    ]
    return [*rows[:count], {}]


def served(made, row):
    """Asks the SavedModel by its dense signature, which this command does not use."""
    model = tf.saved_model.load(str(made.trained_model / "Format-Serving"))
    inputs = {}
    for column in made.declaration.inputs:
        value = row.get(column.name)
        value = column.missing if value is None else value
        inputs[column.input_name] = tf.constant([value], tf.as_dtype(column.dtype))
    outputs = model.signatures["serving_raw"](**inputs)
    return {name: tensor.numpy()[0] for name, tensor in outputs.items()}


def answer_of(task, scores):
    """Computes the answer from the scores, as the head of the task does."""
    scores = np.array(scores, np.float64)
    if task == "binary":
        return 1 / (1 + np.exp(-scores[0]))
    if task == "multiclass":
        return np.exp(scores) / np.exp(scores).sum()
    labels = np.array([0.0, 1.0, 2.0])
    return scores[0] * labels.std() + labels.mean()


def test_output_and_scores_are_those_of_the_served_model(world):
    task, root, made = world
    name = MEASURED[task]
    for row in rows_of(made, 1):
        found, right = asked(root, json.dumps(row)), served(made, row)
        np.testing.assert_allclose(found["outputs"][name], right[name], rtol=1e-5, atol=1e-6)
        answer = answer_of(task, found["scores"])
        np.testing.assert_allclose(answer, right[name], rtol=1e-5, atol=1e-6)
        if task == "multiclass":
            assert found["outputs"]["class"] == right["class"].decode()


def test_the_label_comes_through_where_it_is_given(world):
    task, root, made = world
    row = rows_of(made, 1)[0]
    right = CLASSES.index(row["label"]) if task == "multiclass" else row["label"]
    assert asked(root, json.dumps(row))["label"] == right
    assert asked(root, "{}")["label"] is None


def test_features_in_words(world):
    task, root, made = world
    if task != "binary":
        pytest.skip("every role is in the binary model alone")
    row = {
        "fare": 10.0,
        "hour of day": 5,
        "code": -999999,
        "color": "東京",
        "span": 40.0,
        "income": 20000,
        "size": 9.9,
        "member": "yes",
        "joined": "2020-05-06T10:00:00",
    }
    found = asked(root, json.dumps(row))["features"]
    told = {name: one["told"] for name, one in found.items()}
    fares = np.array([v for v in made.rows["fare"] if v is not None])
    score = (10.0 - fares.mean()) / fares.std()
    assert found["fare"]["values"]["fare_xf"] == pytest.approx(score, rel=1e-4)
    assert told["fare"] == f"{score:.3f}".replace("-", "−") + (
        " standard deviations from the train split's mean"
    )
    assert found["hour of day"]["values"] == {"hour_of_day_xf": 7}
    assert told["hour of day"] == "5 has id 7 of the schema's domain"
    assert told["color"].startswith('"東京" has id ')
    assert told["size"] == "bucket 4 of 4"
    assert told["member"] == "true"
    assert told["joined"] == "sine and cosine of month; z-score of the year"
    turn = 2 * math.pi * 4 / 12
    assert found["joined"]["values"]["joined_xf_month_sin"] == pytest.approx(
        math.sin(turn), abs=1e-6
    )
    ids = found["color"]["values"]["color_xf"]
    assert told["color by hour"] == (
        f"the pair of color (id {ids}) and hour of day (id 7), combined inside the network"
    )
    spans = np.array(made.rows["span"], np.float32)
    share = (40.0 - spans.min()) / (spans.max() - spans.min())
    assert found["span"]["values"]["span_xf"] == pytest.approx(share, rel=1e-4)


def test_unknown_and_missing_in_words(world):
    task, root, _ = world
    if task != "binary":
        pytest.skip("every role is in the binary model alone")
    row = {"hour of day": 99, "code": 12345678, "color": "lila", "member": "perhaps", "size": 1}
    told = {n: one["told"] for n, one in asked(root, json.dumps(row))["features"].items()}
    assert told["hour of day"] == "99 is unknown: not in the schema's domain, id 1"
    assert told["code"] == "12345678 is unknown: not in the vocabulary, id 1"
    assert told["color"] == '"lila" is unknown: not in the vocabulary, id 1'
    assert told["member"] == "missing, or no word for true or false"
    assert told["fare"] == "missing: the train split's mean stands in"
    assert told["span"] == "missing: the middle of the train split's range stands in"
    assert told["joined"] == "missing: off every circle, at 0"
    told = {n: one["told"] for n, one in asked(root, "{}")["features"].items()}
    assert told["hour of day"] == told["color"] == told["size"] == "missing: id 0"


def test_as_people_read_it(world):
    task, root, _ = world
    row = {"fare": 12.5, "hour of day": -1, "label": LABELS[task]}
    text = ask(root, json.dumps(row), as_json=False)
    sections = [line for line in text.splitlines() if line.isupper()]
    assert sections == ["RAW", "TRANSFORMED", "SCORES", "OUTPUT", "LABEL"]
    for line in (
        "^  fare +12.5 +float32$",
        "^  hour of day +-1 +int64 +-1 stands for a missing value$",
        "^  color +missing +string +not given$",
        "^  hour of day +categorical_integer +hour_of_day_xf +0 +missing: id 0$",
        f"^  label +{LABELS[task]}$",
    ):
        assert re.search(line, text, re.MULTILINE), line


def test_a_column_that_no_feature_is_made_of_is_refused(world):
    _, root, _ = world
    with pytest.raises(UserError) as error:
        ask(root, '{"colour": "rot"}')
    assert error.value.fix == 'did you mean "color"?'


def test_a_run_without_a_model_is_refused(world, tmp_path):
    small_nodes.write_record(tmp_path, RUN)
    with pytest.raises(UserError, match="has no model: its Trainer did not run"):
        ask(tmp_path, "{}")


def copy_of_first(root, run_id, **changes):
    """Leaves another run with the record of the first, as one of which nothing had changed."""
    (first,) = [run for run in find_runs(root) if run.run_id == RUN]
    folder = first.folder.with_name(run_id)
    folder.mkdir()
    dataclasses.replace(first.record, **changes).write(folder)
    return folder


def test_a_later_run_that_repeats_the_first_has_its_model(world):
    _, root, made = world
    later = copy_of_first(root, "2026-01-02T00-00-00")
    found = find_model(root, choose(find_runs(root), later.name, root))
    shutil.rmtree(later)
    assert found.declaration == made.declaration
    assert found.saved_model.parent.parent.name == "model"
    assert found.network.is_file()


def test_where_its_own_is_gone_the_version_that_it_pushed_answers(world, tmp_path):
    _, root, made = world
    moved = tmp_path / "outputs"
    shutil.copytree(root, moved)
    version = moved / "serving" / small_nodes.USE_CASE / "7"
    shutil.copytree(made.trained_model / "Format-Serving", version)
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "push.json").write_text(json.dumps({"run": RUN, "when": "now"}))
    hidden = made.folder.parent / "hidden"
    (root / "artifacts").rename(hidden)
    try:
        found = ask(moved, "{}")
        shutil.rmtree(version)
        with pytest.raises(UserError, match=f"the model of run {RUN} is gone"):
            ask(moved, "{}")
    finally:
        hidden.rename(root / "artifacts")
    assert found["scores"] is None
    assert found["model"] == f"the version that it pushed, {version}"
    assert found["outputs"] == asked(root, "{}")["outputs"]
