"""Models for phones of made data: sixty features of every role, and vocabularies of ten thousand.

What the phone answers is held against the pushed SavedModel on every row, of which the phone is
given what an app would have: the CSV file's cells as numbers and text.
"""

import datetime
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from serving.edge import EdgeModel
from serving.phone.embedded import embedded_json
from tests.e2e import edge, made, made_run

pytestmark = pytest.mark.slow
FILES = {
    "float32": "model.tflite",
    "float16": "model_float16.tflite",
    "int8": "model_int8.tflite",
}
SPLITS = ("train", "eval", "test")
INT64_MIN = -(2**63)


@pytest.fixture(scope="module", params=[made.multiclass, made.regression])
def done(request, tmp_path_factory):
    """The one run on each data set."""
    return made_run.run(request.param(tmp_path_factory.mktemp("made")))


@pytest.fixture(scope="module")
def served(done):
    """The model that serves."""
    return edge.Served(Path(done.result["serving_model"]))


@pytest.fixture(scope="module")
def cells(done):
    """The rows of the CSV file, as text."""
    return edge.csv_rows(done.made.data)


def as_values(model, row):
    return edge.as_values(model, row, seconds)


def seconds(text):
    if "T" in text:
        return edge.seconds(datetime.datetime.fromisoformat(text))
    zone = datetime.timezone(datetime.timedelta(hours=made.HOURS_AHEAD))
    return edge.seconds(datetime.datetime.strptime(text, made.DAY_AND_TIME).replace(tzinfo=zone))


@pytest.fixture(scope="module")
def answers(done, served, cells):
    """Returns a function from a split and a variant to what both models answer, row by row."""

    def ask(split, variant="float32"):
        examples, model = done.examples(split), EdgeModel(done.version, variant)
        rows = [as_values(model, cells[k]) for k in edge.integers(examples, made.SALT)]
        return served(examples), model.predict(rows)

    return ask


def test_both_destinations_have_one_version(done):
    assert done.result["verdict"] == "pushed"
    places = done.result["destinations"]
    assert [(p["name"], p["pushed"], p["refused"]) for p in places] == [
        ("serving", True, ""),
        ("mobile", True, ""),
    ]
    (version,) = {p["version"] for p in places}
    for name in ("serving", "mobile"):
        folder = done.outputs / name / done.made.name
        assert [path.name for path in folder.iterdir()] == [str(version)]
    assert Path(done.result["mobile_model"]).name == "model.tflite"


def test_files_are_those_that_their_metadata_describe(done):
    metadata = done.metadata
    assert metadata["left_out"] == {}
    assert {path.name for path in done.version.iterdir()} == {*FILES.values(), "metadata.json"}
    assert {f["variant"]: name for name, f in metadata["files"].items()} == FILES
    for name, described in metadata["files"].items():
        content = (done.version / name).read_bytes()
        assert described["bytes"] == len(content)
        assert described["sha256"] == hashlib.sha256(content).hexdigest()
    sizes = {f["variant"]: f["bytes"] for f in metadata["files"].values()}
    assert metadata["parameters"] > 100_000
    assert sizes["float32"] > 4 * metadata["parameters"]
    assert sizes["int8"] < sizes["float32"] - 2.7 * metadata["parameters"]
    assert sizes["float16"] < sizes["float32"]


def test_the_gate_measured_these_files(done):
    demanded, files = done.gate, done.metadata["files"]
    assert (demanded["float32 faults"]["value"], demanded["float32 faults"]["passed"]) == (0, True)
    assert 0 < demanded["float32 difference"]["value"] <= 1e-5
    for variant, name in FILES.items():
        assert demanded[f"{variant} size MB"]["value"] == files[name]["bytes"] / 1e6
        assert demanded[f"{variant} latency ms"]["value"] > 0
    needed = [g for name, g in demanded.items() if "latency" not in name]
    assert [g["metric"] for g in needed if not g["passed"]] == []


@pytest.mark.parametrize("split", SPLITS)
def test_every_row_is_answered_as_the_served_model_answers_it(done, answers, split):
    right, found = answers(split)
    output = edge.only_number(found)
    assert len(found[output]) == len(done.examples(split)) > 500
    spread = right[output].std(axis=0, dtype=np.float64)
    # A sum that is near 0 by chance is no more exact than its parts: among many rows there is one.
    least = max(1.0, spread.max()) if split == "train" else 1.0
    assert edge.furthest(right[output], found[output], least) <= 1e-5
    if "class" in found:
        assert [c.decode() for c in right["class"]] == found["class"].tolist()
        assert set(found["class"]) == set(made.CLASSES)
    assert (spread > (0.05 if "class" in found else 20_000)).all()


@pytest.mark.parametrize("variant", ["float16", "int8"])
def test_quantised_files_differ_as_little_as_is_said(done, answers, variant):
    right, found = answers("test", variant)
    output = edge.only_number(found)
    wide = right[output].astype(np.float64)
    distance = np.abs(wide - found[output])
    if output == "prediction":
        distance /= np.maximum(np.abs(wide), wide.std())
    limit = done.gate[f"{variant} difference"]
    assert 0 < distance.max() <= limit["threshold"]
    described = done.metadata["files"][FILES[variant]]
    assert distance.max() == pytest.approx(described["max_difference"], rel=1e-3)


def test_metrics_are_those_of_the_answers(done, answers, cells):
    _, found = answers("test")
    label = [cells[k][done.made.label] for k in edge.integers(done.examples("test"), made.SALT)]
    metrics = done.metadata["files"]["model.tflite"]["metrics"]
    if "class" in found:
        assert metrics["accuracy"] == pytest.approx(np.mean(found["class"] == label), abs=1e-6)
        assert metrics["auc"] == pytest.approx(done.result["metrics"]["auc"], abs=1e-3)
    else:
        error = found["prediction"] - np.array(label, np.float64)
        assert metrics["rmse"] == pytest.approx(math.sqrt(np.mean(error**2)), rel=1e-5)
        assert metrics["rmse"] == pytest.approx(done.result["metrics"]["rmse"], rel=1e-4)


def test_sentinels_are_no_values(done, cells):
    schema = text_format.Parse(done.made.schema.read_text("utf-8"), schema_pb2.Schema())
    domains = {feature.name: feature.int_domain for feature in schema.feature}
    inputs = done.metadata["inputs"]
    assert {i["column"] for i in inputs} == set(cells[0]) - {done.made.label, made.SALT}
    for tensor in inputs:
        missing, domain = tensor["missing"], domains[tensor["column"]]
        if tensor["dtype"] != "int64":
            assert missing == {"float32": "NaN", "string": ""}[tensor["dtype"]]
        elif domain.HasField("min"):
            assert missing < domain.min
        else:
            assert missing == INT64_MIN
        assert str(missing) not in {row[tensor["column"]] for row in cells} - {""}


def test_vocabularies_are_those_of_transform(done, cells):
    assets = done.artifact("Transform/transform_graph/*/transform_fn/assets")
    described = done.metadata["vocabularies"]
    for column in ("Kundennummer №", "gerät (id)"):
        assert 9_000 <= described[column]["size"] <= made.MANY
    assert len(described) == len(list(assets.iterdir())) == 8
    contents = {hashlib.sha256(p.read_bytes()[:-1]).hexdigest(): p for p in assets.iterdir()}
    for vocabulary in described.values():
        words = contents[vocabulary["sha256"]].read_bytes().splitlines()
        assert vocabulary["size"] == len(words)
    known = set(contents[described["gerät (id)"]["sha256"]].read_text().split())
    tested = [cells[k]["gerät (id)"] for k in edge.integers(done.examples("test"), made.SALT)]
    assert 30 < sum(value in known for value in tested) < len(tested) - 30


def test_each_file_carries_its_description(done):
    described = {k: v for k, v in done.metadata.items() if k not in ("files", "left_out")}
    for name in FILES.values():
        content = (done.version / name).read_bytes()
        assert json.loads(embedded_json(content, name)) == described


def test_a_missing_value_can_be_sent_in_three_ways(done, served, cells):
    model = EdgeModel(done.version)
    inputs = model.metadata.inputs
    examples = done.examples("test")[: len(inputs)]
    rows = [as_values(model, cells[k]) for k in edge.integers(examples, made.SALT)]
    pairs = list(zip(rows, inputs, strict=True))
    left_out = [{k: v for k, v in row.items() if k != i.column} for row, i in pairs]
    as_none = [{**row, i.column: None} for row, i in pairs]
    as_sentinel = [{**row, i.column: i.missing} for row, i in pairs]
    before = model.predict(rows)
    output = edge.only_number(before)
    found, *others = (model.predict(r)[output] for r in (left_out, as_none, as_sentinel))
    for other in others:
        np.testing.assert_array_equal(found, other)
    lacking = [edge.without(e, i.column) for e, i in zip(examples, inputs, strict=True)]
    assert edge.furthest(served(lacking)[output], found) <= 1e-5
    changed = np.abs(before[output] - found).reshape(len(rows), -1).max(axis=1)
    assert (changed > 0).mean() > 0.8  # elsewhere it was missing, or unknown, before
