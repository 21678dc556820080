"""`--set key=value`: what it puts where, and what it refuses."""

import contextlib
import copy
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.loading import load_use_case, parse_use_case
from usecase.overrides import put_in
from usecase.paths import PROJECT_ROOT

TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
CONFIG = """
name: tiny
data: {path: rows.csv}
schema: schema.pbtxt
label: {name: y}
features: {age: numeric, "a.b": {role: bucketized}, a: numeric, "x=y": bucketized, 7: numeric}
evaluation: {thresholds: [{metric: auc, min: 0.5}, {metric: loss, max: 2}]}
"""
NAMES = st.text(st.characters(exclude_characters="\"'", exclude_categories=["Cs"]), min_size=1)
# What JSON escapes as YAML does, which knows no pairs of surrogates.
TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below),
    max_leaves=6,
)


def put(*texts):
    return parse_use_case(CONFIG, "tiny.yaml", texts)


def refused(*texts):
    with pytest.raises(ConfigError) as caught:
        put(*texts)
    return caught.value


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("training.max_epochs=2", lambda u: u.training.max_epochs == 2),
        ("training.learning_rate=1e-3", lambda u: u.training.learning_rate == 0.001),
        ("training.learning_rate=.5E-2", lambda u: u.training.learning_rate == 0.005),
        ("training={max_epochs: 3, seed: 1}", lambda u: u.training.seed == 1),
        ("network.hidden_units=[8, 4]", lambda u: u.network.hidden_units == (8, 4)),
        ("mobile.enabled=false", lambda u: u.mobile.enabled is False),
        ("label.positive_class=yes", None),
        ("label.positive_class='1e5'", lambda u: u.label.positive_class == "1e5"),
        ('label.positive_class="a=b.c"', lambda u: u.label.positive_class == "a=b.c"),
        ("evaluation.thresholds.1.max=3", lambda u: u.evaluation.thresholds[1].max == 3),
        ("evaluation.thresholds=[{metric: auc, min: 0.1}]", lambda u: u.evaluation.thresholds[0]),
        ("features.new=numeric", lambda u: u.features["new"].role == "numeric"),
        ("features.age={role: bucketized}", lambda u: u.features["age"].role == "bucketized"),
        ("features.a.b.buckets=5", lambda u: u.features["a.b"].buckets == 5),
        ('features."a.b".buckets=5', lambda u: u.features["a.b"].buckets == 5),
        ("features.a.scaling=log", lambda u: u.features["a"].scaling == "log"),
        ("features.'x=y'.buckets=6", lambda u: u.features["x=y"].buckets == 6),
        ("features.7.scaling=log", lambda u: u.features["7"].scaling == "log"),
        ("data.path=data/*=1/x.csv", lambda u: u.data.path == "data/*=1/x.csv"),
    ],
)
def test_a_value_gets_where_it_was_sent(text, read):
    if read is None:  # YAML's yes is true, which is no class: as in a file
        assert "positive_class" in str(refused(text))
    else:
        assert read(put(text))


def test_what_was_not_named_stays():
    before, after = put(), put("training.max_epochs=2")
    assert before.training.max_epochs != 2
    assert after.model_copy(update={"training": before.training}) == before


def test_later_ones_win_and_go_into_what_earlier_ones_put_in():
    use_case = put("training={max_epochs: 3}", "training.seed=9", "training.max_epochs=4")
    assert (use_case.training.max_epochs, use_case.training.seed) == (4, 9)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("trainig.max_epochs=2", 'unknown key "trainig"', 'did you mean "training"?'),
        ("training.max_epoch=2", 'unknown key "training.max_epoch"', '"max_epochs"?'),
        ("training.max_epochs=two", "training.max_epochs: Input should be", "correct"),
        ("training.max_epochs={x: 2}", "training.max_epochs: Input should be", "correct"),
        ("name.x=2", "name is 'tiny', with nothing below it", "--set name=VALUE"),
        ("features.ages.buckets=2", 'no feature "ages"', 'did you mean "age"?'),
        ("features.age.bucket=2", 'unknown key "features.age.bucket"', None),
        ("evaluation.thresholds.2.max=3", 'evaluation.thresholds has no item "2"', "whole list"),
        ("evaluation.thresholds.x.max=3", 'evaluation.thresholds has no item "x"', "whole list"),
        ("evaluation.thresholds.0.mim=3", 'unknown key "evaluation.thresholds.0.mim"', '"min"?'),
        ("training.max_epochs", "no value", "quotes"),
        ("=2", "no key before the =", "quotes"),
        ("training.=2", "no key before the =", "quotes"),
        ("a..b=2", "no key before the =", "quotes"),
        ("", "no value", "quotes"),
        ("network.hidden_units=[8", "not valid YAML", "mend"),
        ("mobile={enabled: true, enabled: false}", '"enabled" is named twice', "remove one"),
    ],
)
def test_what_has_no_place_is_refused(text, what, hint):
    error = refused(text)
    assert error.what.startswith(f"--set {text}: ")
    assert what in error.what
    assert hint is None or hint in error.fix


def test_a_fault_of_the_file_is_told_as_one():
    text = CONFIG.replace("schema:", "schem:")
    with pytest.raises(ConfigError, match=r'^tiny.yaml: unknown key "schem"'):
        parse_use_case(text, "tiny.yaml", ["training.max_epochs=2"])


def test_an_anchor_is_changed_in_the_place_that_was_named_alone():
    text = CONFIG + "mobile: {int8: &q {max_difference: 0.5}, float16: *q}\n"
    mobile = parse_use_case(text, "tiny.yaml", ["mobile.int8.max_difference=0.25"]).mobile
    assert (mobile.int8.max_difference, mobile.float16.max_difference) == (0.25, 0.5)


def test_a_feature_in_short_is_spelled_out():
    assert load_use_case(TAXI, ["features.fare.buckets=5"]).features["fare"].buckets == 5
    assert put("features.x=bucketized", "features.x.buckets=3").features["x"].buckets == 3


@given(NAMES, NAMES, VALUES | st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_can_be_reached_in_quotes_and_any_value_put_there(first, second, value):
    raw = {first: {second: 0, "other": 1}, "beside": {}}
    expected = copy.deepcopy(raw)
    expected[first][second] = value
    put_in(raw, [f'"{first}"."{second}"={json.dumps(value)}'])
    assert raw == expected


@given(st.text(max_size=20))
def test_any_text_is_put_in_or_refused_in_words(text):
    with contextlib.suppress(ConfigError):
        put(text)
    with contextlib.suppress(ConfigError):
        put_in(yaml.safe_load(CONFIG), [text])
