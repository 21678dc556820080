"""What a configuration may say: strict types, bounds, and parts that belong together."""

import subprocess
import sys

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.usecase.conftest import changed_text
from usecase.config import Label, Split, Threshold, UseCase
from usecase.errors import ConfigError
from usecase.loading import parse_use_case
from usecase.metrics import METRICS
from usecase.roles import CategoricalString

THRESHOLD = "evaluation.thresholds.0"
# Values that a key may have, by its path: those of a round trip through JSON.
CHOICES = {
    "task": ["binary", "multiclass", "regression"],
    "data": [
        {"path": "rows.tfrecord"},
        {"path": "gs://bucket/rows-*", "format": "csv"},
        {"query": "SELECT 1", "project": "p", "temp_location": "gs://bucket/tmp"},
    ],
    "split": [{"train": 3}, {"train": 1, "eval": 2, "test": 3}],
    "features.age": ["bucketized", {"role": "numeric", "scaling": "log"}],
    "features.both": [{"role": "crossed", "features": ["city", "hour"]}],
    "features.when": [{"role": "datetime", "parts": ["year"], "utc_offset_hours": -3.5}],
    "features.rich": [
        {"role": "boolean", "function": "a.b", "columns": ["age", "city"], "mobile": False}
    ],
    "label": [
        {"name": "clicked", "positive_class": 1},
        {"name": "clicked", "positive_class": "1"},
        {"name": "big", "function": "a.b", "columns": ["tips"], "classes": ["no", "yes"]},
        {"name": "big", "function": "a.b", "columns": ["tips"], "classes": [7, -7]},
    ],
    "network": [{"hidden_units": [], "activation": "tanh"}, {"dropout": 0, "l2": 0.5}],
    "training": [{"precision": "mixed_bfloat16", "learning_rate": 1}, {"class_weights": "none"}],
    "data_gate": [{"min_rows": 1, "min_label_share": 0}, {"drift": "off"}],
    "evaluation.metrics": [["auc"], ["loss", "auc", "accuracy"]],
    "evaluation.thresholds.1.slice": ["city", {"hour": 7, "city": "7"}],
    "evaluation.min_slice_size": [1],
}


def test_the_sections_hold_what_was_written(changed):
    use_case = changed({"split": {"train": 6, "eval": 2, "test": 2}})
    assert (use_case.name, use_case.task) == ("clicks", "binary")
    assert use_case.data.path == "clicks.csv"
    assert use_case.schema_file == "schema/clicks/schema.pbtxt"
    assert use_case.split == Split(train=6, eval=2, test=2)
    assert list(use_case.features) == ["amount", "age", "city", "code", "hour", "member"]
    assert use_case.features["city"] == CategoricalString(max_vocabulary=9, min_count=2)
    assert use_case.evaluation.slices == ("city", "hour")
    assert use_case.evaluation.thresholds[1].slice == {"hour": 7}
    assert use_case.evaluation.metrics is None


def test_a_role_alone_is_enough(changed):
    assert changed({"features.age": "numeric"}) == changed({"features.age": {"role": "numeric"}})
    assert changed({"features.age": "numeric"}) != changed({"features.age": "bucketized"})


@pytest.mark.parametrize(
    ("task", "usual"),
    [
        ("binary", ("auc", "pr_auc", "accuracy", "precision", "recall", "calibration", "loss")),
        ("multiclass", ("accuracy", "auc", "loss")),
        ("regression", ("rmse", "mae", "squared_correlation", "calibration", "mse")),
    ],
)
def test_a_task_has_usual_metrics_and_others_on_demand(changed, task, usual):
    assert changed({"task": task}).metrics == usual
    others_first = [name for name in METRICS[task] if name not in usual] + list(usual)
    assert len(others_first) == len(METRICS[task]) > len(usual)
    chosen = changed({"task": task, "evaluation.metrics": others_first})
    assert chosen.metrics == tuple(others_first)


@pytest.mark.parametrize(("written", "drift"), [("off", "off"), ("warn", "warn"), ('"off"', "off")])
def test_off_is_a_word_though_yaml_takes_it_for_false(written, drift):
    made = parse_use_case(changed_text({}), overrides=[f"data_gate.drift={written}"])
    assert made.data_gate.drift == drift


@pytest.mark.parametrize("written", ["on", "0", "null"])
def test_what_else_drift_may_not_be(written):
    with pytest.raises(ConfigError, match="Input should be 'warn', 'refuse' or 'off'"):
        parse_use_case(changed_text({}), overrides=[f"data_gate.drift={written}"])


def test_a_configuration_cannot_be_changed(changed):
    use_case = changed()
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        use_case.training.seed = 1


@given(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in CHOICES.items()}))
@settings(deadline=None)
def test_a_use_case_survives_json(changed, changes):
    use_case = changed(changes)
    assert UseCase.model_validate_json(use_case.model_dump_json(by_alias=True)) == use_case


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "taxi-2_b"),
        ("split.train", 1),
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
        ("label.classes", ["a", "b"]),
        ("label.classes", [0, 1]),
        ("label.positive_class", 0),
        ("label.positive_class", ""),
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
        ("name", 7, "name: expected text (got 7)"),
        ("split.train", 0, "split.train: Input should be greater than or equal to 1 (got 0)"),
        ("split.train", "8", "split.train: Input should be a valid integer (got '8')"),
        ("split.train", 8.5, "split.train: Input should be a valid integer (got 8.5)"),
        ("features", {}, "features: Dictionary should have at least 1 item"),
        ("features.age", 3, "features.age: Input should be an object (got 3)"),
        ("network.dropout", 1.0, "network.dropout: Input should be less than 1 (got 1.0)"),
        ("network.l2", -0.1, "network.l2: Input should be greater than or equal to 0"),
        ("network.hidden_units.0", [4], "network.hidden_units: Input should be"),
        ("training.learning_rate", 0, "training.learning_rate: Input should be greater than 0"),
        ("training.learning_rate", float("inf"), "training.learning_rate: Input should be a fin"),
        ("training.batch_size", True, "training.batch_size: Input should be a valid integer"),
        ("data_gate.min_label_share", 1.1, "data_gate.min_label_share: Input should be less"),
        ("evaluation.metrics", [], "evaluation.metrics: Tuple should have at least 1 item"),
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
        ("label.classes", ["a"], "label.classes: Value should have at least 2 items"),
        ("label.classes", ["a", "b", "a"], "label: `classes` names a class twice"),
        ("label.classes", [1, 1], "label: `classes` names a class twice"),
        # YAML's own words for true and false are no classes: they need quotes.
        ("label.positive_class", True, "label.positive_class.str: expected text"),
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
    quotes = "put it in quotes" + ("" if value is True else f': "{value}"')
    assert caught.value.fix == (quotes if "expected text" in what else "correct this value")


def test_classes_are_strings_or_integers_and_not_both(changed):
    with pytest.raises(ConfigError, match=r"label\.classes.*: expected text"):
        changed({"label.classes": ["a", 1]})


def test_a_class_keeps_its_type(changed):
    assert changed({"label.positive_class": "1"}).label.positive_class == "1"
    assert changed({"label.positive_class": 1}).label.positive_class == 1
    assert changed({"label.classes": ["0", "1"]}).label.classes == ("0", "1")
    assert changed({"label.classes": [0, 1]}).label.classes == (0, 1)


def test_a_task_that_is_misspelt(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"task": "multi_class"})
    assert caught.value.what == (
        "config: task: Input should be 'binary', 'multiclass' or 'regression' (got 'multi_class')"
    )
    assert caught.value.fix == 'did you mean "multiclass"?'


def test_columns_of_the_label_may_be_features(changed):
    label = {"name": "old", "function": "a.b", "columns": ["age"]}
    assert changed({"label": label}).label.source_columns == ("age",)
    assert changed({}).label.source_columns == ("clicked",)
    assert Label(name="x").source_columns == ("x",)


def test_a_use_case_is_light_to_import():
    heavy = "{'tensorflow', 'tfx', 'apache_beam', 'keras', 'numpy', 'pandas', 'google.protobuf'}"
    names = "checks, config, declaration, errors, features, labels, loading, metrics, missing, "
    names += "outputs, paths, roles, schema, section, words"
    code = f"import sys; from usecase import {names}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_slice_names_something():
    with pytest.raises(pydantic.ValidationError, match="at least 1 item"):
        Threshold.model_validate_json('{"metric": "auc", "slice": {}, "min": 0.5}')


def test_the_server_that_judges_is_one_of_those_that_can_be_started(changed):
    assert changed().serving.server == "auto"
    assert changed({"serving": {"server": "docker", "max_rows": 1}}).serving.max_rows == 1
    with pytest.raises(ConfigError) as caught:
        changed({"serving": {"server": "dockr"}})
    assert caught.value.what.startswith("config: serving.server: Input should be 'auto', 'binary'")
    assert caught.value.fix == 'did you mean "docker"?'


def test_how_versions_are_released(changed):
    unset = changed().serving
    assert (unset.promote, unset.keep, unset.servers) == ("manual", 1, ())
    servers = ["http://a:8501", "https://b/model", "c:8500", "unix:/tmp/socket"]
    told = changed({"serving": {"promote": "on_push", "keep": 0, "servers": servers}}).serving
    assert (told.promote, told.keep, told.servers) == ("on_push", 0, tuple(servers))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("promote", "on push"),
        ("promote", True),
        ("keep", -1),
        ("keep", "1"),
        ("keep", 1.5),
        ("servers", "http://a:8501"),
        ("servers", ["localhost"]),
        ("servers", ["ftp://a:8501"]),
        ("servers", ["a:8500 b:8500"]),
        ("servers", [""]),
    ],
)
def test_what_is_no_way_to_release_is_refused(changed, key, value):
    with pytest.raises(ConfigError, match=rf"serving\.{key}"):
        changed({"serving": {key: value}})


@pytest.mark.parametrize("key", ["max_rows", "max_latency_ms", "startup_timeout_s"])
def test_limits_of_the_serving_gate_are_positive(changed, key):
    with pytest.raises(ConfigError, match=rf"serving\.{key}: Input should be greater than"):
        changed({"serving": {key: 0}})
