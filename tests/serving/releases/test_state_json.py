"""A state in JSON is read strictly, and what is wrong with it is said with how to mend it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.releases import state_json
from serving.releases.state import Canary, Event, Started, State

PATH = Path("/models/taxi/release.json")
WHOLE = State(
    "taxi",
    (5, 4),
    Canary(6, 12.5),
    2,
    "/models/taxi",
    "/etc/models.config",
    ("http://a:8501",),
    9,
    Started("x", "promote", 6, None, "ann@office", "2026-01-02T03:04:05Z"),
    (Event("canary", 6, 12.5, 5, "ann@office", "2026-01-02T03:04:05Z", "größer 東京", ""),),
)
VERSION = st.integers(1, 2**63 - 1)
PERCENT = st.floats(0, 100)
ACTION = st.sampled_from(["canary", "promote", "rollback"])
EVENT = st.builds(Event, ACTION, VERSION, st.none() | PERCENT, VERSION, *[st.text(max_size=5)] * 4)
STARTED = st.builds(Started, st.text(), ACTION, VERSION, st.none() | PERCENT, st.text(), st.text())
STATE = st.builds(
    State,
    model=st.text(min_size=1),
    stables=st.lists(VERSION, min_size=1, max_size=5, unique=True).map(tuple),
    canary=st.none(),
    keep=st.integers(0, 9),
    base_path=st.none() | st.text(min_size=1),
    config_file=st.text(min_size=1),
    servers=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    serial=st.integers(0),
    started=st.none() | STARTED,
    history=st.lists(EVENT, max_size=4).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


def paths(data, here=()):
    """Yields the way to every value."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*here, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*here, key))


def with_value(path, value):
    data = json.loads(json.dumps(WHOLE.to_json()))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


ALL_PATHS = [*paths(json.loads(json.dumps(WHOLE.to_json())))]


@given(STATE)
def test_round_trip(state):
    assert state_json.parse(json.dumps(state.to_json()), PATH) == state


def test_round_trip_of_everything():
    assert state_json.parse(json.dumps(WHOLE.to_json()), PATH) == WHOLE


@given(st.sampled_from(ALL_PATHS), JSON)
def test_any_other_value_is_understood_or_refused(path, value):
    text = json.dumps(with_value(path, value))
    try:
        state = state_json.parse(text, PATH)
    except ServingError as error:
        refusal = error
    else:
        assert state_json.parse(json.dumps(state.to_json()), PATH) == state
        return
    assert refusal.what.startswith(f"{PATH} ")
    assert refusal.fix


@given(st.text() | JSON.map(json.dumps))
def test_anything_else_is_refused(text):
    with pytest.raises(ServingError, match="is damaged: "):
        state_json.parse(text, PATH)


@given(st.integers(0, 10_000))
def test_half_a_file_is_refused(length):
    text = json.dumps(WHOLE.to_json())
    with pytest.raises(ServingError, match="is damaged: no JSON"):
        state_json.parse(text[: length % len(text)], PATH)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("stables",), [], "stables: no version, or one twice"),
        (("stables",), [5, 5], "stables: no version, or one twice"),
        (("stables", 1), "4", "stables[1]: '4' is no version"),
        (("stables", 0), True, "stables[0]: True is no version"),
        (("stables", 0), 0, "stables[0]: 0 is no version"),
        (("stables", 0), 2**63, f"stables[0]: {2**63} is no version"),
        (("stables",), 5, "stables: 5 is no list"),
        (("canary", "version"), 5, "canary: version 5 is the stable one"),
        (("canary", "percent"), float("nan"), "canary.percent: nan is no number from 0 to 100"),
        (("canary", "percent"), 101, "canary.percent: 101 is no number from 0 to 100"),
        (("canary", "label"), "x", "canary: unknown label"),
        (("keep",), 1.0, "keep: 1.0 is no count"),
        (("serial",), -1, "serial: -1 is no count"),
        (("base_path",), "", "base_path: it is empty"),
        (("servers", 0), None, "servers[0]: None is no text"),
        (("started", "action"), "demote", "started.action: 'demote' is none of canary, promote,"),
        (("history", 0), [], "history[0]: [] is no object"),
        (("history", 0, "who"), 7, "history[0].who: 7 is no text"),
        (("extra",), 1, "unknown extra"),
    ],
)
def test_what_is_wrong_is_said(path, value, told):
    with pytest.raises(ServingError) as caught:
        state_json.parse(json.dumps(with_value(path, value)), PATH)
    assert caught.value.what.startswith(f"{PATH} is damaged: {told}")
    assert "restore it from a backup" in caught.value.fix


def test_what_is_missing_is_said():
    data = WHOLE.to_json()
    del data["keep"], data["history"]
    with pytest.raises(ServingError, match="is damaged: missing history, keep"):
        state_json.parse(json.dumps(data), PATH)


def test_a_newer_format_is_not_guessed():
    with pytest.raises(ServingError, match="has the format 2") as caught:
        state_json.parse(json.dumps({"format": 2, "everything": "else"}), PATH)
    assert caught.value.fix == "use the version of this project that wrote it"


def test_deep_json_is_refused():
    with pytest.raises(ServingError, match="is damaged"):
        state_json.parse("[" * 100_000, PATH)
