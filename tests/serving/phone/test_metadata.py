"""What is read of a model's metadata, and what is refused."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.contract import Input, Label, Metadata, ModelFile, Output, Vocabulary
from serving.errors import ServingError
from serving.phone.metadata import MODEL_FILES, parse_metadata, read_metadata
from tests.serving.edge_world import INT64_MAX, INT64_MIN, metadata

FILE = {
    "variant": "int8",
    "bytes": 68_000,
    "sha256": "ef56",
    "max_difference": 8e-3,
    "metrics": {"auc": 0.96, "count": 7},
}


def parse(content):
    return parse_metadata(json.dumps(content), "here")


def test_everything_is_read():
    files = {"files": {"model_int8.tflite": FILE}, "left_out": {"model_float16.tflite": "why"}}
    read = parse({**metadata(), **files, "more": {"of": "a later version"}})
    assert math.isnan(read.inputs[0].missing)
    assert read.inputs[0].name == "fare"
    assert read == Metadata(
        model="trips",
        signature="serving_default",
        inputs=(
            read.inputs[0],
            Input("trip_start_hour", "trip_start_hour", "int64", -1),
            Input(
                *("picked_up", "picked up", "int64", INT64_MIN),
                "seconds since 1970-01-01T00:00:00 UTC",
            ),
            Input("company", "company", "string", ""),
        ),
        output=Output("probability"),
        label=Label("binary", "big_tip", ("no", "yes"), 0.75),
        vocabularies={"company": Vocabulary(4, "ab12")},
        parameters=10500,
        saved_model_sha256="cd34",
        versions={"tensorflow": "2.16.2"},
        files={
            "model_int8.tflite": ModelFile("int8", 68_000, "ef56", 8e-3, {"auc": 0.96, "count": 7})
        },
        left_out={"model_float16.tflite": "why"},
    )


def test_other_tasks():
    many, number = parse(metadata("multiclass")), parse(metadata("regression"))
    assert many.output == Output("probabilities", (3,))
    assert many.label == Label("multiclass", "big_tip", ("up", "down", "Größe"))
    assert number.output == Output("prediction")
    assert number.label == Label("regression", "big_tip")
    assert number.files == number.left_out == {}


def changed(path, value, task="binary"):
    """Returns metadata in which what a path of keys leads to is another value, or gone if `...`."""
    content = metadata(task)
    *way, last = path
    place = content
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return content


WRONG = [
    (("format",), 2, "here: format 2 is not supported"),
    (("format",), True, "format True is not supported"),
    (("format",), ..., "format None is not supported"),
    (("model",), "", "has model: ''"),
    (("task",), "ranking", "has task: 'ranking'"),
    (("signature",), ..., "has signature: missing"),
    (("inputs",), {}, "has inputs: {}"),
    (("inputs",), [], "has inputs []"),
    (("inputs", 1), 7, "inputs[1] is no object"),
    (("inputs", 1, "dtype"), "int32", "inputs[1] has dtype: 'int32'"),
    (("inputs", 0, "missing"), -1, "inputs[0] has missing: -1"),
    (("inputs", 1, "missing"), "NaN", "has missing: 'NaN'"),
    (("inputs", 1, "missing"), 2**63, "has missing: 9223372036854775808"),
    (("inputs", 1, "missing"), True, "has missing: True"),
    (("inputs", 3, "missing"), None, "has missing: None"),
    (("inputs", 3, "name"), "fare", "has inputs ['fare'"),
    (("inputs", 3, "column"), "fare", "has inputs ['fare'"),
    (("inputs", 2, "unit"), 7, "has unit: 7"),
    (("output", "name"), "prediction", "output has name: 'prediction'"),
    (("output", "dtype"), "float16", "output has dtype: 'float16'"),
    (("output", "shape"), ["batch", 2], "output has shape: ['batch', 2]"),
    (("label",), [], "label is no object"),
    (("label", "classes"), ["no"], "has 1 classes"),
    (("label", "classes"), ["no", 1], "has classes: ('no', 1)"),
    (("label", "classes"), ["no", "no"], "has classes: ('no', 'no')"),
    (("label", "classes"), [0, 2**63], "has classes: (0, "),
    (("label", "decision_threshold"), None, "decision_threshold None"),
    (("label", "decision_threshold"), 1.5, "has decision_threshold: 1.5"),
    (("label", "decision_threshold"), math.nan, "has decision_threshold: nan"),
    (("label", "decision_threshold"), 10**400, "has decision_threshold: 1000"),
    (("vocabularies", "company", "size"), -1, "company has size: -1"),
    (("vocabularies",), None, "vocabularies is no object"),
    (("parameters",), 1.5, "has parameters: 1.5"),
    (("versions", "tensorflow"), 2, "versions has tensorflow: 2"),
    (("files",), {"model.tflite": {**FILE, "variant": "int4"}}, "has variant: 'int4'"),
    (("files",), {"model.tflite": {**FILE, "metrics": {"auc": "0.9"}}}, "has auc: '0.9'"),
]


@pytest.mark.parametrize(("path", "value", "what"), WRONG, ids=[w[2][:40] for w in WRONG])
def test_what_is_wrong_is_told(path, value, what):
    with pytest.raises(ServingError) as caught:
        parse(changed(path, value))
    assert what in caught.value.what
    assert caught.value.what.startswith(("metadata not readable: here", "here: format"))
    assert caught.value.expected
    assert caught.value.fix


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("output", "shape"), ["batch"]),
        (("label", "classes"), ["up", "down"]),
        (("label", "decision_threshold"), 0.5),
    ],
)
def test_a_multiclass_model_is_held_to_its_classes(path, value):
    with pytest.raises(ServingError):
        parse(changed(path, value, "multiclass"))


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"text"', "[" * 100_000])
def test_what_is_no_object_of_json_is_told(text):
    with pytest.raises(ServingError, match="metadata not readable: here"):
        parse_metadata(text, "here")


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(ServingError, match="no metadata"):
        read_metadata(tmp_path)
    (tmp_path / "metadata.json").write_bytes(b"\xff{}")
    with pytest.raises(ServingError, match="metadata not readable"):
        read_metadata(tmp_path)


NAMES = st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True)
INTEGERS = st.integers(INT64_MIN, INT64_MAX)
MISSING = {"float32": st.just("NaN"), "int64": INTEGERS, "string": st.text()}


@st.composite
def described(draw):
    """Returns metadata of any model."""
    task = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    fewest = 2 if task == "multiclass" else 0
    classes = st.lists(draw(st.sampled_from([st.text(), INTEGERS])), unique=True, min_size=2)
    named = draw(classes) if task == "multiclass" or draw(st.booleans()) else []
    if task != "multiclass":
        named = named[:2] if task == "binary" else []
    assert len(named) >= fewest
    inputs = []
    for name in draw(NAMES):
        dtype = draw(st.sampled_from(sorted(MISSING)))
        more = {"unit": draw(st.text(min_size=1))} if draw(st.booleans()) else {}
        missing = draw(MISSING[dtype])
        inputs.append(
            {"name": name, "column": name + "!", "dtype": dtype, "missing": missing, **more}
        )
    label = {
        "name": draw(st.text(min_size=1)),
        "classes": named,
        "decision_threshold": draw(st.floats(0, 1)) if task == "binary" else None,
    }
    shape = ["batch", len(named)] if task == "multiclass" else ["batch"]
    content = metadata(task, inputs=inputs, label=label)
    content["output"]["shape"] = shape
    file = {**FILE, "metrics": draw(st.dictionaries(st.text(), st.floats(allow_nan=False)))}
    variants = draw(st.sets(st.sampled_from(sorted(MODEL_FILES))))
    return {**content, "files": {MODEL_FILES[v]: {**file, "variant": v} for v in variants}}


@settings(deadline=None)
@given(described())
def test_all_of_it_is_kept(content):
    read = parse(content)
    for tensor, stated in zip(read.inputs, content["inputs"], strict=True):
        missing = "NaN" if tensor.missing != tensor.missing else tensor.missing
        assert (tensor.name, tensor.column, tensor.dtype, missing, tensor.unit) == (
            *(stated[key] for key in ("name", "column", "dtype", "missing")),
            stated.get("unit", ""),
        )
    label = content["label"]
    assert read.label.classes == tuple(label["classes"])
    assert read.label.decision_threshold == label["decision_threshold"]
    assert list(read.output.row_shape) == content["output"]["shape"][1:]
    assert {name: (f.variant, f.metrics) for name, f in read.files.items()} == {
        name: (f["variant"], f["metrics"]) for name, f in content["files"].items()
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(content, way=()):
    """Yields every path of keys."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(pairs):
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from places(value, (*way, key))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_stands_there_it_is_read_or_refused(data):
    content = {**metadata(), "files": {"model_int8.tflite": copy.deepcopy(FILE)}}
    path = data.draw(st.sampled_from(sorted(places(content), key=str)))
    *way, last = path
    place = content
    for key in way:
        place = place[key]
    place[last] = data.draw(JSON)
    try:
        parse(content)
    except ServingError as error:
        assert "here" in error.what  # noqa: PT017, it may be read as well
