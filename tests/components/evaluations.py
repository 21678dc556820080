"""Real runs of the Evaluator's executor, on models that echo a column; each takes seconds."""

import json
from types import SimpleNamespace

import numpy as np

from usecase.config import UseCase
from usecase.labels import LabelSpec
from usecase.metrics import METRICS
from usecase.schema import Column

ROWS = 400
SMALL = 10  # rows of the smallest city
SIZES = ("small", "medium", "large")
LABELS = {
    "binary": (Column(name="label", dtype="int64"), ()),
    "multiclass": (Column(name="label", dtype="string"), SIZES),
    "regression": (Column(name="label", dtype="float32"), ()),
}
CITIES = {"metric": "auc", "slice": "city", "min": 0.9}
TOGETHER = {"metric": "accuracy", "slice": {"city": "a", "hour": 1}, "min": 0.5}
NO_DROP = (
    {"metric": "auc", "max_drop": 0.0},
    {"metric": "loss", "max_drop": 0.0},
)


def make_artifact(kind, folder, **properties):
    """Makes an artifact of a standard type in a folder, with custom properties."""
    made = kind()
    made.uri = str(folder)
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


def run_function_component(component, inputs, outputs, properties, tmp_dir):
    """Runs the executor of a component that was made of a function."""
    executor = component.EXECUTOR_SPEC.executor_class
    context = executor.Context(tmp_dir=str(tmp_dir), unique_id="1")
    as_lists = [{k: [v] for k, v in group.items()} for group in (inputs, outputs)]
    executor(context).Do(*as_lists, properties)


def label_of_task(task):
    column, classes = LABELS[task]
    return LabelSpec(name="label", task=task, function=None, columns=(column,), classes=classes)


def make_rows(task="binary"):
    """A label, what three models say of it, and two columns to slice by."""
    random = np.random.default_rng(0)
    rows = {"binary": binary_rows, "multiclass": multiclass_rows, "regression": regression_rows}
    index = np.arange(ROWS)
    columns = {
        "city": np.where(index < SMALL, "small", np.where(index < 200, "a", "b")),
        "hour": index % 3,
    }
    return rows[task](random) | columns


def binary_rows(random):
    label = random.integers(0, 2, ROWS)

    def score(skill):
        return 1 / (1 + np.exp(-(skill * (2 * label - 1) + random.normal(size=ROWS))))

    rows = {"label": label, "good": score(1.5), "bad": score(0.5), "linear": score(1.0)}
    # The good model is wrong about the small city, where its mistakes hardly show in the whole.
    rows["good"][:SMALL] = 1 - rows["good"][:SMALL]
    return rows


def multiclass_rows(random):
    ids = random.choice(3, ROWS, p=[0.2, 0.5, 0.3])

    def scores(skill):
        raw = np.exp(skill * np.eye(3)[ids] + random.normal(size=(ROWS, 3)))
        return raw / raw.sum(axis=1, keepdims=True)

    rows = {"label": np.array(SIZES)[ids], "good": scores(3), "bad": scores(1), "linear": scores(2)}
    wrong = np.eye(3)[(ids[:SMALL] + 1) % 3]
    rows["good"][:SMALL] = 0.9 * wrong + 0.1 / 3
    return rows


def regression_rows(random):
    label = random.normal(20, 5, ROWS)

    def predictions(deviation):
        return label + random.normal(0, deviation, ROWS)

    rows = {
        "label": label,
        "good": predictions(1),
        "bad": predictions(3),
        "linear": predictions(2),
    }
    rows["good"][:SMALL] += 4
    return rows


def write_rows(path, rows):
    import tensorflow as tf

    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for values in zip(*rows.values(), strict=True):
            example = tf.train.Example()
            for name, value in zip(rows, values, strict=True):
                feature = example.features.feature[name]
                if isinstance(value, str):
                    feature.bytes_list.value.append(value.encode())
                elif isinstance(value, np.integer):
                    feature.int64_list.value.append(value)
                else:
                    feature.float_list.value.extend(np.ravel(value))
            writer.write(example.SerializeToString())


def save_model(folder, column, task="binary"):
    """Saves a model with the signatures of `models.signatures` that echoes a column."""
    import tensorflow as tf

    from models.labels import label_of
    from models.outputs import outputs_of

    label = label_of_task(task)
    shape = [len(SIZES)] if task == "multiclass" else []

    def predict(examples):
        spec = {column: tf.io.FixedLenFeature(shape, tf.float32)}
        return outputs_of(label, tf.io.parse_example(examples, spec)[column])

    def transform(examples):
        spec = {"label": tf.io.VarLenFeature(tf.as_dtype(label.columns[0].dtype))}
        return {label.key: label_of(label, tf.io.parse_example(examples, spec))}

    spec = tf.TensorSpec([None], tf.string, name="examples")
    signatures = {
        "serving_default": tf.function(predict).get_concrete_function(spec),
        "transform_features": tf.function(transform).get_concrete_function(spec),
    }
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)


def eval_config_json(thresholds, task="binary", **options):
    """Returns the EvalConfig of thresholds as TFX hands it to an executor."""
    from google.protobuf import json_format

    from pipeline.evaluation import eval_config

    metrics = ["auc", "loss", "accuracy"] if task == "binary" else list(METRICS[task])
    raw = {
        "name": "any",
        "task": task,
        "data": {"path": "rows.csv"},
        "schema": "schema.pbtxt",
        "features": {"city": {"role": "categorical_string"}},
        "label": {"name": "label"},
        "evaluation": {
            "metrics": metrics,
            "slices": ["city", "hour"],
            "thresholds": thresholds,
            **options,
        },
    }
    config = eval_config(UseCase.model_validate_json(json.dumps(raw)), label_of_task(task))
    return json_format.MessageToJson(config, preserving_proto_field_name=True)


class Evaluations:
    """Runs of the Evaluator on the rows above."""

    def __init__(self, folder, task="binary"):
        from tfx.types import standard_artifacts

        self._types = standard_artifacts
        self._folder = folder
        self.task = task
        self.rows = make_rows(task)
        others = {**self.rows, "label": self.rows["label"][::-1]}
        if task == "binary":
            others["label"] = 1 - self.rows["label"]
        for split, rows in (("eval", others), ("test", self.rows)):
            write_rows(folder / f"examples/Split-{split}/data-0.gz", rows)
        for name in ("good", "bad"):
            save_model(folder / name / "Format-Serving", name, task)
            save_model(folder / name / "Format-Linear", "linear", task)

    def run(self, candidate, baseline, thresholds):
        """Evaluates a model of the folder; `baseline` names another one, or is None."""
        from components.evaluator import Executor
        from components.verdict import Verdict

        types = self._types
        folder = self._folder / f"run-{len(list(self._folder.glob('run-*')))}"
        examples = make_artifact(types.Examples, self._folder / "examples")
        examples.split_names = '["eval", "test"]'
        where = self._folder / baseline if baseline else folder / "nowhere"
        empty = int(baseline is None)
        inputs = {
            "examples": [examples],
            "model": [make_artifact(types.Model, self._folder / candidate)],
            "baseline_model": [make_artifact(types.Model, where, empty=empty)],
        }
        evaluation = make_artifact(types.ModelEvaluation, folder / "evaluation")
        blessing = make_artifact(types.ModelBlessing, folder / "blessing")
        context = Executor.Context(
            beam_pipeline_args=[], tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        Executor(context).Do(
            inputs,
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": eval_config_json(thresholds, self.task),
                "example_splits": '["test"]',
                "fairness_indicator_thresholds": "null",
            },
        )
        return SimpleNamespace(
            uri=evaluation.uri,
            verdict=Verdict.read(evaluation.uri),
            blessed=blessing.get_int_custom_property("blessed"),
            marks=sorted(path.name for path in (folder / "blessing").iterdir()),
        )
