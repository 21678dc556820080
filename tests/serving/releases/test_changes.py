"""Changes of a state: sequences of them keep what a release promises, and JSON holds them all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.releases import changes, plan, state_json
from serving.releases.changes import Stamp
from serving.releases.state import Canary, Event, Started, State

ANN = Stamp("ann@office", "2026-01-02T03:04:05Z", "better", "run-7")
PATH = Path("release.json")
VERSIONS = st.integers(1, 6)
ACTIONS = st.one_of(
    st.tuples(st.just("canary"), VERSIONS, st.floats(0, 100)),
    st.tuples(st.just("promote"), VERSIONS),
    st.tuples(st.just("rollback"), st.sets(VERSIONS)),
    st.tuples(st.just("start"), VERSIONS),
)


def step(state, action):
    """Returns the state after an action; as it was where that is refused."""
    what, value, *more = action
    try:
        if what == "canary":
            return changes.canary(state, value, more[0], ANN)
        if what == "promote":
            return changes.promote(state, value, ANN)
        if what == "rollback":
            return changes.rollback(state, value, ANN)
    except ServingError:
        return state
    return changes.started(state, Started("id", "promote", value, None, "ann", "now"))


def parsed(state):
    return state_json.parse(json.dumps(state.to_json()), PATH)


@given(st.lists(ACTIONS, max_size=30), st.integers(0, 3), st.sets(VERSIONS))
def test_any_sequence_keeps_a_release_whole(actions, keep, there):
    state = changes.configured(changes.first("taxi", 1, ANN), keep=keep)
    for action in actions:
        before, state = state, step(state, action)
        assert state.stables
        assert len(set(state.stables)) == len(state.stables)
        assert state.canary is None or state.canary.version != state.stable
        assert set(state.labels) == {"stable", "canary"}
        assert state.serial >= before.serial
        assert (state.serial == before.serial) == (state == before)
        assert parsed(state) == state
        if state.history != before.history:
            assert state.started is None
            assert state.history[-1].stable == state.stable
        for on_disk in (set(range(1, 7)), there | {state.stable}):
            entry = plan.entry(state, Path("/models"), on_disk)
            assert set(entry.labels.values()) <= set(entry.versions) <= on_disk
            assert set(entry.labels) == {"stable", "canary"}
            others = set(entry.versions) - set(entry.labels.values())
            assert len(others) <= keep


@given(st.lists(ACTIONS, max_size=30))
def test_a_rollback_never_brings_back_what_was_rolled_back(actions):
    state = changes.first("taxi", 1, ANN)
    gone = set()
    for what, value, *more in actions:
        before, state = state, step(state, (what, value, *more))
        if what == "rollback" and state != before and before.canary is None:
            gone.add(before.stable)
            assert state.stable not in gone
        elif state.stable != before.stable:
            gone.discard(state.stable)  # promoted anew


@given(st.lists(ACTIONS, max_size=20))
def test_as_many_rollbacks_as_there_were_promotions(actions):
    state = changes.first("taxi", 1, ANN)
    for action in actions:
        state = step(state, action)
    expected = state.stables
    if state.canary:
        state = changes.rollback(state, range(1, 7), ANN)
        assert state.stables == expected
    for count in range(1, len(expected)):
        state = changes.rollback(state, range(1, 7), ANN)
        assert state.stables == expected[count:]
    with pytest.raises(ServingError, match="nothing to go back to: no version was stable before"):
        changes.rollback(state, range(1, 7), ANN)


def test_events_say_who_when_why_and_from_which_run():
    state = changes.canary(changes.first("taxi", 3, ANN), 4, 5, ANN)
    assert state.history == (
        Event("promote", 3, None, 3, "ann@office", "2026-01-02T03:04:05Z", "better", "run-7"),
        Event("canary", 4, 5.0, 3, "ann@office", "2026-01-02T03:04:05Z", "better", "run-7"),
    )
    gone = changes.rollback(state, (3, 4), ANN)
    assert (gone.history[-1].action, gone.history[-1].version) == ("rollback", 4)
    assert gone.history[-1].stable == 3


def test_a_rollback_skips_versions_that_are_gone():
    state = State("taxi", (5, 4, 3, 2))
    assert changes.rollback(state, (3, 5), ANN).stables == (3,)
    with pytest.raises(ServingError, match="to: 4, 3, 2 are gone from the disk"):
        changes.rollback(state, (5,), ANN)


def test_a_promotion_ends_any_canary():
    state = State("taxi", (5, 4), Canary(6, 10.0))
    promoted = changes.promote(state, 4, ANN)
    assert (promoted.stables, promoted.canary) == ((4, 5), None)
    with pytest.raises(ServingError, match="version 5 is stable already, and 6 is tried out"):
        changes.promote(state, 5, ANN)


def test_what_holds_already_is_no_change():
    state = State("taxi", (5,), Canary(6, 10.0))
    assert changes.canary(state, 6, 10, ANN) is state
    assert changes.canary(state, 6, 11, ANN) != state
    alone = State("taxi", (5,))
    assert changes.promote(alone, 5, ANN) is alone


@pytest.mark.parametrize("percent", [-1, 100.1, float("nan"), float("inf"), "5", True, None])
def test_no_percentage(percent):
    with pytest.raises(ServingError, match="is no percentage"):
        changes.canary(State("taxi", (5,)), 6, percent, ANN)


def test_no_canary_of_the_stable_version():
    with pytest.raises(ServingError, match="version 5 is the stable one"):
        changes.canary(State("taxi", (5,)), 5, 10, ANN)


def test_what_a_command_is_told_goes_into_the_state():
    state = State("taxi", (5,), base_path="/models/taxi", servers=("a:1",))
    assert changes.configured(state) == state
    told = changes.configured(state, servers=("b:2",), keep=0, config_file="/etc/models.config")
    assert (told.servers, told.keep, told.config_file) == (("b:2",), 0, "/etc/models.config")
    assert told.base_path == "/models/taxi"
    with pytest.raises(ServingError, match="keep is -1"):
        changes.configured(state, keep=-1)


@pytest.mark.parametrize("name", ["", "a/b", "a:b"])
def test_no_name_of_a_model(name):
    with pytest.raises(ServingError, match="is no name of a model"):
        changes.first(name, 1, ANN)


def test_no_more_is_remembered_than_a_thousand_changes():
    state = changes.first("taxi", 1, ANN)
    for version in range(2, 1500):
        state = changes.promote(state, version, ANN)
    assert len(state.history) == len(state.stables) == 1000
    assert (state.history[-1].version, state.history[0].version) == (1499, 500)
    assert state.serial == 1499


def test_a_clock_that_goes_backwards_is_no_matter():
    late, early = ANN._replace(when="2030-01-01T00:00:00Z"), ANN._replace(when="1970-01-01")
    state = changes.promote(changes.first("taxi", 1, late), 2, early)
    assert changes.rollback(state, (1, 2), early).stable == 1


def test_a_canary_that_is_gone_from_the_disk_gets_no_requests():
    state = State("taxi", (5, 4, 3), Canary(6, 10.0), keep=1)
    entry = plan.entry(state, Path("/m"), (3, 4, 5))
    assert entry == plan.Entry("/m", (4, 5), {"stable": 5, "canary": 5})
    assert plan.entry(state, Path("/m"), (3, 5, 6)).versions == (3, 5, 6)


def test_servers_may_see_the_folder_elsewhere():
    state = State("taxi", (5,), base_path="/models/taxi")
    assert plan.entry(state, Path("/m"), (5,)).base_path == "/models/taxi"
