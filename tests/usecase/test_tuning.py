"""The search space: what may be searched, and faults that come before anything runs."""

import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from usecase.config import Network, Training
from usecase.errors import ConfigError
from usecase.search_space import FIXED, Settings, check_tuning, dimensions, tunable
from usecase.tuning import DEFAULT_SPACE, Range, Tuning

OWN = Settings(Network(), Training())
NUMBERS = st.one_of(st.integers(-100, 100), st.floats(-100, 100, allow_subnormal=False))


def tuning(space, **others):
    """Parses a section as it stands in a file."""
    return Tuning.model_validate_json(json.dumps({"space": space, **others}))


def space_of(space, own=OWN):
    return {d.name: d for d in dimensions(tuning(space), own)}


@pytest.fixture
def refused(changed):
    """Returns the error of a use case with this search space."""

    def refused(space):
        with pytest.raises(ConfigError) as caught:
            check_tuning(changed({"tuning.space": space}))
        return caught.value

    return refused


def test_every_use_case_has_a_space_that_can_be_searched(changed):
    use_case = changed()
    check_tuning(use_case)
    assert (use_case.tuning.algorithm, use_case.tuning.trials) == ("random", 10)
    assert use_case.tuning.seed is None
    assert set(use_case.tuning.space) == set(DEFAULT_SPACE) <= set(tunable())


def test_all_of_network_and_training_can_be_tuned_but_three():
    assert set(FIXED) == {"training.seed", "training.precision", "training.max_epochs"}
    fields = {f"network.{f}" for f in Network.model_fields}
    fields |= {f"training.{f}" for f in Training.model_fields}
    assert set(tunable()) == fields - set(FIXED)


def test_values_as_their_fields_take_them():
    found = space_of(
        {
            "network.hidden_units": [[32], []],
            "network.l2": [0, 1e-3],
            "network.activation": ["gelu", "relu"],
            "training.batch_size": {"min": 32, "max": 512, "log": True, "step": 2},
            "training.learning_rate": {"min": 1e-4, "max": 1},
        }
    )
    assert found["network.hidden_units"].choices == ((32,), (), (64, 32))
    # The configuration's own value, 1e-5, is a choice as well; integers become what the field is.
    assert [repr(v) for v in found["network.l2"].choices] == ["0.0", "0.001", "1e-05"]
    assert found["network.activation"].choices == ("gelu", "relu")
    assert found["training.batch_size"].range == Range(min=32, max=512, log=True, step=2)
    bounds = found["training.learning_rate"].range
    assert (type(bounds.max), bounds.max, bounds.log) == (float, 1.0, False)
    assert found["training.learning_rate"].own == 1e-3


@pytest.mark.parametrize(
    ("space", "what", "fix"),
    [
        ({"network.dropuot": [0.1]}, 'unknown field "tuning.space.network.dropuot"', "network.dr"),
        ({"dropout": [0.1]}, 'unknown field "tuning.space.dropout"', "network.dropout"),
        ({"data.path": ["x"]}, 'unknown field "tuning.space.data.path"', "known: network.activ"),
        ({"training.seed": [1, 2]}, "tuning.space.training.seed cannot be tuned: luck", "leave"),
        ({"training.max_epochs": [1]}, "training.max_epochs cannot be tuned: early", "leave"),
        ({"network.dropout": [0.1, 1.0]}, "space.network.dropout: Input should be less", "correct"),
        ({"network.dropout": {"min": 0, "max": 1}}, "less than 1 (got 1", "correct"),
        ({"network.dropout": {"min": -0.1, "max": 0.5}}, "greater than or equal to 0", "correct"),
        ({"network.activation": ["relu", "gelo"]}, "got 'gelo'", 'did you mean "gelu"?'),
        ({"network.activation": {"min": 1, "max": 2}}, "got 1", "known: gelu, relu"),
        ({"network.hidden_units": [[32], 64]}, "valid array (got 64)", "correct"),
        (
            {"network.hidden_units": [[32, 0]]},
            "greater than or equal to 1 (got [32, 0])",
            "correct",
        ),
        ({"network.hidden_units": {"min": 1, "max": 9}}, "valid array (got 1)", "correct"),
        ({"network.embedding_size": [4, 4.5]}, "valid integer (got 4.5)", "correct"),
        ({"network.embedding_size": {"min": 1, "max": 4.5}}, "valid integer (got 4.5)", "correct"),
        (
            {"network.embedding_size": {"min": 1, "max": 9, "step": 1.5}},
            "network.embedding_size.step: 1.5 between whole numbers",
            "correct",
        ),
        ({"network.l2": [0, 0.0]}, "space.network.l2 names 0.0 twice", "once"),
        ({"network.l2": [float("inf")]}, "finite", "correct"),
    ],
)
def test_what_a_field_would_refuse_is_refused_at_once(refused, space, what, fix):
    error = refused(space)
    assert what in error.what
    assert error.what.startswith(("tuning.space", 'unknown field "tuning.space'))
    assert fix in error.fix


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tuning.space": {"network.dropout": 0.3}}, "space.network.dropout: Input should be a va"),
        ({"tuning.space": {"network.dropout": []}}, "space.network.dropout: Tuple should have at"),
        ({"tuning.space": {}}, "tuning.space: Dictionary should have at least 1 item"),
        ({"tuning.space": {"network.l2": {"min": 1, "max": 1}}}, "`min` should be below `max`"),
        ({"tuning.space": {"network.l2": {"min": 2, "max": 1}}}, "`min` should be below `max`"),
        ({"tuning.space": {"network.l2": {"min": "0", "max": 1}}}, "l2.min: should be a number"),
        ({"tuning.space": {"network.l2": {"min": 0, "max": True}}}, "l2.max: should be a number"),
        ({"tuning.space": {"network.l2": {"max": 1}}}, 'key "tuning.space.network.l2.min" is miss'),
        (
            {"tuning.space": {"network.l2": {"min": 0, "max": 1, "log": True}}},
            "tuning.space.network.l2: `log` needs a `min` above 0",
        ),
        (
            {"tuning.space": {"network.l2": {"min": 0, "max": 1, "step": 2}}},
            "`step` should be above 0, and at most 1 here",
        ),
        (
            {"tuning.space": {"network.l2": {"min": 1, "max": 8, "log": True, "step": 1}}},
            "`step` should be above 1, and at most 8 here",
        ),
        ({"tuning.trials": 0}, "tuning.trials: Input should be greater than or equal to 1"),
        ({"tuning.algorithm": "grid"}, "tuning.algorithm: Input should be 'random' or 'bayesian'"),
        ({"tuning.seed": -1}, "tuning.seed"),
        ({"network.hidden_units": [-3]}, "network.hidden_units.0"),
    ],
)
def test_what_is_no_search_space_is_refused(changed, changes, what):
    with pytest.raises(ConfigError) as caught:
        changed(changes)
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        ({"tuning.trails": 3}, 'unknown key "tuning.trails"', 'did you mean "trials"?'),
        (
            {"tuning.space": {"network.l2": {"min": 0, "max": 1, "lag": True}}},
            'unknown key "tuning.space.network.l2.lag"',
            'did you mean "log"?',
        ),
    ],
)
def test_unknown_keys_are_told_with_a_suggestion(changed, changes, what, fix):
    with pytest.raises(ConfigError) as caught:
        changed(changes)
    assert (what in caught.value.what, caught.value.fix) == (True, fix)


def test_changed_settings():
    values = {"network.hidden_units": [8], "training.learning_rate": 1, "network.l2": 0.5}
    changed = OWN.changed(values)
    assert changed.network == Network(hidden_units=(8,), l2=0.5)
    assert changed.training == Training(learning_rate=1.0)
    assert Settings(Network(), Training()) == OWN
    assert changed.value("network.hidden_units") == (8,)
    assert OWN.changed({}) == OWN


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"network.width": 3}, 'unknown field "network.width"'),
        ({"width": 3}, 'unknown field "width"'),
        ({"training.learning_rate": -1.0}, "training.learning_rate: Input should be greater"),
        ({"training.learning_rate": "fast"}, "training.learning_rate: Input should be a valid num"),
    ],
)
def test_settings_refuse_what_the_configuration_would(values, what):
    with pytest.raises(ConfigError) as caught:
        OWN.changed(values)
    assert what in caught.value.what


@given(NUMBERS, NUMBERS, st.booleans(), st.one_of(st.none(), NUMBERS))
def test_a_range_is_taken_if_and_only_if_it_holds_values(low, high, log, step):
    raw = {"min": low, "max": high, "log": log, "step": step}
    fits = low < high and (not log or low > 0)
    if step is not None and fits:
        fits = 1 < step <= high / low if log else 0 < step <= high - low
    try:
        made = tuning({"network.l2": raw}).space["network.l2"]
    except ValueError:
        assert not fits
    else:
        assert fits
        assert made == Range(min=low, max=high, log=log, step=step)


@given(
    st.dictionaries(
        st.sampled_from(["network.l2", "network.dropout", "training.learning_rate"]),
        st.one_of(
            st.lists(st.floats(1e-6, 0.9), min_size=1, max_size=4, unique=True),
            st.builds(
                lambda low, width, log: {"min": low, "max": low + width, "log": log},
                st.floats(1e-6, 0.4),
                st.floats(1e-3, 0.4),
                st.booleans(),
            ),
        ),
        min_size=1,
    )
)
def test_a_space_of_valid_values_is_read_as_it_was_written(space):
    section = tuning(space)
    for name, dimension in space_of(space).items():
        if isinstance(space[name], list):
            assert list(dimension.choices[: len(space[name])]) == space[name]
            assert dimension.own in dimension.choices
            assert len(set(dimension.choices)) == len(dimension.choices)
        else:
            bounds = dimension.range.model_dump(exclude={"step"})
            assert bounds == space[name]
    assert Tuning.model_validate_json(section.model_dump_json()) == section


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.floats(0, 1))
def test_numbers_are_rounded_and_stay_in_their_range(one, other, part):
    low, high = sorted((one, other))
    assume(low < high)
    (dimension,) = space_of({"training.learning_rate": {"min": low, "max": high}}).values()
    value = low + part * (high - low)
    rounded = dimension.rounded(value)
    assert low <= rounded <= high
    assert abs(rounded - value) <= 0.5001e-3 * value
    assert rounded in (low, high) or len(f"{rounded:e}".partition("e")[0].rstrip("0")) <= 5
    assert yaml.safe_load(yaml.safe_dump(rounded)) == rounded


def test_whole_numbers_and_choices_are_not_rounded():
    found = space_of(
        {
            "training.batch_size": {"min": 1, "max": 99999},
            "network.l2": [0.123456],
            "network.activation": ["relu"],
        }
    )
    assert found["training.batch_size"].rounded(12345) == 12345
    assert found["network.l2"].rounded(0.123456) == 0.123456
    assert found["network.activation"].rounded("relu") == "relu"


def test_a_search_space_needs_neither_tensorflow_nor_keras_tuner():
    heavy = {"tensorflow", "keras", "keras_tuner"}
    code = f"import sys, usecase.search_space; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
