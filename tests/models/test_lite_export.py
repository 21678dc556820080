"""The model for phones: every role, every task, in all variants, as the served model answers."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from models import lite_export, lite_metadata
from models.heads import head_of
from models.network import build_network
from models.settings import KERAS_FOLDER, NETWORK_FILE, ExportRequest
from models.signatures import ServingModule
from models.trainer import model_inputs
from serving.phone.embedded import embedded_json
from serving.phone.metadata import MODEL_FILES, read_metadata
from tests.models.declarations import ABSENT, INT64_MAX, INT64_MIN, NAN
from usecase.config import Network
from usecase.declaration import Declaration
from usecase.outputs import MEASURED
from usecase.paths import PROJECT_ROOT

SCRIPT = Path(__file__).with_name("export_roles.py")
TASKS = ("binary", "multiclass", "regression")
NOT_FOR_PHONES = ("initial",)  # a function that reads strings
WIDE = Network(hidden_units=(400, 300))
SMALL = Network(hidden_units=(64,))
EXTREMES = {
    "float32": [0.0, -1e30, 1e30, NAN],
    "int64": [0, -1, INT64_MAX, INT64_MIN + 1, INT64_MIN],
    "string": ["", "nobody", "\N{SNOWMAN}", "red"],
}


class Exported(NamedTuple):
    """One model, served and for phones."""

    declaration: Declaration
    module: ServingModule
    rows: dict
    folder: Path

    def served(self, rows):
        output = MEASURED[self.declaration.label.task]
        return self.module.predict_raw(**rows)[output].numpy()

    def on_phone(self, rows, variant="float32"):
        path = str(self.folder / MODEL_FILES[variant])
        runner = Interpreter(model_path=path).get_signature_runner("serving_default")
        (answer,) = runner(**rows).values()
        return answer


def dense(column, values):
    filled = [column.missing if v is ABSENT else v for v in values]
    if column.dtype == "string":
        return np.array([v.encode() for v in filled], object)
    return np.array(filled, column.dtype)


def rows_of(declaration, transformed):
    """Train rows, served rows, then extreme values at random."""
    random = np.random.default_rng(0)
    rows = {}
    for column in declaration.inputs:
        known = [*transformed.train[column.name], *transformed.served[column.name]]
        extreme = random.choice(np.array(EXTREMES[column.dtype], object), 300)
        rows[column.input_name] = dense(column, [*known, *extreme])
    return rows


def export(transformed, folder, network):
    kept = tuple(f for f in transformed.declaration.features if f.name not in NOT_FOR_PHONES)
    declaration = Declaration(features=kept, label=transformed.declaration.label)
    label = declaration.label
    keras.utils.set_random_seed(0)
    labels = np.array([1.0, 0.0, 9.0 if label.task == "regression" else 1.0], np.float32)
    head = head_of(label.task, labels, len(label.classes), weigh=False)
    model = build_network(model_inputs(declaration, transformed.output), network, head)
    for variable in model.trainable_variables:
        scale = 3 / np.sqrt(variable.shape[0])
        variable.assign(np.random.default_rng(1).normal(0, scale, variable.shape))
    (folder / KERAS_FOLDER).mkdir()
    model.save(folder / KERAS_FOLDER / NETWORK_FILE)
    request = ExportRequest(
        name="roles",
        declaration=declaration,
        model=str(folder),
        transform_graph=str(Path(transformed.output.transform_savedmodel_dir).parent),
        saved_model_sha256="5" * 64,
        folder=str(folder / "made"),
    )
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        input=request.model_dump_json(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    module = ServingModule(model, transformed.output, declaration)
    return Exported(declaration, module, rows_of(declaration, transformed), folder / "made")


@pytest.fixture(scope="module")
def all_roles(transformed, tmp_path_factory):
    return export(transformed, tmp_path_factory.mktemp("all_roles"), WIDE)


@pytest.fixture(scope="module")
def of_task(few, all_roles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    made = {"binary": all_roles}
    for task in TASKS[1:]:
        (folder / task).mkdir()
        made[task] = export(few(task), folder / task, SMALL)
    return made


def part(rows, start, stop):
    return {name: values[start:stop] for name, values in rows.items()}


@pytest.mark.parametrize("task", TASKS)
def test_the_phone_answers_as_the_served_model_does(of_task, task):
    model = of_task[task]
    right = model.served(model.rows)
    answer = model.on_phone(model.rows)
    assert (answer.dtype, answer.shape) == (np.float32, right.shape)
    # Of columns that hardly vary, extremes are beyond float32 once they are scaled.
    is_number = np.isfinite(right)
    assert is_number[:55].all()
    assert is_number.mean() > 0.7
    right, answer = right[is_number].astype(np.float64), answer[is_number]
    scale = np.maximum(1, np.abs(right))
    assert (np.abs(answer - right) / scale).max() <= 1e-5
    assert right.std() > 0.05  # answers that never vary would prove nothing


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_any_number_of_rows(of_task, task, variant):
    model = of_task[task]
    whole = model.on_phone(part(model.rows, 0, 20), variant)
    single = [model.on_phone(part(model.rows, k, k + 1), variant) for k in range(20)]
    np.testing.assert_allclose(np.concatenate(single), whole, rtol=1e-5, atol=1e-5)
    assert model.on_phone(part(model.rows, 0, 0), variant).shape == (0, *whole.shape[1:])


@pytest.mark.parametrize(("variant", "most"), [("float16", 5e-3), ("int8", 0.1)])
def test_quantised_variants_are_near(all_roles, variant, most):
    known = part(all_roles.rows, 0, 55)
    difference = np.abs(all_roles.on_phone(known, variant) - all_roles.served(known)).max()
    assert 0 < difference <= most


def test_float16_is_made_of_large_networks_alone(of_task):
    parameters = {task: read_metadata(model.folder).parameters for task, model in of_task.items()}
    made = {
        task: (model.folder / "model_float16.tflite").exists() for task, model in of_task.items()
    }
    assert parameters["binary"] > lite_export.FLOAT16_PARAMETERS > parameters["multiclass"]
    assert made == {"binary": True, "multiclass": False, "regression": False}


def test_quantisation_saves_what_it_should(all_roles):
    sizes = {v: (all_roles.folder / name).stat().st_size for v, name in MODEL_FILES.items()}
    parameters = read_metadata(all_roles.folder).parameters
    assert sizes["float32"] > 4 * parameters
    assert sizes["float16"] < sizes["float32"] - 1.8 * parameters
    assert sizes["int8"] < sizes["float32"] - 2.7 * parameters


def test_inputs_are_the_raw_columns_by_name(all_roles):
    path = str(all_roles.folder / "model.tflite")
    runner = Interpreter(model_path=path).get_signature_runner("serving_default")
    details = runner.get_input_details()
    columns = {c.input_name: c for c in all_roles.declaration.inputs}
    assert details.keys() == columns.keys()
    dtypes = {"float32": np.float32, "int64": np.int64, "string": np.bytes_}
    for name, detail in details.items():
        assert detail["dtype"] == dtypes[columns[name].dtype]
        assert detail["shape_signature"].tolist() == [-1]


def test_metadata_tell_a_client_all_that_it_must_know(all_roles, of_task):
    metadata = read_metadata(all_roles.folder)
    columns = {c.input_name: c for c in all_roles.declaration.inputs}
    assert {i.name for i in metadata.inputs} == columns.keys()
    for one in metadata.inputs:
        column = columns[one.name]
        assert (one.column, one.dtype) == (column.name, column.dtype)
        assert one.missing == column.missing or (one.missing != one.missing)
        assert bool(one.unit) == (one.name in ("picked_up", "landed"))
    assert metadata.label.decision_threshold == 0.5
    assert metadata.saved_model_sha256 == "5" * 64
    multiclass = read_metadata(of_task["multiclass"].folder)
    assert multiclass.label.classes == ("B b", "Ç", "Aa")
    assert multiclass.output.row_shape == (3,)
    assert multiclass.label.decision_threshold is None
    assert read_metadata(of_task["regression"].folder).output.name == "prediction"


def test_vocabularies_are_hashed(all_roles, transformed):
    raw = json.loads((all_roles.folder / "metadata.json").read_text())["vocabularies"]
    words = transformed.output.vocabulary_by_name("color")
    digest = hashlib.sha256(b"\n".join(words)).hexdigest()
    assert raw["color"] == {"size": 3, "sha256": digest}
    assert set(raw) == {"color", "town", "unseen_word", "code", "grade", "last_digit"}


@pytest.mark.parametrize("variant", MODEL_FILES)
def test_every_file_holds_its_metadata(all_roles, variant):
    content = (all_roles.folder / MODEL_FILES[variant]).read_bytes()
    outside = json.loads((all_roles.folder / "metadata.json").read_text())
    assert json.loads(embedded_json(content, "it")) == outside


@pytest.mark.parametrize("variant", MODEL_FILES)
def test_tensors_lie_where_a_phone_can_read_them(all_roles, variant):
    """TFLite's schema aligns the contents of tensors at 16 bytes."""
    content = (all_roles.folder / MODEL_FILES[variant]).read_bytes()
    start = np.frombuffer(content, np.uint8).ctypes.data
    model = schema.Model.GetRootAs(content, 0)
    buffers = [model.Buffers(k) for k in range(model.BuffersLength())]
    places = [b.DataAsNumpy().ctypes.data - start for b in buffers if b.DataLength()]
    assert len(places) > 10
    assert {place % lite_metadata.ALIGNMENT for place in places} == {0}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("oops\nSome more", "error: oops"),
        (
            "Could not translate MLIR\nTF Select ops: BiasAdd, SparseToDense\nDetails: ...",
            "error: TFLite has no BiasAdd, SparseToDense",
        ),
        ("", "error: ValueError('')"),
    ],
)
def test_why_a_model_could_not_be_converted(monkeypatch, capsys, error, told):
    def fail(request):
        raise ValueError(error)

    request = ExportRequest(
        name="x",
        declaration=Declaration.model_construct(),
        model="",
        transform_graph="",
        saved_model_sha256="",
        folder="",
    )
    monkeypatch.setattr(lite_export.ExportRequest, "model_validate_json", lambda _: request)
    monkeypatch.setattr(lite_export, "export", fail)
    monkeypatch.setattr(sys, "stdin", io.StringIO("{}"))
    assert lite_export.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == told
