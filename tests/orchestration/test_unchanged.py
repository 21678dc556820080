"""A run of which nothing has changed is recognised; one of which anything has, is not."""

import dataclasses

import pytest

from components import push_destination
from orchestration.local.unchanged import same_again, serving_digest
from orchestration.local.workspace import Workspace
from orchestration.records import LOG_FILE

LAST = "2026-11-20T10-00-00"
NOW = "2026-11-20T11-00-00"


class World:
    """An output folder with version 7 serving and one run on record."""

    def __init__(self, folder, make_record):
        self.workspace = Workspace(folder, "taxi")
        self.make_record = make_record
        self.push(7, "weights")

    def push(self, version, weights):
        model = self.workspace.serving / str(version) / "variables"
        model.mkdir(parents=True)
        (model / "data").write_text(weights)

    def ran(self, verdict="pushed", run_id=LAST, **changes):
        digest = changes.pop("serving_digest", serving_digest(self.workspace))
        folder = self.workspace.runs / run_id
        folder.mkdir(parents=True)
        record = self.make_record(run_id, verdict, serving_digest=digest, **changes)
        record.write(folder)
        return record

    def again(self, key="key", run_id=NOW):
        folder = self.workspace.runs / run_id
        folder.mkdir(parents=True)
        return same_again(self.workspace, key, run_id, folder)


@pytest.fixture
def world(tmp_path, make_record):
    return World(tmp_path, make_record)


def test_the_same_again_is_up_to_date(world):
    last = world.ran()
    record = world.again()
    assert record.result == dataclasses.replace(
        last.result,
        run_id=NOW,
        verdict="up_to_date",
        headline="nothing changed, version 7 serves",
        nodes=record.result.nodes,
        destinations=(dataclasses.replace(last.result.destinations[0], pushed=False),),
        log=str(world.workspace.runs / NOW / LOG_FILE),
        seconds=0.0,
    )
    assert record.result.exit_code == 0
    told = [(node.id, node.state, node.seconds, node.reason) for node in record.result.nodes]
    assert told == [
        # Reused by the last run already: whoever made it is still the one to name.
        ("CsvExampleGen", "cached", 0.0, "from run 08-00-00"),
        ("Trainer", "cached", 0.0, "from run 10-00-00"),
        ("Pusher", "cached", 0.0, "from run 10-00-00"),
    ]
    assert (record.key, record.serving_digest) == (last.key, last.serving_digest)
    assert record.ingredients == last.ingredients
    log = (world.workspace.runs / NOW / LOG_FILE).read_text()
    assert log == f"nothing has changed since run {LAST}\n"


def test_a_refusal_is_repeated(world):
    last = world.ran("not_pushed")
    result = world.again().result
    assert (result.verdict, result.exit_code) == ("not_pushed", 1)
    assert result.headline == last.result.headline
    assert result.gates == last.result.gates
    assert [node.state for node in result.nodes] == ["cached", "cached", "skipped"]
    assert result.nodes[2] == last.result.nodes[2]


def test_a_refusal_is_repeated_where_nothing_was_ever_pushed(tmp_path, make_record):
    world = World(tmp_path, make_record)
    (world.workspace.serving / "7").rename(tmp_path / "elsewhere")
    assert world.ran("not_pushed").serving_digest == ""
    assert world.again().result.verdict == "not_pushed"


def test_the_same_over_and_over(world):
    world.ran()
    for minute in range(1, 4):
        run_id = f"2026-11-20T11-0{minute}-00"
        record = world.again(run_id=run_id)
        record.write(world.workspace.runs / run_id)
        assert record.result.verdict == "up_to_date"
        assert record.result.nodes[1].reason == "from run 10-00-00"


def test_nothing_to_repeat(world):
    assert world.again() is None


def test_another_key_runs(world):
    world.ran()
    assert world.again("another key") is None


def test_what_failed_runs_again(world):
    world.ran("failed")
    assert world.again() is None


def test_a_model_that_is_gone_runs(world):
    world.ran()
    (world.workspace.serving / "7").rename(world.workspace.root / "7")
    assert world.again() is None


@pytest.mark.parametrize("weights", [b"weightz", b"", b"weights "])
def test_a_damaged_model_runs(world, weights):
    world.ran()
    (world.workspace.serving / "7" / "variables" / "data").write_bytes(weights)
    assert world.again() is None


def test_a_model_that_lost_a_file_runs(world):
    world.ran()
    (world.workspace.serving / "7" / "variables" / "data").unlink()
    assert world.again() is None


def test_a_version_of_another_hand_runs(world):
    world.ran()
    world.push(8, "weights")
    assert push_destination.latest_version(world.workspace.serving) == 8
    assert world.again() is None


def test_only_the_last_run_counts(world):
    world.ran(run_id="2026-11-20T09-00-00")
    world.ran(run_id=LAST, key="another key")
    assert world.again() is None


def test_runs_of_another_use_case_do_not_count(world):
    world.ran(run_id="2026-11-20T09-00-00")
    world.ran(run_id=LAST, key="another key", use_case="trips")
    assert world.again().result.verdict == "up_to_date"


def test_the_digest_tells_version_and_model(world):
    first = serving_digest(world.workspace)
    world.push(8, "weights")
    second = serving_digest(world.workspace)
    world.push(9, "others")
    third = serving_digest(world.workspace)
    assert len({first, second, third, ""}) == 4
    assert first.partition("-")[2] == second.partition("-")[2] != third.partition("-")[2]
