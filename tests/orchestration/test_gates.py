"""The verdicts of a run, read from the folders of its nodes."""

import pytest

from components.verdict import Verdict, judge
from orchestration.gates import gate_results

DATA = Verdict("data", (judge("data", "anomalies", 0, "max", 0),))
QUALITY = Verdict("quality", (judge("quality", "auc", 0.8, "min", 0.9),), {"auc": 0.8})
SERVING = Verdict("serving", (judge("serving", "grpc difference", 0, "max", 1e-5),))
TFLITE = Verdict("tflite", (judge("tflite", "float32 faults", 0, "max", 0),))


@pytest.fixture
def outputs(tmp_path):
    DATA.write(tmp_path / "data")
    QUALITY.write(tmp_path / "quality")
    return {
        "Evaluator": {"evaluation": [str(tmp_path / "quality")], "blessing": ["/nowhere"]},
        "Trainer": {"model": ["/nowhere"]},
        "DataGate": {"verdict": [str(tmp_path / "data")]},
    }


def test_verdicts_come_in_the_order_of_the_graph(outputs):
    assert gate_results(outputs) == [DATA, QUALITY]


def test_the_gate_of_mobile_models_comes_last(outputs, tmp_path):
    TFLITE.write(tmp_path / "tflite")
    before = {"TFLiteGate": {"blessing": ["/nowhere"], "verdict": [str(tmp_path / "tflite")]}}
    assert gate_results({**before, **outputs}) == [DATA, QUALITY, TFLITE]


def test_the_gate_of_what_serves_comes_before_it(outputs, tmp_path):
    TFLITE.write(tmp_path / "tflite")
    SERVING.write(tmp_path / "serving")
    both = {
        "TFLiteGate": {"verdict": [str(tmp_path / "tflite")]},
        "ServingGate": {"blessing": ["/nowhere"], "verdict": [str(tmp_path / "serving")]},
    }
    assert gate_results({**both, **outputs}) == [DATA, QUALITY, SERVING, TFLITE]


def test_a_gate_that_was_not_reached_says_nothing(outputs):
    del outputs["Evaluator"]
    assert gate_results(outputs) == [DATA]
    assert gate_results({}) == []


def test_drift_counts_as_the_data_gate_in_the_order_of_the_graph(outputs, tmp_path):
    of_push = Verdict("data", (judge("data", "drift", 0.1, "max", 0.2),))
    of_span = Verdict("data", (judge("data", "span drift", 0.3, "max", 0.2),))
    of_push.write(tmp_path / "push")
    of_span.write(tmp_path / "span")
    both = {
        "SpanDistributionValidator": {"verdict": [str(tmp_path / "span")]},
        "DistributionValidator": {"verdict": [str(tmp_path / "push")]},
    }
    assert gate_results({**both, **outputs}) == [DATA, of_push, of_span, QUALITY]


@pytest.mark.parametrize("nothing", [{}, {"verdict": []}, {"other": ["/nowhere"]}])
def test_a_gate_that_was_skipped_says_nothing(outputs, nothing):
    assert gate_results({**outputs, "DataGate": nothing}) == [QUALITY]
