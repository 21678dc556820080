"""Artifacts and executors as TFX would hand them out, without a pipeline around them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

ROWS = 400
SMALL = 10  # rows of the smallest city


def make_artifact(kind, folder, **properties):
    """Makes an artifact of a standard type in a folder, with custom properties."""
    made = kind()
    made.uri = str(folder)
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


@pytest.fixture
def artifact():
    return make_artifact


@pytest.fixture
def run_component(tmp_path):
    """Runs the executor of a component that was made of a function."""

    def run(component, inputs, outputs, properties):
        executor = component.EXECUTOR_SPEC.executor_class
        context = executor.Context(tmp_dir=str(tmp_path / "tmp"), unique_id="1")
        as_lists = [{k: [v] for k, v in group.items()} for group in (inputs, outputs)]
        executor(context).Do(*as_lists, properties)

    return run


def make_rows():
    """A label, the scores of three models, and two columns to slice by."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, ROWS)
    index = np.arange(ROWS)

    def score(skill):
        return 1 / (1 + np.exp(-(skill * (2 * label - 1) + random.normal(size=ROWS))))

    rows = {"label": label, "good": score(1.5), "bad": score(0.5), "linear": score(1.0)}
    # The good model is wrong about the small city, where its mistakes hardly show in the whole.
    rows["good"][:SMALL] = 1 - rows["good"][:SMALL]
    rows["city"] = np.where(index < SMALL, "small", np.where(index < 200, "a", "b"))
    rows["hour"] = index % 3
    return rows


def write_rows(path, rows):
    import tensorflow as tf

    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for label, good, bad, linear, city, hour in zip(*rows.values(), strict=True):
            example = tf.train.Example()
            for name, value in (("good", good), ("bad", bad), ("linear", linear)):
                example.features.feature[name].float_list.value.append(value)
            for name, value in (("label", label), ("hour", hour)):
                example.features.feature[name].int64_list.value.append(value)
            example.features.feature["city"].bytes_list.value.append(str(city).encode())
            writer.write(example.SerializeToString())


def save_model(folder, column):
    """Saves a model with the signatures of `models.signatures` that echoes a column."""
    import tensorflow as tf

    def parse(examples, name, dtype):
        return tf.io.parse_example(examples, {name: tf.io.FixedLenFeature([], dtype)})[name]

    def predict(examples):
        return {"probability": parse(examples, column, tf.float32)}

    def transform(examples):
        return {"label_xf": tf.cast(parse(examples, "label", tf.int64), tf.float32)}

    spec = tf.TensorSpec([None], tf.string, name="examples")
    signatures = {
        "serving_default": tf.function(predict).get_concrete_function(spec),
        "transform_features": tf.function(transform).get_concrete_function(spec),
    }
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)


def eval_config_json(thresholds, **options):
    """Returns the EvalConfig of thresholds as TFX hands it to an executor."""
    from google.protobuf import json_format

    from pipeline.evaluation import eval_config
    from usecase.config import Evaluation

    raw = {
        "metrics": ["auc", "loss", "accuracy"],
        "slices": ["city", "hour"],
        "thresholds": thresholds,
        **options,
    }
    config = eval_config(Evaluation.model_validate_json(json.dumps(raw)), "label_xf")
    return json_format.MessageToJson(config, preserving_proto_field_name=True)


class Evaluations:
    """Real runs of the Evaluator's executor on the rows above; each takes seconds."""

    def __init__(self, folder):
        from tfx.types import standard_artifacts

        self._types = standard_artifacts
        self._folder = folder
        self.rows = make_rows()
        reversed_labels = {**self.rows, "label": 1 - self.rows["label"]}
        for split, rows in (("eval", reversed_labels), ("test", self.rows)):
            write_rows(folder / f"examples/Split-{split}/data-0.gz", rows)
        for name in ("good", "bad"):
            save_model(folder / name / "Format-Serving", name)
            save_model(folder / name / "Format-Linear", "linear")
        self.first = self._run("good", {"empty": 1}, (CITIES, *NO_DROP))
        self.worse = self._run("bad", {"empty": 0}, ({"metric": "auc", "min": 0.9}, *NO_DROP))
        self.equal = self._run("good", {"empty": 0}, (TOGETHER, *NO_DROP))

    def _run(self, candidate, baseline, thresholds):
        """Evaluates; `baseline` are the properties of the baseline's artifact."""
        from components.evaluator import Executor
        from components.verdict import Verdict

        types = self._types
        folder = self._folder / f"run-{len(list(self._folder.glob('run-*')))}"
        examples = make_artifact(types.Examples, self._folder / "examples")
        examples.split_names = '["eval", "test"]'
        where = folder / "nowhere" if baseline["empty"] else self._folder / "good"
        inputs = {
            "examples": [examples],
            "model": [make_artifact(types.Model, self._folder / candidate)],
            "baseline_model": [make_artifact(types.Model, where, **baseline)],
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
                "eval_config": eval_config_json(thresholds),
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


CITIES = {"metric": "auc", "slice": "city", "min": 0.9}
TOGETHER = {"metric": "accuracy", "slice": {"city": "a", "hour": 1}, "min": 0.5}
NO_DROP = (
    {"metric": "auc", "max_drop": 0.0},
    {"metric": "loss", "max_drop": 0.0},
)


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory):
    return Evaluations(tmp_path_factory.mktemp("evaluations"))


@pytest.fixture(scope="session")
def as_eval_config():
    return eval_config_json
