"""Kill -9 between any two steps of any change: serving goes on, and so does the next command."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.client import ServingClient
from serving.releases import model_config, plan
from serving.releases.rollout import Options, promote, rollback
from serving.releases.state import State
from serving.releases.store import Store, read_state
from serving.releases.survey import survey
from tests.model_server.world import ROOT
from tests.serving.releases.killed import AT_ONCE, run
from tests.serving.releases.release_world import ANN, copies, models_of, start, toy

# The stable versions before, the version that the change is of, and its steps.
STABLES = {"canary": (2, 1), "promote": (2, 1), "rollback": (3, 2, 1)}
SETTLED = ["model_config.write", "Servers.wait_labels", "model_config.write"]
STATE = ["Store.write", "Path.replace"]
CONFIG = ["model_config.write", "Path.replace"]
LOADS = [*STATE, *CONFIG, "Servers.wait_loaded"]
STEPS = {
    "canary": [*SETTLED, *LOADS, *STATE, *CONFIG, *SETTLED[1:]],
    "promote": [*SETTLED, *LOADS, *STATE, *CONFIG, "Servers.wait_labels", *CONFIG],
    "rollback": [*STATE, *CONFIG, "Servers.wait_labels", *CONFIG, *STATE],
}
# Before each step, and after the last one; that there is nothing to settle is one step of them all.
KILLS = [
    (action, kill_before)
    for action, steps in STEPS.items()
    for kill_before in range(1 if action == "rollback" else len(SETTLED), len(steps) + 2)
]
# Every second one goes on with the same command, every other one with another; so does the last, a
# rollback that was not killed: the same command again would be a further one.
POINTS = [(*kill, ("another", "again")[index % 2]) for index, kill in enumerate(KILLS)]


def name_of(action, kill_before, then):
    return f"{action}_{kill_before}_{then}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server of one model for each point, whose release has been settled."""
    base = tmp_path_factory.mktemp("killed")
    made, config = toy(base / "toy"), base / "models.config"
    for point in POINTS:
        folder = copies(made, base / name_of(*point), 1, 2, 3)
        state = State(folder.name, STABLES[point[0]], config_file="../models.config")
        Store(folder).write(state)
        model_config.write(config, state.model, plan.entry(state, folder, plan.on_disk(folder)))
    with start(config) as server:
        yield base, server


def at_once(work, points):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(points, pool.map(lambda point: work(*point), points), strict=True))


@pytest.fixture(scope="module")
def killed(world):
    """For each point, what its process did, and how things stood after it."""
    base, server = world
    jobs = [
        {
            "action": action,
            "folder": str(base / name_of(action, kill_before, then)),
            "version": 3,
            "server": server.rest,
            "kill_before": kill_before,
        }
        for action, kill_before, then in POINTS
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.serving.releases.killed"],
        input=json.dumps(jobs),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = dict(zip(POINTS, json.loads(done.stdout), strict=True))

    def look(*point):
        folder = base / name_of(*point)
        with ServingClient(server.rest, folder.name, label="stable") as client:
            answer = client.predict({"x": [[1.0]]})["y"].tolist()
            version = client.metadata().version
        told = survey(folder, (server.rest,))
        return {
            **results[point],
            "stderr": done.stderr,
            "state": read_state(folder),
            "config": models_of(base / "models.config")[folder.name],
            "answer": answer,
            "answered_by": version,
            "problems": told.problems,
        }

    return at_once(look, POINTS)


@pytest.fixture(scope="module")
def finished(world, killed):
    """For each point, how things stand after the next command."""
    base, server = world

    def go_on(action, kill_before, then):
        folder = base / name_of(action, kill_before, then)
        options = Options(servers=(server.rest,), timeout=30)
        if then == "again":
            state = run(action, folder, 3, server.rest)
        elif action == "rollback":
            state = promote(folder, 3, ANN, options)
        else:
            state = rollback(folder, ANN, options)
        return state, survey(folder)

    return at_once(go_on, POINTS)


def is_killed(action, kill_before):
    return kill_before <= len(STEPS[action])


@pytest.mark.parametrize("point", POINTS, ids=lambda point: name_of(*point))
def test_serving_goes_on(killed, point):
    action, kill_before, _ = point
    found = killed[point]
    assert found["steps"] == STEPS[action][: kill_before - 1]
    assert found["status"] == (-9 if is_killed(action, kill_before) else 0), found["stderr"]
    old, new = STABLES[action][0], {"canary": 2, "promote": 3, "rollback": 2}[action]
    assert found["answer"] == [[2.5]]
    assert found["answered_by"] in (old, new)
    assert found["state"].stable in (old, new)
    assert found["config"][1]["stable"] in (old, new)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: name_of(*point))
def test_status_tells_of_it(killed, point):
    action, kill_before, _ = point
    writes = [*STEPS[action], ""][: kill_before - 1].count("Path.replace")
    is_unfinished = 0 < writes < STEPS[action].count("Path.replace")
    told = " ".join(killed[point]["problems"])
    assert ("interrupted" in told) == is_unfinished, told


@pytest.mark.parametrize("point", POINTS, ids=lambda point: name_of(*point))
def test_the_next_command_goes_on(killed, finished, point):
    action, _, then = point
    before = killed[point]["state"]
    state, told = finished[point]
    assert told.problems == []
    assert told.is_config_current
    assert state.started is None
    assert told.servers[0].labels == state.labels
    if then == "again":
        assert (state.stables, state.canary and state.canary.version) == {
            "canary": ((2, 1), 3),
            "promote": ((3, 2, 1), None),
            "rollback": ((2, 1), None),
        }[action]
        assert [event.action for event in state.history] == [action]
    elif action == "rollback":
        assert state.stable == 3
    elif before.canary:
        assert (state.stables, state.canary) == ((2, 1), None)
    else:
        assert state.stables == before.stables[1:]


def test_files_of_a_killed_one_are_left_to_nobody(world, finished):
    base, _ = world
    assert not [*base.rglob(".*.new")]
