"""What a configuration may say: strict types, bounds, and parts that belong together."""

import subprocess
import sys

import pydantic
import pytest

from usecase.config import DEFAULT_METRICS, Split, Threshold
from usecase.errors import ConfigError
from usecase.metrics import BINARY

THRESHOLD = "evaluation.thresholds.0"


def test_the_sections_hold_what_was_written(changed):
    use_case = changed({"split": {"train": 6, "eval": 2, "test": 2}})
    assert (use_case.name, use_case.task) == ("clicks", "binary")
    assert use_case.data.path == "clicks.csv"
    assert use_case.schema_file == "schema/clicks/schema.pbtxt"
    assert use_case.split == Split(train=6, eval=2, test=2)
    assert list(use_case.features) == ["amount", "age", "city", "code", "hour", "member"]
    assert use_case.features["city"].model_dump() == {
        "role": "categorical_string",
        "buckets": 10,
        "max_vocabulary": 9,
        "min_count": 2,
    }
    assert use_case.evaluation.slices == ("city", "hour")
    assert use_case.evaluation.thresholds[1].slice == {"hour": 7}
    assert use_case.evaluation.metrics == DEFAULT_METRICS


def test_a_role_alone_is_enough(changed):
    assert changed({"features.age": "numeric"}) == changed({"features.age": {"role": "numeric"}})
    assert changed({"features.age": "numeric"}) != changed({"features.age": "bucketized"})


def test_the_default_metrics_are_known():
    assert set(DEFAULT_METRICS) <= set(BINARY)


def test_a_configuration_cannot_be_changed(changed):
    use_case = changed()
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        use_case.training.seed = 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "taxi-2_b"),
        ("split.train", 1),
        ("features.amount.buckets", 2),
        ("features.amount.buckets", 1000),
        ("network.hidden_units", []),
        ("network.dropout", 0),
        ("network.dropout", 0.99),
        ("training.learning_rate", 1),
        ("training.seed", 0),
        ("data_gate.min_label_share", 0.0),
        (f"{THRESHOLD}.min", 1),
        (f"{THRESHOLD}.max_drop", 0),
        (f"{THRESHOLD}.slice", "city"),
        ("label", {"name": "big", "function": "a.b", "columns": ["x"]}),
    ],
)
def test_values_at_the_edge_are_accepted(changed, path, value):
    changed({path: value})


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("name", "Taxi", "name: String should match pattern '^[a-z][a-z0-9_-]*$' (got 'Taxi')"),
        ("name", "a/../b", "name: String should match"),
        ("name", "a\n", "name: String should match"),
        ("name", 7, "name: Input should be a valid string (got 7)"),
        ("split.train", 0, "split.train: Input should be greater than or equal to 1 (got 0)"),
        ("split.train", "8", "split.train: Input should be a valid integer (got '8')"),
        ("split.train", 8.5, "split.train: Input should be a valid integer (got 8.5)"),
        ("features", {}, "features: Dictionary should have at least 1 item"),
        ("features.age", 3, "features.age: Input should be an object (got 3)"),
        ("features.amount.buckets", 1, "features.amount.buckets: Input should be greater"),
        ("features.amount.buckets", 1001, "features.amount.buckets: Input should be less"),
        ("features.city.max_vocabulary", 0, "features.city.max_vocabulary: Input should be"),
        ("features.city.min_count", 0, "features.city.min_count: Input should be"),
        ("network.dropout", 1.0, "network.dropout: Input should be less than 1 (got 1.0)"),
        ("network.l2", -0.1, "network.l2: Input should be greater than or equal to 0"),
        ("network.hidden_units.0", [4], "network.hidden_units: Input should be"),
        ("training.learning_rate", 0, "training.learning_rate: Input should be greater than 0"),
        ("training.learning_rate", float("inf"), "training.learning_rate: Input should be a fin"),
        ("training.batch_size", True, "training.batch_size: Input should be a valid integer"),
        ("data_gate.min_label_share", 1.1, "data_gate.min_label_share: Input should be less"),
        ("evaluation.thresholds", [], "evaluation.thresholds: Tuple should have at least 1 item"),
        (f"{THRESHOLD}.min", "0.7", f"{THRESHOLD}.min: Input should be a valid number (got '0.7')"),
        (f"{THRESHOLD}.min", float("nan"), f"{THRESHOLD}.min: Input should be a finite number"),
        (f"{THRESHOLD}.max_drop", -0.1, f"{THRESHOLD}.max_drop: Input should be greater"),
        (THRESHOLD, {"metric": "auc"}, f"{THRESHOLD}: a threshold needs `min`, `max` or"),
        (f"{THRESHOLD}.max", 0.6, f"{THRESHOLD}: `min` is above `max`: no value could pass"),
        (
            "label.function",
            "models.taxi.big_tip",
            "label: `function` and `columns` belong together: set both or neither",
        ),
        ("label.columns", ["tips"], "label: `function` and `columns` belong together"),
        ("label.name", "age", 'config: the label "age" is also declared as a feature'),
        # Transformed, both would be called age_xf: the label would take the feature's place.
        (
            "label",
            {"name": "age", "function": "models.taxi.big_tip", "columns": ["tips"]},
            'config: the label "age" is also declared as a feature',
        ),
    ],
)
def test_values_that_are_refused(changed, path, value, what):
    with pytest.raises(ConfigError) as caught:
        changed({path: value})
    assert caught.value.what.startswith(f"config: {what}")
    assert caught.value.fix == "correct this value"


def test_columns_of_the_label_may_be_features(changed):
    label = {"name": "old", "function": "a.b", "columns": ["age"]}
    assert changed({"label": label}).label.source_columns == ("age",)
    assert changed({}).label.source_columns == ("clicked",)


def test_a_use_case_is_light_to_import():
    heavy = "{'tensorflow', 'tfx', 'apache_beam', 'keras', 'numpy', 'pandas', 'google.protobuf'}"
    names = "config, errors, features, loading, metrics, missing, paths"
    code = f"import sys; from usecase import {names}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_slice_names_something():
    with pytest.raises(pydantic.ValidationError, match="at least 1 item"):
        Threshold.model_validate_json('{"metric": "auc", "slice": {}, "min": 0.5}')
