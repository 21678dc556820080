"""Creating something once, whatever happens to the answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.experiments import find_or_create_experiment
from orchestration.kubeflow.api.package import read_package
from orchestration.kubeflow.api.runs import create_run
from orchestration.kubeflow.api.transport import Api

FAULTS = {
    "lost": ApiError("lost", transient=True, doubtful=True),
    "reset": ApiError("reset", transient=True, doubtful=True),
    "late": ApiError("late", transient=True, doubtful=True, timed_out=True),
    "refused": ApiError("refused", status=400),
    "taken": ApiError("taken", status=409),
}
CARRIED_OUT = {"fine", "lost"}


class World:
    """A server that does, or does not do, what it is asked; the last outcome stays."""

    def __init__(self, outcomes, *, there=0):
        self.outcomes = list(outcomes)
        self.there = there
        self.asked = 0

    def send(self):
        outcome = self.outcomes[min(self.asked, len(self.outcomes) - 1)]
        self.asked += 1
        self.there += outcome in CARRIED_OUT
        if outcome != "fine":
            raise FAULTS[outcome]
        return {"id": "made"}

    def find(self):
        return {"id": "found"} if self.there else None

    def create(self):
        return create_once(Api("http://a.b", sleep=lambda _: None), self.send, self.find)


@given(st.lists(st.sampled_from(["fine", *FAULTS]), min_size=1, max_size=5))
def test_there_is_never_a_second_one(outcomes):
    world = World(outcomes)
    try:
        world.create()
    except ApiError:
        assert world.there == 0
    else:
        assert world.there == 1
    assert world.asked <= 3


@pytest.mark.parametrize(
    ("outcomes", "result", "asked"),
    [
        (["fine"], "made", 1),
        (["lost"], "found", 1),
        (["reset", "fine"], "made", 2),
        (["reset", "lost"], "found", 2),
    ],
)
def test_what_it_returns(outcomes, result, asked):
    world = World(outcomes)
    assert (world.create(), world.asked) == ({"id": result}, asked)


@pytest.mark.parametrize(
    ("outcomes", "asked"), [(["reset"], 3), (["late"], 1), (["refused"], 1), (["taken"], 1)]
)
def test_when_it_gives_up(outcomes, asked):
    world = World(outcomes)
    with pytest.raises(ApiError, match=outcomes[-1]):
        world.create()
    assert world.asked == asked


@pytest.mark.parametrize(("kind", "after"), [("504", 2.0), ("504", 15.0), ("503", 9.0)])
def test_what_a_gateway_did_not_wait_for_is_found(server, file, kind, after):
    now = 0.0

    def sleep(seconds):
        nonlocal now
        now += seconds
        if now >= after and not server.runs:
            server.answer(server.seen("POST", "/runs")[0])  # the server behind it gets there

    api = Api(server.host, sleep=sleep)
    experiment = find_or_create_experiment(api, "toy")
    server.fail("POST", "/runs", kind, message="upstream request timeout")
    run = create_run(
        api, read_package(str(file)), experiment_id=experiment, name="x", parameters={}
    )
    assert list(server.runs) == [run]
    assert len(server.seen("POST", "/runs")) == 1


def test_what_a_gateway_did_not_wait_for_is_not_asked_for_again(runner, server, pauses):
    server.fail("POST", "/runs", "504", message="upstream request timeout")
    done = runner("submit")
    assert done.status == 2
    assert "a proxy waited no longer for the server; see in the UI what became of it" in done.err
    assert len(server.seen("POST", "/runs")) == 1
    assert sum(pauses) == 15.0


def test_what_somebody_else_made_meanwhile_is_taken():
    assert World(["taken"], there=1).create() == {"id": "found"}
