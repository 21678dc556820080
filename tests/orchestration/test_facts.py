"""The facts of the nodes that make and push the model for phones."""

import pytest

from components.verdict import Verdict, judge
from orchestration.local.execute import Execution
from orchestration.local.facts import fact


def executed(node_id, state="ran", **properties):
    return Execution(node_id, state, output_properties=properties)


@pytest.fixture
def exported(tmp_path):
    """Returns the fact of an exporter that left files of these sizes, or of this text."""

    def exported(**files):
        folder = tmp_path / "Format-Serving"
        folder.mkdir()
        for name, content in files.items():
            ending = "txt" if isinstance(content, str) else "tflite"
            data = content.encode() if isinstance(content, str) else bytes(content)
            (folder / f"{name}.{ending}").write_bytes(data)
        return fact(Execution("TFLiteExporter", "ran", outputs={"model": [str(tmp_path)]}))

    return exported


def test_files_for_phones_are_told_with_their_sizes(exported):
    sizes = {"model_int8": 68_700, "model": 92_100, "model_float16": 78_000}
    assert exported(**sizes) == "float32 92 kB · float16 78 kB · int8 69 kB"


def test_a_single_file_may_be_large_or_tiny(exported):
    assert exported(model=12_345_678) == "float32 12,346 kB"


def test_why_nothing_could_be_converted_is_told(exported):
    assert exported(conversion_error="no such op: Foo\ntraceback") == "failed: no such op: Foo"


def test_nothing_exported_is_nothing_to_tell(exported):
    assert exported() == ""


GOOD = (
    judge("tflite", "float32 faults", 0, "max", 0),
    judge("tflite", "float32 difference", 1.2e-7, "max", 1e-5),
    judge("tflite", "float32 size MB", 0.092, "max", 20),
    judge("tflite", "float32 latency ms", 0.1432, "max", 5, binding=False),
)


@pytest.fixture
def gated(tmp_path):
    def gated(*results):
        Verdict("tflite", results).write(tmp_path)
        return fact(Execution("TFLiteGate", "ran", outputs={"verdict": [str(tmp_path)]}))

    return gated


def test_what_the_gate_measured(gated):
    assert gated(*GOOD) == "passed · float32 within 1.2e-07 · 0.14 ms a row"


def test_a_gate_that_measured_little_says_little(gated):
    assert gated(*GOOD[:2]) == "passed · float32 within 1.2e-07"
    assert gated() == "passed"
    assert gated(judge("tflite", "float32 latency ms", None, "max", 5, binding=False)) == "passed"


def test_why_the_gate_refused(gated):
    far = judge("tflite", "float32 difference", 0.02, "max", 1e-5)
    assert gated(GOOD[0], far) == "refused: float32 difference 0.020 > 1e-05"
    odd = judge("tflite", "float32 answers", None, "max", 0, detail="no answer to row 7")
    assert gated(odd, far) == "refused: no answer to row 7"


def test_a_warning_is_no_refusal(gated):
    slow = judge("tflite", "float32 latency ms", 7.0, "max", 5, binding=False)
    assert gated(*GOOD[:2], slow) == "passed · float32 within 1.2e-07 · 7.00 ms a row"


SERVED = (
    judge("serving", "seconds to ready", 6.2, "max", 120, detail="embedded server"),
    judge("serving", "grpc difference", 6e-8, "max", 1e-5),
    judge("serving", "grpc latency ms", 1.234, "max", 50, binding=False),
    judge("serving", "rest difference", 1.2e-7, "max", 1e-5),
    judge("serving", "rest latency ms", 2.04, "max", 50, binding=False),
)


@pytest.fixture
def served(tmp_path):
    def served(*results):
        Verdict("serving", results).write(tmp_path)
        return fact(Execution("ServingGate", "ran", outputs={"verdict": [str(tmp_path)]}))

    return served


def test_which_server_judged_and_what_it_measured(served):
    assert served(*SERVED) == (
        "passed · embedded server · gRPC 1.2 ms · REST 2.0 ms a row · within 1.2e-07"
    )
    assert served(*SERVED[:2]) == "passed · embedded server · within 6e-08"


def test_why_the_serving_gate_refused(served):
    why = "the server ended with exit status 1\nlog line 1\nlog line 2"
    ended = judge("serving", "seconds to ready", None, "max", 120, detail=why)
    assert served(ended) == "refused: the server ended with exit status 1"
    far = judge("serving", "rest difference", 0.2, "max", 1e-5, detail="row 3 is off by 0.2")
    assert served(*SERVED[:3], far) == "refused: row 3 is off by 0.2"


def test_a_slow_server_is_no_refusal(served):
    slow = judge("serving", "grpc latency ms", 70.0, "max", 50, binding=False)
    assert served(*SERVED[:2], slow) == "passed · embedded server · gRPC 70.0 ms · within 6e-08"


@pytest.mark.parametrize("node", ["Pusher", "MobilePusher"])
def test_what_a_pusher_did(node):
    assert fact(executed(node, pushed=1, pushed_version="7")) == "version 7"
    already = fact(executed(node, up_to_date=1, pushed_version="7"))
    assert already == "version 7 is this model already"
    assert fact(executed(node, pushed=0)) == "not pushed: no blessing"
    promoted = {"pushed_version": "7", "promoted": 1}
    assert fact(executed(node, pushed=1, **promoted)) == "version 7 · stable now"
    assert fact(executed(node, up_to_date=1, **promoted)).endswith("already · stable now")
    assert fact(executed(node, "skipped")) == ""


def test_a_warning_of_the_data_gate_is_no_refusal(tmp_path):
    warning = judge("data", "rows", 7, "min", 8, binding=False)
    Verdict("data", (warning,)).write(tmp_path)
    execution = Execution("DataGate", "ran", outputs={"verdict": [str(tmp_path)]})
    assert fact(execution) == "passed"
