"""What a configuration names is there: metrics, slices, columns and functions."""

import sys

import pytest

from usecase.checks import check_evaluation, require_column, require_function, slice_columns
from usecase.errors import ConfigError
from usecase.metrics import METRICS

KNOWN = {task: "known: " + ", ".join(sorted(table)) for task, table in METRICS.items()}


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """Writes a module that must not be imported; returns its folder."""

    def own_module(text):
        (tmp_path / "own_label.py").write_text("raise SystemExit('imported')\n" + text)
        monkeypatch.syspath_prepend(str(tmp_path))
        return tmp_path / "own_label.py"

    return own_module


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        (
            {"evaluation.metrics": ["auc", "acuracy"]},
            'unknown metric "acuracy" of task binary',
            'did you mean "accuracy"?',
        ),
        (
            {"evaluation.thresholds.0.metric": "f1"},
            'unknown metric "f1" of task binary',
            "known: accuracy, auc, calibration, example_count, loss, mean_label, mean_prediction, "
            "pr_auc, precision, recall",
        ),
        (
            {"evaluation.metrics": ["auc"], "evaluation.thresholds.0.metric": "loss"},
            'threshold on "loss", which is not measured',
            'add "loss" to evaluation.metrics',
        ),
        # Known, but not measured unless the configuration says so.
        (
            {"evaluation.thresholds.0": {"metric": "example_count", "min": 9}},
            'threshold on "example_count", which is not measured',
            'add "example_count" to evaluation.metrics',
        ),
        (
            {"evaluation.thresholds.0.metric": "calibration"},
            '"max_drop" on "calibration", which has no better direction',
            "use `min` and `max`",
        ),
        (
            {"evaluation.slices.2": "cty"},
            'evaluation.slices: column "cty" is not in the schema',
            'did you mean "city"?',
        ),
        (
            {"evaluation.thresholds.1.slice": {"huor": 7}},
            'evaluation.thresholds: column "huor" is not in the schema',
            'did you mean "hour"?',
        ),
        (
            {"evaluation.thresholds.1.slice": "member"},
            'threshold on slices of "member", by which nothing is sliced',
            'add "member" to evaluation.slices',
        ),
    ],
)
def test_faults(fault, changes, what, fix):
    error = fault(changes)
    assert (error.what, error.fix) == (what, fix)


@pytest.mark.parametrize(
    ("task", "metric", "fix"),
    [
        ("regression", "auc", KNOWN["regression"]),
        ("regression", "accuracy", KNOWN["regression"]),
        ("multiclass", "rmse", KNOWN["multiclass"]),
        ("multiclass", "calibration", KNOWN["multiclass"]),
        ("multiclass", "pr_auc", 'did you mean "auc"?'),
        ("binary", "mse", KNOWN["binary"]),
    ],
)
def test_a_task_has_metrics_of_its_own(changed, schema, task, metric, fix):
    with pytest.raises(ConfigError) as caught:
        check_evaluation(changed({"task": task, "evaluation.metrics": [metric]}), schema)
    assert caught.value.what == f'unknown metric "{metric}" of task {task}'
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    ("task", "metric"), [(task, name) for task, table in METRICS.items() for name in table]
)
def test_every_metric_can_be_bounded_and_those_with_a_direction_compared(
    changed, schema, task, metric
):
    def check(**bounds):
        threshold = {"metric": metric, **bounds}
        changes = {"evaluation.metrics": [metric], "evaluation.thresholds": [threshold]}
        check_evaluation(changed({"task": task, **changes}), schema)

    check(min=0.0, max=1.0)
    if METRICS[task][metric].higher_is_better is None:
        with pytest.raises(ConfigError, match="has no better direction"):
            check(max_drop=0.1)
    else:
        check(max_drop=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluation.thresholds.0.metric": "loss"},  # lower is better is a direction, too
        {"evaluation.thresholds.1": {"metric": "calibration", "min": 0.9, "max": 1.1}},
        {"evaluation.thresholds.1.slice": "hour"},
        {"evaluation.slices.2": "tips"},  # a column that is no feature
    ],
)
def test_evaluations_without_a_fault(changed, schema, changes):
    check_evaluation(changed(changes), schema)


@pytest.mark.parametrize(
    ("key", "columns"),
    [(None, ()), ("hour", ("hour",)), ({"hour": 7, "city": "a"}, ("hour", "city"))],
)
def test_columns_of_a_slice(key, columns):
    assert slice_columns(key) == columns


def test_a_column_that_is_not_there_is_asked_for_by_someone():
    require_column("city", ["age", "city"], "here")
    with pytest.raises(ConfigError) as caught:
        require_column("cty", ["age", "city"], "here")
    assert caught.value.what == 'here: column "cty" is not in the schema'
    assert caught.value.fix == 'did you mean "city"?'


def test_a_function_is_found_without_importing_its_module(own_module):
    own_module("def late(columns):\n    return columns\n")
    require_function("own_label.late")
    assert "own_label" not in sys.modules


def test_a_function_that_the_module_lacks(own_module):
    path = own_module("def late(columns):\n    def inner(): ...\n\nlatest = late\n")
    for name, fix in [("lat", 'did you mean "late"?'), ("inner", "known: late")]:
        with pytest.raises(ConfigError) as caught:
            require_function(f"own_label.{name}")
        what = f'function "own_label.{name}": {path} defines no function "{name}"'
        assert (caught.value.what, caught.value.fix) == (what, fix)


@pytest.mark.parametrize(
    ("path", "module"),
    [("models.txi.big_tip", "models.txi"), ("big_tip", ""), ("", ""), (".x", ""), ("sys.x", "sys")],
)
def test_a_module_that_is_not_there(path, module):
    with pytest.raises(ConfigError) as caught:
        require_function(path)
    assert caught.value.what == f'function "{path}": there is no module "{module}"'
    assert caught.value.fix == "correct the path"


def test_a_module_with_a_syntax_error(own_module):
    own_module("def late(columns)\n    return columns\n")
    with pytest.raises(ConfigError, match="own_label"):
        require_function("own_label.late")
