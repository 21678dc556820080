"""Classify, Regress and MultiInference over gRPC: each row of the reference, code and text."""

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    regression_pb2,
)

from tests.model_server.in_process import serving
from tests.model_server.toy_models import CLASSIFY, REGRESS

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def example(**features):
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def examples(*several, context=None):
    if context is None:
        return input_pb2.Input(example_list=input_pb2.ExampleList(examples=several))
    within = input_pb2.ExampleListWithContext(examples=several, context=context)
    return input_pb2.Input(example_list_with_context=within)


TWO = examples(example(x=1.0), example(x=2.0))


def classification(model, signature, sent=TWO):
    message = classification_pb2.ClassificationRequest(input=sent)
    message.model_spec.name = model
    message.model_spec.signature_name = signature
    return message


def regression(model, signature, sent=TWO):
    message = regression_pb2.RegressionRequest(input=sent)
    message.model_spec.name = model
    message.model_spec.signature_name = signature
    return message


def inference(*tasks, sent=TWO):
    message = inference_pb2.MultiInferenceRequest(input=sent)
    for model, signature, method in tasks:
        task = message.tasks.add(method_name=method)
        task.model_spec.name = model
        task.model_spec.signature_name = signature
    return message


def metadata_of(model):
    message = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    message.model_spec.name = model
    return message


def status_of(model):
    message = get_model_status_pb2.GetModelStatusRequest()
    message.model_spec.name = model
    return message


def refused(call, message):
    with pytest.raises(grpc.RpcError) as caught:
        call(message)
    return caught.value.code(), caught.value.details()


def numbers(answer):
    return [each.value for each in answer.result.regressions]


def test_regress(predictions):
    answer = predictions.Regress(regression("half_plus_two", "regress_x_to_y"))
    assert numbers(answer) == [2.5, 3.0]
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == (
        "half_plus_two",
        "regress_x_to_y",
        124,
    )


def test_regress_a_vector_and_a_tf2_model(predictions):
    assert numbers(predictions.Regress(regression("odd", "regress_good"))) == [1.0, 1.0]
    assert numbers(predictions.Regress(regression("tf2", "regress"))) == [3.0, 6.0]


def test_classify_scores_alone(predictions):
    answer = predictions.Classify(classification("half_plus_two", "classify_x_to_y"))
    rows = [
        [(one.label, one.score) for one in row.classes] for row in answer.result.classifications
    ]
    assert rows == [[("", 2.5)], [("", 3.0)]]
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == (
        "half_plus_two",
        "classify_x_to_y",
        124,
    )


def test_classify_classes_and_scores_and_classes_alone(predictions):
    answer = predictions.Classify(classification("tf2", "classify"))
    rows = [
        [(one.label, one.score) for one in row.classes] for row in answer.result.classifications
    ]
    assert rows == [[("low", 0.0), ("high", 1.0)], [("low", -1.0), ("high", 2.0)]]
    answer = predictions.Classify(classification("odd", "classify_classes_only"))
    assert [one.label for one in answer.result.classifications[1].classes] == ["a", "a"]


def test_context_fills_and_the_example_wins(predictions):
    sent = examples(example(), example(x=8.0), context=example(x=4.0))
    answer = predictions.Regress(regression("half_plus_two", "regress_x_to_y", sent))
    assert numbers(answer) == [4.0, 6.0]


def test_an_example_without_its_feature_is_refused_by_the_graph(predictions):
    code, details = refused(
        predictions.Regress, regression("half_plus_two", "regress_x_to_y", examples(example()))
    )
    assert code == INVALID
    assert "Feature: x (data type: float) is required but could not be found." in details


@pytest.mark.parametrize(
    ("signature", "details"),
    [
        ("s", "No signature was found with the name: s"),
        ("classify_two_inputs", "Expected one input Tensor."),
        ("classify_three_outputs", "Expected one or two output Tensors, found 3"),
        ("classify_input_name", "No classification inputs found in SignatureDef: "),
        (
            "classify_output_names",
            'Expected classification signature outputs to contain at least one of "classes" or '
            '"scores". Signature was: ',
        ),
        (
            "classify_scores_rank",
            "Expected Tensor shape: [batch_size num_classes] but got [2]",
        ),
        (
            "classify_classes_rank",
            "Expected Tensor shape: [batch_size num_classes] but got [2]",
        ),
        ("classify_classes_type", "Expected classes Tensor of DT_STRING. Got: DT_INT32"),
        ("classify_scores_type", "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ("classify_scores_batch", "Expected scores output batch size of 2. Got: 3"),
        ("classify_classes_batch", "Expected classes output batch size of 2. Got: 3"),
        (
            "classify_both_width",
            "Tensors class and score should match in dim_size(1). Got 1 vs. 2",
        ),
    ],
)
def test_classify_refusals(predictions, signature, details):
    code, found = refused(predictions.Classify, classification("odd", signature))
    assert code == INVALID
    assert found.startswith(details) if details.endswith(": ") else found == details


@pytest.mark.parametrize(
    ("signature", "details"),
    [
        ("s", "No signature was found with the name: s"),
        ("regress_two_inputs", "Expected one input Tensor."),
        ("regress_two_outputs", "Expected one output Tensor."),
        ("regress_input_name", "No regression inputs found in SignatureDef: "),
        ("regress_output_name", "No regression outputs found in SignatureDef: "),
        (
            "regress_rank",
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            "[2,2]",
        ),
        ("regress_batch", "Input batch size did not match output batch size: 2 vs. 3"),
        ("regress_type", "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
    ],
)
def test_regress_refusals(predictions, signature, details):
    code, found = refused(predictions.Regress, regression("odd", signature))
    assert code == INVALID
    assert found.startswith(details) if details.endswith(": ") else found == details


def test_refusals_that_both_have(predictions):
    for call, make, kind in (
        (predictions.Classify, classification, classification_pb2.ClassificationRequest),
        (predictions.Regress, regression, regression_pb2.RegressionRequest),
    ):
        good = "classify_good" if make is classification else "regress_good"
        assert call(make("odd", good))
        assert refused(call, kind()) == (INVALID, "Missing ModelSpec")
        assert refused(call, make("", good)) == (INVALID, "ModelSpec has no name specified.")
        assert refused(call, make("no", good)) == (
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Latest(no)",
        )
        for empty in (input_pb2.Input(), examples(), examples(context=example(x=1.0))):
            assert refused(call, make("odd", good, empty)) == (INVALID, "Input is empty.")


def test_multi_inference_answers_each_task(predictions):
    answer = predictions.MultiInference(
        inference(
            ("half_plus_two", "regress_x_to_y", REGRESS),
            ("half_plus_two", "classify_x_to_y", CLASSIFY),
            ("half_plus_two", "regress_x_to_y2", REGRESS),
        )
    )
    first, second, third = answer.results
    assert [each.value for each in first.regression_result.regressions] == [2.5, 3.0]
    scores = [row.classes[0].score for row in second.classification_result.classifications]
    assert scores == [2.5, 3.0]
    assert [each.value for each in third.regression_result.regressions] == [3.5, 4.0]
    assert [each.model_spec.signature_name for each in answer.results] == [
        "regress_x_to_y",
        "classify_x_to_y",
        "regress_x_to_y2",
    ]
    assert {each.model_spec.version.value for each in answer.results} == {124}
    assert {each.model_spec.name for each in answer.results} == {"half_plus_two"}


ONE = ("half_plus_two", "regress_x_to_y", REGRESS)


@pytest.mark.parametrize(
    ("message", "code", "details"),
    [
        (inference(), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (
            inference(ONE, ("", "classify_x_to_y", CLASSIFY)),
            "INVALID_ARGUMENT",
            "Found ModelSpec with an empty model name.",
        ),
        (
            inference(ONE, ("half_plus_three", "classify_x_to_y", CLASSIFY)),
            "INVALID_ARGUMENT",
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            inference(ONE, ONE),
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: regress_x_to_y",
        ),
        (
            inference(ONE, ("half_plus_two", "s", CLASSIFY)),
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: s",
        ),
        (
            inference(("half_plus_two", "regress_x_to_y", "m")),
            "UNIMPLEMENTED",
            "Unsupported signature method_name: m",
        ),
        (inference(ONE, sent=examples()), "INVALID_ARGUMENT", "Input is empty."),
        (
            inference(("no", "s", CLASSIFY)),
            "NOT_FOUND",
            "Servable not found for request: Latest(no)",
        ),
        (
            inference(("odd", "regress_two_outputs", REGRESS)),
            "INVALID_ARGUMENT",
            "Expected one output Tensor.",
        ),
    ],
)
def test_multi_inference_refusals(predictions, message, code, details):
    assert refused(predictions.MultiInference, message) == (grpc.StatusCode[code], details)


def test_method_names_are_checked_only_if_asked(predictions, toy_models):
    assert predictions.Regress(regression("half_plus_two", "regress_x_to_y"))
    # Aliases that would do, in a signature saved for another method.
    message = classification("tf2", "classify")
    assert predictions.Classify(message)
    with serving(
        f"--model_base_path={toy_models['tf2']}",
        "--model_name=tf2",
        "--enable_signature_method_name_check",
    ) as server:
        calls = server.predictions()
        assert refused(calls.Classify, message) == (
            INVALID,
            "Expected classification signature method_name to be tensorflow/serving/classify. "
            "Was: tensorflow/serving/predict",
        )
        assert refused(calls.Regress, regression("tf2", "regress")) == (
            INVALID,
            "Expected regression signature method_name to be tensorflow/serving/regress. "
            "Was: tensorflow/serving/predict",
        )
