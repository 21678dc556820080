"""In which order both sides are asked, and what becomes of faults: on a server with a script."""

from contextlib import contextmanager

import pytest

from serving.client import ServingClient
from serving.compare.asking import FAILURES_IN_A_ROW, WARM_UP, Asking
from serving.compare.sides import Side
from serving.errors import ServingError
from serving.releases.state import CANARY, STABLE
from serving.remote.signature_choice import for_predict
from tests.serving.client_world import answers, drops, http_server, waiting

OK = answers(200, {"outputs": [1.5]})
BAD = answers(400, {"error": "no such\n  value"})
FULL = answers(503, {"error": "overloaded"})
BEFORE = 2 * WARM_UP  # requests that do not count


@contextmanager
def asking(script, requests=6, timeout=5.0):
    """Yields what asks a server, whose script begins after the warm-up, and what that is asked."""
    with http_server([*[OK] * BEFORE, *script]) as server:
        sides = []
        for label in (STABLE, CANARY):
            client = ServingClient(server.address, "m", label=label, retries=0, timeout=timeout)
            metadata = client.metadata()
            rows = [[{"x": float(k)}] for k in range(requests)]
            sides.append(Side(label, client, metadata, for_predict(metadata, None), rows))
        yield Asking(*sides, come_back=1.0), server.asked
        for side in sides:
            side.client.close()


def order(asked):
    """S and C: which side each request went to."""
    return "".join("S" if "/labels/stable:" in one.path else "C" for one in asked)


def test_sides_are_asked_in_turn_and_each_is_first_every_other_time():
    with asking([OK]) as (both, asked):
        found = both.run()
    assert order(asked) == "S" * WARM_UP + "C" * WARM_UP + "SCCSSCCSSCCS"
    sent = [one.body for one in asked[BEFORE:]]
    assert sent[0::2] == sent[1::2]  # the same rows to both
    assert len({*sent}) == 6
    assert [pair.request for pair in found.pairs] == [0, 1, 2, 3, 4, 5]
    assert found.pairs[0].stable["y"].tolist() == [1.5]
    assert (found.sent, found.canary_alone, found.crash, found.ended) == (6, 0, "", "")


def test_a_connection_that_is_lost_once_is_an_error():
    with asking([OK, drops, OK]) as (both, asked):
        found = both.run()
    assert order(asked)[BEFORE:] == "SCSCSSCCSSCCS"  # the one S: is the server there?
    assert [failure.code for failure in found.failures[CANARY]] == ["CONNECTION LOST"]
    assert (found.sent, len(found.pairs), found.canary_alone, found.crash) == (6, 5, 1, "")


def test_a_connection_that_is_lost_twice_with_the_canary_alone_is_a_crash():
    with asking([OK, drops, OK, drops, OK]) as (both, asked):
        found = both.run()
    assert order(asked)[BEFORE:] == "SCSCS"
    assert found.crash == (
        "the connection was lost 2 times while canary 1 was asked, "
        "and stable 1 was answered right after"
    )
    assert (len(found.pairs), found.ended) == (0, found.crash)


def test_a_side_that_fails_is_told_with_its_code_on_one_line():
    with asking([OK, BAD, FULL, OK]) as (both, _):
        found = both.run()
    assert found.failures[CANARY] == [
        ("INVALID_ARGUMENT", "no such value"),
        ("UNAVAILABLE", "overloaded"),
    ]
    assert (found.canary_alone, len(found.pairs), found.ended) == (2, 4, "")


def test_no_answer_in_time():
    with asking([OK, waiting(3), OK], timeout=0.5) as (both, _):
        found = both.run()
    assert [failure.code for failure in found.failures[CANARY]] == ["DEADLINE_EXCEEDED"]
    assert (len(found.pairs), found.crash) == (5, "")


def test_failures_count_in_a_row_only():
    # S C, C S, ...: the canary fails four times, answers once, and fails four times again.
    fails = [OK, BAD, BAD, OK, OK, BAD, BAD, OK, OK, OK, *[BAD, OK, OK, BAD, BAD, OK, OK, BAD], OK]
    with asking(fails, requests=10) as (both, _):
        found = both.run()
    assert (len(found.failures[CANARY]), found.sent, found.ended) == (8, 10, "")
    with asking([OK, BAD, BAD, OK] * 5, requests=10) as (both, _):
        found = both.run()
    assert (len(found.failures[CANARY]), found.sent) == (FAILURES_IN_A_ROW, 5)
    assert found.ended == "canary 1 failed 5 times in a row"


def test_a_stable_version_that_fails():
    alone = "stable 1 itself fails 5 times in a row: INVALID"
    with asking([BAD, OK, OK, BAD] * 5) as (both, _), pytest.raises(ServingError, match=alone):
        both.run()
    like_the_canary = "in a row, and canary 1 does not answer either: INVALID"
    with asking([BAD]) as (both, _), pytest.raises(ServingError, match=like_the_canary):
        both.run()


def test_the_warm_up_of_a_side_ends_with_its_first_failure():
    with http_server([*[OK] * WARM_UP, BAD, OK]) as server:
        clients = [ServingClient(server.address, "m", label=one, retries=0) for one in "sc"]
        metadata = clients[0].metadata()
        signature = for_predict(metadata, None)
        sides = [Side(c.label, c, metadata, signature, [[{"x": 1.0}]]) for c in clients]
        found = Asking(*sides).run()
        for client in clients:
            client.close()
    assert len(server.asked) == WARM_UP + 1 + 2
    assert (len(found.pairs), found.failures["c"]) == (1, [])
