"""A run of which nothing has changed is recognised; one of which anything has, is not."""

import dataclasses

import pytest

from components import push_destination
from components.push_destination import versions
from orchestration.local.destinations import pushed_digest
from orchestration.local.unchanged import same_again
from orchestration.local.workspace import Workspace
from orchestration.records import LOG_FILE
from orchestration.results import Destination, Release
from serving.releases import rollout
from serving.releases.options import By, Options
from serving.releases.store import STATE_FILE

LAST = "2026-11-20T10-00-00"
NOW = "2026-11-20T11-00-00"


class World:
    """An output folder with version 7 serving and one run on record."""

    names = ("serving",)

    def __init__(self, folder, make_record):
        self.workspace = Workspace(folder, "taxi")
        self.make_record = make_record
        self.push(7, "weights")

    def push(self, version, weights, where="serving"):
        model = self.workspace.destination(where) / str(version) / "variables"
        model.mkdir(parents=True)
        (model / "data").write_text(weights)

    def ran(self, verdict="pushed", run_id=LAST, **changes):
        digest = pushed_digest(self.workspace, self.names)
        folder = self.workspace.runs / run_id
        folder.mkdir(parents=True)
        record = self.make_record(run_id, verdict, pushed_digest=digest, **changes)
        record.write(folder)
        return record

    def again(self, key="key", run_id=NOW, **how):
        folder = self.workspace.runs / run_id
        folder.mkdir(parents=True)
        return same_again(self.workspace, key, run_id, folder, **how)

    def release(self, change, *arguments):
        """Changes the release beside the versions, without a server."""
        for version in versions(self.workspace.serving):
            (self.workspace.serving / str(version) / "saved_model.pb").touch()
        options = {"options": Options(is_offline=True)}
        return change(self.workspace.serving, *arguments, by=By("me"), **options)


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
    assert (record.key, record.pushed_digest) == (last.key, last.pushed_digest)
    assert record.ingredients == last.ingredients
    log = (world.workspace.runs / NOW / LOG_FILE).read_text()
    assert log == f"nothing has changed since run {LAST}\n"


def test_what_the_last_run_was_warned_of_is_over(world):
    world.ran(warnings=("the metadata store was corrupt", "no mobile model"))
    record = world.again(warnings=("no mobile model",))
    assert record.result.warnings == ("no mobile model",)
    assert world.again(run_id="2026-11-20T12-00-00").result.warnings == ()


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
    assert world.ran("not_pushed").pushed_digest == ""
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


def test_a_run_of_a_part_neither_counts_nor_hides_the_last_whole_one(world):
    last = world.ran(run_id="2026-11-20T09-00-00")
    part = dataclasses.replace(
        world.make_record(LAST, "stopped", key="another key"), selection="--to Trainer"
    )
    (world.workspace.runs / LAST).mkdir()
    part.write(world.workspace.runs / LAST)
    result = world.again().result
    assert (result.verdict, result.metrics) == ("up_to_date", last.result.metrics)
    assert world.again("another key", run_id="2026-11-20T12-00-00") is None


def test_a_part_that_pushed_makes_the_next_whole_run_run(world):
    world.ran(run_id="2026-11-20T09-00-00")
    world.push(8, "others")
    part = dataclasses.replace(world.make_record(LAST), selection="--only Pusher")
    (world.workspace.runs / LAST).mkdir()
    part.write(world.workspace.runs / LAST)
    assert world.again() is None


def test_runs_of_another_use_case_do_not_count(world):
    world.ran(run_id="2026-11-20T09-00-00")
    world.ran(run_id=LAST, key="another key", use_case="trips")
    assert world.again().result.verdict == "up_to_date"


def test_the_digest_tells_version_and_model(world):
    first = pushed_digest(world.workspace, ["serving"])
    world.push(8, "weights")
    second = pushed_digest(world.workspace, ["serving"])
    world.push(9, "others")
    third = pushed_digest(world.workspace, ["serving"])
    assert len({first, second, third, ""}) == 4
    assert first.partition("-")[2] == second.partition("-")[2] != third.partition("-")[2]


def test_the_release_as_it_is_now_is_told(world):
    world.push(6, "older")
    world.release(rollout.promote, 7)
    world.ran(release=Release(7), headline="version 7 is stable now")
    result = world.again().result
    assert (result.headline, result.release) == ("nothing changed, version 7 is stable", Release(7))
    world.release(rollout.promote, 6)
    result = world.again(run_id="2026-11-20T12-00-00").result
    assert result.headline == "nothing changed, version 7 waits; stable is 6"
    assert (result.verdict, result.release) == ("up_to_date", Release(6))


def test_what_went_wrong_with_a_release_then_is_not_told_again(world):
    world.release(rollout.promote, 7)
    world.ran(release=Release(6), release_problem="promotion of version 7: no", warnings=("w",))
    assert world.again(warnings=("w",)).result.told_warnings == ("w",)


def test_a_damaged_release_is_told_and_fails_no_run(world):
    world.ran()
    (world.workspace.serving / STATE_FILE).write_text("{")
    result = world.again(promotes=True).result
    assert (result.verdict, result.release) == ("up_to_date", None)
    assert str(world.workspace.serving / STATE_FILE) in result.told_warnings[0]


def test_what_should_be_stable_and_is_not_runs(world):
    world.push(6, "older")
    world.release(rollout.promote, 6)
    world.ran()
    assert world.again(promotes=True) is None
    assert world.again(run_id="2026-11-20T12-00-00").result.verdict == "up_to_date"


def test_what_should_be_stable_runs_where_there_is_no_release(world):
    world.ran()
    assert world.again(promotes=True) is None


def test_what_somebody_decided_on_does_not_run(world):
    world.push(6, "older")
    world.release(rollout.promote, 6)
    world.release(rollout.promote, 7)
    world.ran()
    assert world.again(promotes=True).result.release == Release(7)
    world.release(rollout.rollback)
    result = world.again(run_id="2026-11-20T12-00-00", promotes=True).result
    assert result.headline == "nothing changed, version 7 waits; stable is 6"
    world.release(rollout.canary, 7, 5.0)
    result = world.again(run_id="2026-11-20T13-00-00", promotes=True).result
    assert result.headline == "nothing changed, version 7 is the canary; stable is 6"


@pytest.mark.parametrize("promotes", [True, False])
def test_a_refusal_is_repeated_whatever_is_stable(world, promotes):
    refused = (Destination("serving", False, 7, "quality gate: auc 0.8 < 0.9"),)
    last = world.ran("not_pushed", destinations=refused)
    result = world.again(promotes=promotes).result
    assert (result.verdict, result.headline) == ("not_pushed", last.result.headline)


class TwoWorlds(World):
    """The same with version 7 on mobile as well, or none where a gate refused it."""

    names = ("serving", "mobile")

    def ran(self, verdict="pushed", run_id=LAST, **changes):
        refused = "tflite gate: float32 difference 0.020 > 1e-05"
        places = (
            Destination("serving", verdict == "pushed", 7),
            Destination("mobile", True, 7)
            if verdict == "pushed"
            else Destination("mobile", False, None, refused),
        )
        headline = f"serving: version 7; mobile refused: {refused}"
        return super().ran(verdict, run_id, destinations=places, headline=headline, **changes)


@pytest.fixture
def both(tmp_path, make_record):
    return TwoWorlds(tmp_path, make_record)


def test_both_destinations_may_be_as_they_were(both):
    both.push(7, "tables", "mobile")
    both.ran()
    result = both.again().result
    assert (result.verdict, result.exit_code) == ("up_to_date", 0)
    assert result.headline == "nothing changed, version 7 serves, and is on mobile"
    assert [(p.name, p.pushed, p.version) for p in result.destinations] == [
        *(("serving", False, 7), ("mobile", False, 7)),
    ]


@pytest.mark.parametrize("where", ["serving", "mobile"])
@pytest.mark.parametrize("harm", ["gone", "damaged", "another"])
def test_harm_to_either_destination_runs(both, where, harm):
    both.push(7, "tables", "mobile")
    both.ran()
    folder = both.workspace.destination(where)
    if harm == "gone":
        (folder / "7").rename(both.workspace.root / "7")
    elif harm == "damaged":
        (folder / "7" / "variables" / "data").write_text("x")
    else:
        both.push(8, "tables", where)
    assert both.again() is None


def test_a_model_that_changes_its_place_runs(both):
    both.push(7, "weights", "mobile")
    both.ran()
    (both.workspace.serving / "7").rename(both.workspace.root / "7")
    assert both.again() is None


def test_what_was_pushed_in_part_is_repeated_as_such_over_and_over(both):
    last = both.ran("partly_pushed")
    for minute in range(1, 4):
        run_id = f"2026-11-20T11-0{minute}-00"
        record = both.again(run_id=run_id)
        record.write(both.workspace.runs / run_id)
        assert (record.result.verdict, record.result.exit_code) == ("partly_pushed", 1)
        assert record.result.headline == last.result.headline
        assert not any(place.pushed for place in record.result.destinations)
        assert record.result.destinations[1].refused == last.result.destinations[1].refused


def test_a_mobile_model_that_no_one_wants_may_go(world):
    world.push(7, "tables", "mobile")
    world.ran()
    (world.workspace.mobile / "7").rename(world.workspace.root / "7")
    assert world.again().result.verdict == "up_to_date"
