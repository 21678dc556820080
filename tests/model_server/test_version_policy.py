import pytest

from model_server.version_policy import Action, Phase, Snapshot, next_action

N, R, O = Phase.NEW, Phase.READY, Phase.OTHER  # noqa: E741


@pytest.mark.parametrize(
    ("versions", "wanted"),
    [
        ([], None),
        # the first load, the highest first
        ([(1, N, True)], Action(True, 1)),
        ([(1, N, True), (2, N, True)], Action(True, 2)),
        # a swap: the old one stays until the new one is ready
        ([(1, R, False), (2, N, True)], Action(True, 2)),
        ([(1, R, False), (2, O, True)], None),
        ([(1, R, False), (2, R, True)], Action(False, 1)),
        # of several old ones the highest stays
        ([(1, R, False), (2, R, False), (3, O, True)], Action(False, 1)),
        ([(2, R, False), (3, O, True)], None),
        # rollback
        ([(1, N, True), (2, R, False)], Action(True, 1)),
        ([(1, R, True), (2, R, False)], Action(False, 2)),
        # nothing is wanted
        ([(1, R, False), (2, R, False)], Action(False, 1)),
        ([(2, R, False)], Action(False, 2)),
        ([(2, O, False)], None),
        # unloading comes before loading
        ([(1, R, False), (2, R, True), (3, N, True)], Action(False, 1)),
        ([(2, R, True), (3, N, True)], Action(True, 3)),
        # a failed new version (not new, not ready) keeps the old one
        ([(1, R, False), (2, O, True), (3, O, True)], None),
    ],
)
def test_the_next_action(versions, wanted):
    assert next_action([Snapshot(*each) for each in versions]) == wanted
