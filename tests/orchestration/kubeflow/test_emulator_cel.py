"""Conditions, as the driver evaluates them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orchestration.kubeflow.emulator.cel import CelError, condition

KEY = "_DataGate.verdict"


def told(**metadata):
    artifact = {"name": "7", "type": {"instanceSchema": ""}, "uri": "minio://b/k"}
    artifacts = {KEY: {"artifacts": [{**artifact, "metadata": metadata}]}}
    return {"inputs": {"parameterValues": {"n": 3, "s": "text"}, "artifacts": artifacts}}


def metadata(key):
    return f"inputs.artifacts['{KEY}'].artifacts[0].metadata['{key}']"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"({metadata('passed')} == 1.0)", True),
        (f"{metadata('passed')} != 1.0", False),
        (f'!({metadata("passed")} == 0.0) && {metadata("note")} == "ok"', True),
        (f"{metadata('passed')} < 0.5 || {metadata('note')} == 'ok'", True),
        (f"{metadata('passed')} >= 1.0 && {metadata('passed')} <= 1.0", True),
        (f"{metadata('passed')} > -1.5", True),
        (f"{metadata('of')}.struct.a == 2.0", True),
        ("inputs.parameter_values['n'] == 3.0", True),
        ("inputs.parameter_values.s == 'text'", True),
        (f"inputs.artifacts['{KEY}'].artifacts[0].uri == 'minio://b/k'", True),
        (f"inputs.artifacts['{KEY}'].artifacts[0].name == '8'", False),
        ("true || false && false", True),
        ("1 == 1", True),
        ("'it\\'s' == \"it's\"", True),
    ],
)
def test_values(text, value):
    assert condition(text, told(passed=1, note="ok", of={"struct": {"a": 2}})) is value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{metadata('missing')} == 1.0", "no such key: missing"),
        ("inputs.artifacts['other'].artifacts[0].uri == ''", "no such key: other"),
        (f"inputs.artifacts['{KEY}'].artifacts[1].uri == ''", "no such key: 1"),
        (f"{metadata('passed')} == 1", "no such overload"),
        (f"{metadata('passed')} == '1'", "no such overload"),
        ("inputs.parameterValues['n'] == 3.0", "undefined field 'parameterValues'"),
        ("outputs.output_file == ''", "undeclared reference"),
        (metadata("passed"), "return type is not bool"),
        ("true true", "extraneous input"),
        ("(true", "missing '\\)'"),
        ("true &", "token recognition"),
        ("", "syntax error"),
        ("!1.0", "not a bool"),
    ],
)
def test_errors(text, message):
    with pytest.raises(CelError, match=message):
        condition(text, told(passed=1))


@given(st.floats(0, 1e6).map(lambda x: round(x, 3)), st.floats(0, 1e6).map(lambda x: round(x, 3)))
def test_numbers_compare_as_doubles(one, other):
    text = f"{metadata('x')} %s {other:.3f}"
    assert condition(text % "<", told(x=one)) == (one < other)
    assert condition(text % "==", told(x=one)) == (one == other)
    assert condition(f"!({text % '<'})", told(x=one)) == condition(text % ">=", told(x=one))
