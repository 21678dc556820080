"""A model that was never trained, as Trainer and Transform would leave it, and files made of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tests.components.evaluations import make_artifact, run_function_component
from usecase.config import Mobile, Network
from usecase.paths import PROJECT_ROOT

SPOILER = Path(__file__).with_name("spoil_exports.py")
ROWS = 300
TASKS = ("binary", "multiclass", "regression")
CLASSES = ("grün", "red", "blue")


def make_declaration(task="binary"):
    from tests.models.declarations import declared, label_column
    from usecase.declaration import Declaration
    from usecase.roles import CategoricalInteger, CategoricalString, Numeric

    dtype = {"binary": "int64", "multiclass": "string", "regression": "float32"}[task]
    return Declaration(
        features=(
            declared("fare", Numeric(), "float32", optional=True),
            declared("hour of day", CategoricalInteger(), "int64", lowest=0, highest=23),
            declared("code", CategoricalInteger(max_vocabulary=40), "int64"),
            declared("color", CategoricalString(), "string", optional=True),
        ),
        label=label_column(dtype, task=task, classes=CLASSES if task == "multiclass" else ()),
    )


def make_rows(task="binary"):
    """Returns {column: values}; None is a missing value."""
    random = np.random.default_rng(3)
    label = random.integers(0, 3, ROWS)
    labels = {
        "binary": (label > 0).tolist(),
        "multiclass": np.array(CLASSES)[label].tolist(),
        "regression": (1000.0 * label).tolist(),
    }
    rows = {
        "fare": random.normal(10, 3, ROWS).tolist(),
        "hour of day": random.integers(0, 24, ROWS).tolist(),
        "code": (random.integers(0, 50, ROWS) ** 7 - 10**6).tolist(),
        "color": random.choice(["rot", "grün", "blau", "東京"], ROWS).tolist(),
        "label": labels[task] if task != "binary" else [int(v) for v in labels[task]],
    }
    for name in ("fare", "color", "code", "hour of day"):
        rows[name] = [None if random.random() < 0.1 else v for v in rows[name]]
    return rows


class Phone:
    """The artifacts of one use case, up to the exporter's.

    Args:
        folder: Where they go.
        task: The task.
    """

    def __init__(self, folder, task="binary"):
        self.folder = folder
        self.declaration = make_declaration(task)
        self.rows = make_rows(task)
        self.transform_graph = self._transform()
        self.trained_model = self._model()
        self.examples = self._write_examples()

    def artifact(self, kind, name, **properties):
        return make_artifact(kind, self.folder / name, **properties)

    def request(self, folder):
        """Returns an ExportRequest as JSON."""
        from models.settings import ExportRequest

        return ExportRequest(
            name="phone",
            declaration=self.declaration,
            model=str(self.trained_model),
            transform_graph=str(self.transform_graph),
            saved_model_sha256="0" * 64,
            folder=str(folder),
        ).model_dump_json()

    def spoil(self, *kinds):
        """Exports with faults of each kind; returns the folders of model artifacts, by kind."""
        folders = {kind: self.folder / "spoiled" / kind for kind in kinds}
        todo = {
            kind: json.loads(self.request(path / "Format-Serving"))
            for kind, path in folders.items()
            if not path.exists()
        }
        if not todo:
            return folders
        done = subprocess.run(
            [sys.executable, SPOILER],
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
            input=json.dumps(todo),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return folders

    def judge(self, files, name, **mobile):
        """Runs the gate on an exporter's artifact; returns what it said and gave."""
        from tfx.types.standard_artifacts import Examples, InfraBlessing, Model

        from components.artifacts import GateVerdict
        from components.settings import TFLiteGateSettings
        from components.tflite_gate import TFLiteGate
        from components.verdict import Verdict

        settings = TFLiteGateSettings(
            declaration=self.declaration,
            mobile=Mobile(**mobile),
            eval_config=getattr(self, "eval_config", None) if mobile.get("evaluate") else None,
        )
        outputs = {
            "blessing": self.artifact(InfraBlessing, f"{name}/blessing"),
            "verdict": self.artifact(GateVerdict, f"{name}/verdict"),
        }
        run_function_component(
            TFLiteGate,
            {
                "model": make_artifact(Model, files),
                "trained_model": make_artifact(Model, self.trained_model),
                "examples": make_artifact(Examples, self.examples),
            },
            outputs,
            {"settings": settings.model_dump_json()},
            self.folder / name / "tmp",
        )
        verdict = Verdict.read(outputs["verdict"].uri)
        return SimpleNamespace(
            verdict=verdict,
            results={result.metric: result for result in verdict.results},
            blessing=outputs["blessing"],
        )

    def _transform(self):
        import apache_beam as beam
        import tensorflow_transform as tft
        import tensorflow_transform.beam as tft_beam

        from models.preprocessing import preprocessing_fn
        from models.signatures import feature_spec

        folder = self.folder / "transform"
        config = {"declaration": self.declaration.model_dump_json()}
        spec = feature_spec(self.declaration, with_label=True)
        metadata = tft.DatasetMetadata.from_feature_spec(spec)
        names = [*self.rows]
        instances = [
            {n: [] if v is None else [v] for n, v in zip(names, values, strict=True)}
            for values in zip(*self.rows.values(), strict=True)
        ]
        with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(self.folder / "tmp")):
            rows = pipeline | beam.Create(instances)
            function = (rows, metadata) | tft_beam.AnalyzeDataset(
                lambda inputs: preprocessing_fn(inputs, config)
            )
            function | tft_beam.WriteTransformFn(str(folder))
        return folder

    def _model(self):
        import keras
        import tensorflow_transform as tft

        from models.heads import head_of
        from models.network import build_network
        from models.settings import KERAS_FOLDER, NETWORK_FILE
        from models.signatures import ServingModule, save
        from models.trainer import model_inputs

        folder = self.folder / "model"
        output = tft.TFTransformOutput(str(self.transform_graph))
        label = self.declaration.label
        keras.utils.set_random_seed(1)
        labels = np.array([0, 1, 2], np.float32) if label.task != "binary" else np.array([0, 1.0])
        head = head_of(label.task, labels, len(label.classes), weigh=False)
        inputs = model_inputs(self.declaration, output)
        model = build_network(inputs, Network(hidden_units=(64,)), head)
        for variable in model.trainable_variables:  # strong enough for every fault to show
            variable.assign(np.random.default_rng(5).normal(0, 0.5, variable.shape))
        save(
            ServingModule(model, output, self.declaration),
            self.declaration,
            str(folder / "Format-Serving"),
        )
        (folder / KERAS_FOLDER).mkdir()
        model.save(folder / KERAS_FOLDER / NETWORK_FILE)
        return folder

    def _write_examples(self):
        import tensorflow as tf

        path = self.folder / "examples" / "Split-test" / "data_tfrecord-0.gz"
        path.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for values in zip(*self.rows.values(), strict=True):
                example = tf.train.Example()
                for name, value in zip(self.rows, values, strict=True):
                    feature = example.features.feature[name]
                    if isinstance(value, str):
                        feature.bytes_list.value.append(value.encode())
                    elif isinstance(value, int):
                        feature.int64_list.value.append(value)
                    elif value is not None:
                        feature.float_list.value.append(value)
                writer.write(example.SerializeToString())
        return self.folder / "examples"
