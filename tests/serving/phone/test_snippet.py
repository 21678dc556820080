"""Code for apps, which matches the model that it is written from."""

import json
import math
import re

import pytest

from serving.phone import kotlin, snippet, swift
from serving.phone.metadata import parse_metadata
from tests.serving.edge_world import CLASSES, INT64_MIN, metadata
from tests.serving.mobile_doc import DOCUMENT, taxi, with_snippets

INPUT = {
    "kotlin": r'"(\w+)" to (\w+)\(batch\.size\) '
    r"\{ \(?batch\[it\]\.`?(\w+)`? \?: ([^ )]+)\)?(.*) \},",
    "swift": r'try (put|putText)\(rows\.map \{ \$0\.`?(\w+)`? \?\? (.*) \}, "(\w+)"\)',
}
SENTINELS = {"Float.NaN": math.nan, "Float32.nan": math.nan, '""': ""}
SENTINELS |= {"Long.MIN_VALUE": INT64_MIN, "Int64.min": INT64_MIN}
ARRAYS = {"FloatArray": "float32", "LongArray": "int64", "Array": "string"}
TYPES = {"Float": "float32", "Float32": "float32", "Long": "int64", "Int64": "int64"}


def read(task="binary", **changes):
    return parse_metadata(json.dumps(metadata(task, **changes)), "here")


def sentinel(text):
    return SENTINELS[text] if text in SENTINELS else int(text.rstrip("L"))


def inputs_of_kotlin(code):
    """Yields (name, property, dtype, sentinel) of each input that the code feeds."""
    for name, array, field, missing, more in re.findall(INPUT["kotlin"], code):
        assert (more == ".toByteArray()") == (array == "Array")
        yield name, field, ARRAYS[array], sentinel(missing)


def inputs_of_swift(code):
    """Yields the same; a number's type is that of the row's property."""
    fields = dict(re.findall(r"var `?(\w+)`?: (\w+)\?", code))
    for put, field, missing, name in re.findall(INPUT["swift"], code):
        assert (put == "putText") == (fields[field] == "String")
        yield name, field, TYPES.get(fields[field], "string"), sentinel(missing)


READERS = {"kotlin": inputs_of_kotlin, "swift": inputs_of_swift}


@pytest.mark.parametrize("language", snippet.LANGUAGES)
@pytest.mark.parametrize("model", [taxi(), read(), read("multiclass")], ids=["taxi", "two", "many"])
def test_the_inputs_are_the_models(language, model):
    code = snippet.write(language, model, "model.tflite")
    found = [(*rest, str(missing)) for *rest, missing in READERS[language](code)]
    assert found == [(t.name, t.name, t.dtype, str(t.missing)) for t in model.inputs]
    assert found


@pytest.mark.parametrize("language", snippet.LANGUAGES)
def test_signature_and_output_are_the_models(language):
    code = snippet.write(language, read(signature="predict"), "model_int8.tflite")
    assert "model_int8.tflite (trips)" in code
    run = {
        "kotlin": 'runSignature(inputs, mapOf<String, Any>("probability" to answers), "predict")',
        "swift": 'TfLiteSignatureRunnerGetOutputTensor(runner, "probability")',
    }
    assert run[language] in code
    assert '"predict"' in code


def test_the_answer_of_a_binary_model():
    assert "probability >= 0.75f" in kotlin.write(read(), "f", "T")
    assert 'if (isPositive) "yes" else "no"' in kotlin.write(read(), "f", "T")
    assert "probability >= 0.75 }" in swift.write(read(), "f", "T")
    assert 'isPositive ? "yes" : "no"' in swift.write(read(), "f", "T")
    assert "val label" not in kotlin.write(taxi(), "f", "T")
    assert "var label" not in swift.write(taxi(), "f", "T")


def test_the_answer_of_a_multiclass_model():
    names = ", ".join(f'"{name}"' for name in CLASSES["multiclass"])
    code = kotlin.write(read("multiclass"), "f", "T")
    assert f"val CLASSES = listOf({names})" in code
    assert "Array(batch.size) { FloatArray(3) }" in code
    code = swift.write(read("multiclass"), "f", "T")
    assert f"static let classes: [String] = [{names}]" in code
    assert "count: rows.count * 3)" in code


def test_the_answer_of_a_regression():
    assert "class TAnswer(val prediction: Float)\n" in kotlin.write(read("regression"), "f", "T")
    assert "    let prediction: Float32\n}" in swift.write(read("regression"), "f", "T")


def test_classes_that_are_integers():
    label = {"name": "x", "classes": [INT64_MIN, -7], "decision_threshold": 0.5}
    code = kotlin.write(read(label=label), "f", "T")
    assert "val label: Long get() = if (isPositive) -7L else Long.MIN_VALUE" in code
    code = swift.write(read(label=label), "f", "T")
    assert "var label: Int64 { isPositive ? -7 : Int64.min }" in code


def test_text_goes_into_java_as_bytes_behind_a_row_of_no_meaning():
    code = kotlin.write(read(), "f", "T")
    assert 'listOf(TRow(company = "-")) + rows' in code
    assert "answers.drop(1).map" in code
    numbers = kotlin.write(read(inputs=metadata()["inputs"][:3]), "f", "T")
    assert "val batch = rows\n" in numbers
    assert "drop(1)" not in numbers
    assert "toByteArray" not in numbers
    assert "putText" not in swift.write(read(inputs=metadata()["inputs"][:3]), "f", "T")


def test_names_and_texts_that_mean_something_to_the_language():
    odd = [{"name": "when", "column": 'a\n"b"', "dtype": "int64", "missing": 5}]
    label = {"name": "x", "classes": ['a"$x\\', "\N{SNOWMAN}\n\u2028"], "decision_threshold": 0.5}
    model = read(inputs=odd, label=label, model="many\nlines")
    code = kotlin.write(model, "f", "T")
    assert 'val `when`: Long? = null,  // column "a "b""\n' in code
    assert '"when" to LongArray(batch.size) { batch[it].`when` ?: 5L }' in code
    assert '"\N{SNOWMAN}\\u000a\\u2028" else "a\\"\\$x\\\\"' in code
    code = swift.write(model, "f", "T")
    assert 'var `when`: Int64?  // column "a "b""\n' in code
    assert '"\N{SNOWMAN}\\u{a}\\u{2028}" : "a\\"$x\\\\"' in code
    assert "f (many lines)" in code


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("taxi", "Taxi"),
        ("chicago_taxi-trips 2", "ChicagoTaxiTrips2"),
        ("3d", "Model3d"),
        ("_", "Model"),
    ],
)
def test_types_are_called_after_the_use_case(model, name):
    assert snippet.type_name(model) == name
    assert f"class {name}Model(" in snippet.write("kotlin", read(model=model), "model.tflite")
    assert f"final class {name}Model " in snippet.write("swift", read(model=model), "model.tflite")


def test_the_document_holds_what_is_generated():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_snippets(text) == text, "run: python -m tests.serving.mobile_doc"


def test_the_document_names_every_sentinel_of_the_taxi_model():
    text = DOCUMENT.read_text(encoding="utf-8")
    dtypes = {tensor.dtype for tensor in taxi().inputs}
    for dtype in dtypes:
        assert re.search(rf"^\| `?{dtype}`? \|", text, re.MULTILINE), dtype
