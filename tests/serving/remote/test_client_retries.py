"""Which requests are sent again, how long after, and when that ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.remote.retries import FIRST_WAIT, LONGEST_WAIT, PASSING, Retries
from serving.remote.transport import Fault

CODES = (
    *("CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    *("UNAUTHENTICATED",),
)
FAULTS = st.builds(Fault, st.sampled_from(CODES), st.just("x"), wait=st.sampled_from([0.0, 1.5]))


class World:
    """A clock that only requests and waits move, and a server that answers by a list."""

    def __init__(self, faults, took=0.01):
        self.now = 100.0
        self.faults = list(faults)
        self.took = took
        self.sent = []
        self.waits = []

    def retries(self, most, jitter=1.0):
        return Retries(most, lambda: self.now, self.sleep, lambda: jitter)

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def send(self, left):
        self.sent.append((self.now, left))
        self.now += min(self.took, left)
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def unavailable(times, **more):
    return [Fault("UNAVAILABLE", "x", **more) for _ in range(times)]


def test_waits_double_up_to_the_longest():
    world = World(unavailable(8))
    assert world.retries(9).call(world.send, 60) == "answer"
    assert world.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    lower = World(unavailable(8))
    lower.retries(9, jitter=0.0).call(lower.send, 60)
    assert lower.waits == [wait / 2 for wait in world.waits]


def test_each_attempt_has_the_time_that_is_left():
    world = World(unavailable(2), took=1.0)
    world.retries(3).call(world.send, 10)
    assert [left for _, left in world.sent] == pytest.approx([10, 8.9, 7.7])


def test_the_server_may_ask_for_a_longer_wait():
    world = World(unavailable(1, wait=3.0))
    world.retries(1).call(world.send, 10)
    assert world.waits == [3.0]
    late = World(unavailable(1, wait=11.0))
    with pytest.raises(Fault):
        late.retries(1).call(late.send, 10)
    assert (len(late.sent), late.waits) == (1, [])


@pytest.mark.parametrize("code", CODES)
def test_only_what_passes_is_sent_again(code):
    world = World([Fault(code, "no")] * 9)
    with pytest.raises(Fault, match=code):
        world.retries(3).call(world.send, 60)
    assert len(world.sent) == (4 if code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED") else 1)


def test_no_retries():
    world = World(unavailable(1))
    with pytest.raises(Fault):
        world.retries(0).call(world.send, 60)
    assert len(world.sent) == 1


@settings(deadline=None)
@given(
    st.lists(FAULTS, max_size=8),
    st.integers(0, 6),
    st.floats(0.01, 20),
    st.floats(0, 3),
    st.floats(0, 1),
)
def test_nothing_is_sent_after_the_deadline(faults, most, timeout, took, jitter):
    world = World(faults, took)
    try:
        world.retries(most, jitter).call(world.send, timeout)
        final = None
    except Fault as fault:
        final = fault
    assert 1 <= len(world.sent) <= most + 1
    for at, left in world.sent:
        assert left > 0
        assert at + left == pytest.approx(100 + timeout)
    assert all(FIRST_WAIT / 2 <= w <= LONGEST_WAIT for w in world.waits)
    between = faults[: len(world.sent) - 1]
    assert all(fault.code in PASSING for fault in between)
    if final is not None:
        assert final is faults[len(world.sent) - 1]
