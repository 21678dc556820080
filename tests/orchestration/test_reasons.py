"""Why a node ran again, in the words of a user."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.reasons import flatten, reason, reused
from orchestration.records import Ingredients

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)
NAMES = st.text(alphabet="abc_", min_size=1)


def test_the_first_run(make_ingredients):
    assert reason(None, make_ingredients()) == "first run"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"lock": "5"}, "dependency lock changed"),
        ({"code": {"models/trainer.py": "9", "models/network.py": "2"}}, "models/trainer.py"),
        ({"code": {"models/trainer.py": "1"}}, "models/network.py"),
        ({"files": {"/project/schema.pbtxt": "9"}}, "file changed: schema.pbtxt"),
        ({"config": {"training.learning_rate": "0.01"}}, "config changed: training.learning_rate"),
        ({"config": {}}, "config changed: training.learning_rate"),
        ({"inputs": {"examples": [5, 7]}}, "input changed: examples"),
        ({}, "its last result is gone"),
    ],
)
def test_what_changed_is_named(make_ingredients, changes, text):
    expected = f"code changed: {text}" if "code" in changes else text
    assert reason(make_ingredients(), make_ingredients(**changes)) == expected


def test_it_does_not_matter_which_of_the_two_lacks_it(make_ingredients):
    less = make_ingredients(code={})
    text = "code changed: models/network.py, models/trainer.py"
    assert reason(less, make_ingredients()) == text
    assert reason(make_ingredients(), less) == text


def test_causes_come_before_their_effects(make_ingredients):
    kinds = {
        "lock": "5",
        "code": {"a.py": "1"},
        "files": {"/b": "1"},
        "config": {"c": "1"},
        "inputs": {"d": [1]},
    }
    told = []
    while kinds:
        told.append(reason(make_ingredients(), make_ingredients(**kinds)).split()[0])
        kinds.pop(next(iter(kinds)))
    assert told == ["dependency", "code", "file", "config", "input"]


def test_new_data_are_no_new_config(make_ingredients):
    before = make_ingredients(config={"input_fingerprint": "1", "input_base": "/data"})
    now = make_ingredients(config={"input_fingerprint": "2", "input_base": "/data"})
    assert reason(before, now) == "data changed"
    elsewhere = make_ingredients(config={"input_fingerprint": "2", "input_base": "/other"})
    assert reason(before, elsewhere).startswith("config changed: input_base")


def test_another_server_is_no_new_config(make_ingredients):
    server, limit = "settings.serving.server", "settings.serving.max_latency_ms"
    before = make_ingredients(config={server: "embedded", limit: "50"})
    now = make_ingredients(config={server: "binary", limit: "50"})
    assert reason(before, now) == "another model server judges"
    both = make_ingredients(config={server: "binary", limit: "40"})
    assert reason(before, both) == "config changed: serving.max_latency_ms, serving.server"


def test_nesting_that_means_nothing_is_left_out(make_ingredients):
    path = "custom_config.settings.training.learning_rate"
    before = make_ingredients(config={path: "1"})
    now = make_ingredients(config={path: "2"})
    assert reason(before, now) == "config changed: training.learning_rate"


def test_a_value_told_in_two_places_is_named_once(make_ingredients):
    paths = ("custom_config.declaration.features.fare.role", "declaration.features.fare.role")
    before, now = (make_ingredients(config=dict.fromkeys(paths, role)) for role in "ab")
    assert reason(before, now) == "config changed: features.fare.role"


def test_many_names_are_cut_short(make_ingredients):
    three = {f"{letter}.py": "1" for letter in "cab"}
    assert reason(make_ingredients(code={}), make_ingredients(code=three)) == (
        "code changed: a.py, b.py, c.py"
    )
    five = {**three, "d.py": "1", "e.py": "1"}
    assert reason(make_ingredients(code={}), make_ingredients(code=five)) == (
        "code changed: a.py, b.py, c.py and 2 more"
    )


@given(st.dictionaries(NAMES, NAMES, max_size=4), st.dictionaries(NAMES, NAMES, max_size=4))
def test_code_changed_if_and_only_if_it_differs(before, now):
    text = reason(Ingredients(before, {}, "", {}, {}), Ingredients(now, {}, "", {}, {}))
    assert text.startswith("code changed: ") is (before != now)


@pytest.mark.parametrize(
    ("properties", "flat"),
    [
        ({"a": 1, "b": "x", "c": None, "d": 0.5}, {"a": "1", "b": "x", "c": "None", "d": "0.5"}),
        ({"a": {"b": {"c": 1}}}, {"a.b.c": "1"}),
        ({"a": [7, 8]}, {"a.0": "7", "a.1": "8"}),
        ({"a": '{"b": {"c": 1}}'}, {"a.b.c": "1"}),
        ({"a": json.dumps({"b": json.dumps({"c": [True]})})}, {"a.b.c.0": "True"}),
        (
            {"splits": [{"name": "train", "buckets": 8}, {"name": "eval", "buckets": 1}]},
            {
                "splits.train.name": "train",
                "splits.train.buckets": "8",
                "splits.eval.name": "eval",
                "splits.eval.buckets": "1",
            },
        ),
        ({"a": "{no json", "b": "[", "c": ""}, {"a": "{no json", "b": "[", "c": ""}),
    ],
)
def test_flatten(properties, flat):
    assert flatten(properties) == flat


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_flat_properties_are_text(properties):
    flat = flatten(properties)
    assert all(isinstance(text, str) for pair in flat.items() for text in pair)
    assert all(path.partition(".")[0] in properties for path in flat)
    assert flatten(json.loads(json.dumps(properties))) == flat


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), min_size=1), min_size=1))
def test_json_in_a_string_is_as_good_as_itself(properties):
    as_text = {name: json.dumps(value) for name, value in properties.items()}
    assert flatten(as_text) == flatten(properties)


@given(st.dictionaries(NAMES, st.integers(), min_size=1), st.data())
def test_one_changed_value_is_one_changed_path(values, data):
    name = data.draw(st.sampled_from(sorted(values)))
    before = flatten({"config": json.dumps({"section": values})})
    after = flatten({"config": json.dumps({"section": {**values, name: values[name] + 1}})})
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed == {f"config.section.{name}"}


@pytest.mark.parametrize(
    ("made_by", "text"),
    [
        ("2026-11-20T22-58-10", "from run 22-58-10"),
        ("2026-11-19T22-58-10", "from run 2026-11-19T22-58-10"),
        ("imported", "from run imported"),
    ],
)
def test_a_run_of_today_goes_by_its_time(made_by, text):
    assert reused(made_by, "2026-11-20T23-20-01") == text
