"""The rows that a server is asked, the model's own answers, and warm-up records."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.serving_trials import AT_ONCE, NoAnswerError, make_trials
from components.warmup import BATCHES, add_warmup_records
from tests.components.phone_world import ROWS
from usecase.missing import INT64_MIN

MADE = 5  # a row without each of four values, and one without any
COLUMNS = {"fare", "hour_of_day", "code", "color"}


@pytest.fixture(scope="module")
def model(phone):
    return phone.trained_model / "Format-Serving"


@pytest.fixture(scope="module")
def make(phone, model):
    def make(most=1000, folder=model, split="test"):
        return make_trials(phone.declaration, str(folder), str(phone.examples), split, most)

    return make


@pytest.fixture(scope="module")
def trials(make):
    return make()


def test_rows_of_the_split_come_after_rows_with_missing_values(trials, phone):
    assert trials.rows == ROWS + MADE > AT_ONCE
    assert set(trials.columns) == COLUMNS
    fares = trials.columns["fare"][MADE:]
    own = np.array([np.nan if v is None else v for v in phone.rows["fare"]], np.float32)
    np.testing.assert_array_equal(fares, own)
    assert np.isnan(own).any()


def test_each_value_is_missing_once_and_then_all(trials):
    missing = np.array(
        [
            np.isnan(trials.columns["fare"][:MADE]),
            trials.columns["hour_of_day"][:MADE] == -1,
            trials.columns["code"][:MADE] == INT64_MIN,
            trials.columns["color"][:MADE] == b"",
        ]
    )
    first = missing[:, MADE - 1]
    assert first.all()
    assert missing[np.arange(4), np.arange(4)].all()
    assert not missing[:, :4].all(axis=0).any()
    assert tf.train.Example.FromString(trials.serialized[MADE - 1]).features.feature.keys() == {
        "label"
    }


def test_the_right_answers_are_the_model_s_own(trials, model):
    signatures = tf.saved_model.load(str(model)).signatures
    whole = signatures["serving_default"](examples=tf.constant(list(trials.serialized)))
    for right in trials.right.values():
        assert set(right) == {"probability"}
        np.testing.assert_allclose(right["probability"], whole["probability"], rtol=0, atol=1e-6)
    assert np.ptp(trials.right["serving_raw"]["probability"]) > 0.1


def test_no_more_rows_are_taken_than_wanted(make, trials):
    few = make(7)
    assert few.rows == MADE + 7
    usual = slice(MADE, MADE + 7)
    np.testing.assert_array_equal(few.serialized[usual], trials.serialized[usual])


def test_a_split_without_rows_is_no_fault_of_the_model(make):
    with pytest.raises(ValueError, match="the split eval has no row"):
        make(split="eval")


def test_a_model_that_cannot_be_loaded_gives_no_answer(make, model, tmp_path):
    broken = shutil.copytree(model, tmp_path / "model")
    (data,) = broken.glob("variables/*.data*")
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(NoAnswerError, match=r"^the model cannot be loaded: .+"):
        make(folder=broken)
    with pytest.raises(NoAnswerError, match=r"^the model cannot be loaded: .*nowhere"):
        make(folder=tmp_path / "nowhere")


def test_a_model_without_a_signature_gives_no_answer(make, tmp_path):
    module = tf.Module()
    module.predict = tf.function(
        lambda examples: {"probability": tf.zeros(tf.shape(examples))},
        input_signature=[tf.TensorSpec([None], tf.string, name="examples")],
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.predict})
    with pytest.raises(NoAnswerError, match=r"^the model has no signature serving_raw$"):
        make(folder=tmp_path)


def test_a_model_that_fails_on_rows_gives_no_answer(make, tmp_path):
    module = tf.Module()
    module.fail = tf.function(
        lambda examples: {"probability": tf.strings.to_number(tf.fill(tf.shape(examples), "x"))},
        input_signature=[tf.TensorSpec([None], tf.string, name="examples")],
    )
    names = ("serving_default", "serving_raw")
    tf.saved_model.save(module, str(tmp_path), signatures=dict.fromkeys(names, module.fail))
    with pytest.raises(
        NoAnswerError, match=r"^serving_default does not answer: .*convert string: x"
    ):
        make(folder=tmp_path)


@pytest.fixture
def records(trials, model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "1")
    path = add_warmup_records(folder, "taxi", trials)
    assert path == folder / "assets.extra" / "tf_serving_warmup_requests"
    raw = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in raw]


def test_both_signatures_are_warmed_up_with_few_rows_and_one(records, trials):
    requests = [record.predict_log.request for record in records]
    assert [(r.model_spec.name, r.model_spec.signature_name) for r in requests] == [
        ("taxi", name) for name in ("serving_default", "serving_raw") for _ in BATCHES
    ]
    one, eight, raw_one, raw_eight = requests
    assert set(one.inputs) == {"examples"}
    assert set(raw_eight.inputs) == COLUMNS
    for count, request in ((1, one), (8, eight), (1, raw_one), (8, raw_eight)):
        for key, tensor in request.inputs.items():
            values = trials.serialized if key == "examples" else trials.columns[key]
            np.testing.assert_array_equal(tf.make_ndarray(tensor), values[-count:])


def test_the_model_can_answer_its_warm_up_records(records, trials, model):
    signatures = tf.saved_model.load(str(model)).signatures
    for record in records:
        request = record.predict_log.request
        signature = signatures[request.model_spec.signature_name]
        tensors = {k: tf.constant(tf.make_ndarray(t)) for k, t in request.inputs.items()}
        answers = signature(**tensors)["probability"].numpy()
        right = trials.right[request.model_spec.signature_name]["probability"]
        np.testing.assert_allclose(answers, right[-len(answers) :], rtol=0, atol=1e-6)
