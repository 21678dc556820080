"""What a model for phones answers on this machine."""

import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving import edge
from serving.edge import EdgeModel
from serving.errors import ServingError
from tests.serving.edge_world import (
    EXACT,
    INT64_MAX,
    INT64_MIN,
    ROW,
    WORDS,
    metadata,
    score,
    sigmoid,
    with_metadata,
)

ROWS = st.fixed_dictionaries(
    {},
    optional={
        "fare": st.none() | st.floats(-100, 100, width=32) | st.just(math.nan),
        "trip_start_hour": st.none() | st.integers(-1, 23),
        "picked up": st.none() | st.sampled_from([EXACT, EXACT - 1, INT64_MIN, INT64_MAX, 0]),
        "company": st.none() | st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8")),
    },
)


@pytest.fixture(scope="module")
def model(pushed):
    return EdgeModel(pushed)


@pytest.fixture(scope="module")
def regression(push, tmp_path_factory):
    return EdgeModel(push(tmp_path_factory.mktemp("regression") / "1", "regression"))


def shown(array):
    return array.dtype, array.tolist()


def test_a_binary_model(model):
    rows = [ROW, {}, {"fare": 8.6, "company": "unheard of"}]
    answers = model.predict(rows)
    expected = sigmoid(np.array([score(row) for row in rows]))
    assert list(answers) == ["probability", "class"]
    assert answers["probability"].dtype == np.float32
    np.testing.assert_allclose(answers["probability"], expected, atol=1e-6)
    # From the threshold on, 0.75, it is the second class.
    assert [round(float(p), 2) for p in expected] == [0.99, 0.47, 0.82]
    assert answers["class"].tolist() == ["yes", "no", "yes"]


def test_the_threshold_itself_is_positive(push, tmp_path, model):
    (at,) = model.predict([{}])["probability"]
    for threshold, named in ((at, 11), (np.nextafter(at, np.float32(1)), 22)):
        label = {"name": "x", "classes": [22, 11], "decision_threshold": float(threshold)}
        model = EdgeModel(push(tmp_path / f"at{threshold}", label=label))
        assert shown(model.predict([{}])["class"]) == (np.int64, [named])


def test_a_binary_model_without_classes(push, tmp_path):
    label = {"name": "x", "classes": [], "decision_threshold": 0.5}
    assert list(EdgeModel(push(tmp_path / "1", label=label)).predict([{}])) == ["probability"]


def test_a_multiclass_model(push, tmp_path):
    model = EdgeModel(push(tmp_path / "1", "multiclass"))
    rows = [ROW, {"fare": -40.0}, {"fare": 1.5}]
    answers = model.predict(rows)
    scores = np.array([[s, -s, 0] for s in map(score, rows)])
    odds = np.exp(scores)
    expected = odds / odds.sum(axis=1, keepdims=True)
    assert answers["probabilities"].shape == (3, 3)
    np.testing.assert_allclose(answers["probabilities"], expected, atol=1e-6)
    assert answers["class"].tolist() == ["up", "down", "up"]
    assert model.predict([])["probabilities"].shape == (0, 3)
    assert model.predict([])["class"].tolist() == []


@settings(deadline=None)
@given(st.lists(ROWS, max_size=5))
def test_every_row_is_answered_by_its_values(regression, rows):
    answers = regression.predict(rows)
    assert list(answers) == ["prediction"]
    expected = np.array([score(row) for row in rows])
    np.testing.assert_allclose(answers["prediction"], expected, rtol=1e-5, atol=1e-5)


def test_rows_columns_and_frames_are_answered_alike(model):
    rows = [ROW, {"company": "\N{TAXI} Co"}, {"fare": 2, "trip_start_hour": 23.0}]
    columns = {name: [row.get(name) for row in rows] for name in ROW}
    expected = model.predict(rows)["probability"].tolist()
    assert model.predict(columns)["probability"].tolist() == expected
    assert model.predict(pd.DataFrame(columns, dtype=object))["probability"].tolist() == expected


def test_batches_of_any_size_after_one_another(regression):
    sizes = (1, 5, 0, 1, edge.BATCH_ROWS, edge.BATCH_ROWS + 1, 3 * edge.BATCH_ROWS, 0, 2)
    for size in sizes:
        fares = np.arange(size) % 50
        answers = regression.predict({"fare": fares, "company": ["Größe"] * size})
        assert answers["prediction"].shape == (size,)
        np.testing.assert_allclose(answers["prediction"], fares / 4 + 1.375, atol=1e-5)


def test_a_batch_is_bounded(regression, monkeypatch):
    seen = []
    run = regression._run
    monkeypatch.setattr(regression, "_run", lambda **a: seen.append(len(a["fare"])) or run(**a))
    regression.predict([{}] * 2500)
    assert seen == [1024, 1024, 452]


def test_the_interpreter_sees_nothing_of_a_row_that_is_refused(regression, monkeypatch):
    monkeypatch.setattr(regression, "_run", lambda **_: pytest.fail("it was run"))
    with pytest.raises(ServingError, match="row 3000"):
        regression.predict([{}] * 3000 + [{"fare": "x"}])


def test_threads_do_not_disturb_one_another(regression):
    def ask(fare):
        size = fare % 7 + 1
        return regression.predict({"fare": [fare] * size})["prediction"], fare / 4 + 0.875

    with ThreadPoolExecutor(8) as pool:
        for answers, expected in pool.map(ask, range(400)):
            np.testing.assert_allclose(answers, expected, atol=1e-4)


def test_a_variant_is_another_file(pushed):
    found = EdgeModel(pushed, variant="int8", threads=2)
    np.testing.assert_allclose(found.predict([ROW])["probability"], [sigmoid(score(ROW, 1.0))])
    assert found.path == pushed / "model_int8.tflite"


def test_one_file(pushed, model):
    alone = EdgeModel(pushed / "model.tflite")
    assert alone.predict([ROW])["probability"] == model.predict([ROW])["probability"]


def test_a_file_that_is_not_what_its_metadata_say(models, tmp_path):
    path = tmp_path / "model.tflite"
    inputs = metadata()["inputs"]
    integer = {"name": "fare", "column": "fare", "dtype": "int64", "missing": -1}
    wrong = (
        metadata(inputs=inputs[1:]),
        metadata(inputs=[integer, *inputs[1:]]),
        metadata("regression"),
    )
    bare = models["binary"].replace(b"model_metadata.json", b"model_metadata.jsox")
    for content in wrong:
        path.write_bytes(with_metadata(bare, json.dumps(content).encode()))
        with pytest.raises(ServingError, match="other inputs or outputs than its metadata say"):
            EdgeModel(path)
    content = metadata(signature="gone")
    path.write_bytes(with_metadata(bare, json.dumps(content).encode()))
    with pytest.raises(ServingError, match="cannot be run"):
        EdgeModel(path)


def test_threads_that_make_no_sense(pushed):
    with pytest.raises(ServingError, match="cannot be run"):
        EdgeModel(pushed, threads=0)


@pytest.mark.parametrize("gone", ["ai_edge_litert.interpreter", "ai_edge_litert"])
def test_without_the_interpreter(pushed, monkeypatch, gone):
    monkeypatch.setitem(sys.modules, gone, None)
    if gone == "ai_edge_litert":
        monkeypatch.delitem(sys.modules, "ai_edge_litert.interpreter", raising=False)
    with pytest.raises(ServingError, match="ai-edge-litert is not installed") as caught:
        EdgeModel(pushed)
    assert caught.value.fix == "pip install ai-edge-litert"
