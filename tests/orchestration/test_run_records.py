"""What a run leaves on disk, however it ends."""

import dataclasses
import json
import shutil

import pytest

from orchestration.local import job as job_module
from orchestration.local import run as module
from orchestration.local.asked import Asked
from orchestration.local.console import Console
from orchestration.local.selection import Selection
from orchestration.local.started import STARTED_FILE, Started
from orchestration.plan import make_plan
from orchestration.records import RECORD_FILE, RunRecord
from usecase.errors import UserError
from usecase.paths import PROJECT_ROOT

SEED = "training.seed=7"


class World:
    """An output folder, and what executing does in place of TFX."""

    def __init__(self, folder, make_record):
        self.output = folder / "outputs"
        self.make_record = make_record
        self.plan = make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml"), overrides=[SEED])
        self.jobs = []

    def run(self, **selection):
        chosen = Selection(**selection, stages=self.plan.stages)
        return module.run(self.plan, self.output, Console(lambda: None), selection=chosen)

    @property
    def folder(self):
        return max((self.output / "runs").glob("*/"))


@pytest.fixture
def world(tmp_path, make_record, monkeypatch):
    """A world in which a run ends as `world.end(job)` says."""
    made = World(tmp_path, make_record)
    made.end = lambda job: make_record(job.run_id, key=job.key)

    def execute(job, console):
        made.jobs.append(job)
        return made.end(job)

    monkeypatch.setattr(job_module, "execute", execute)
    return made


def raising(error):
    def end(job):
        raise error

    return end


def test_what_it_was_made_of_is_on_record(world):
    world.run(last="Trainer")
    record = RunRecord.read(world.folder)
    assert record.selection == "--to Trainer"
    assert record.overrides == [SEED]
    assert record.config["training"]["seed"] == 7
    assert record.config["schema"] == "schema/taxi/schema.pbtxt"
    assert record.data == {str(path): d for path, d in world.plan.data_digests.items()}
    started = Started.read(world.folder)
    assert (started.selection, started.overrides) == ("--to Trainer", (SEED,))
    assert (started.key, started.interrupted) == (record.key, "")


def test_how_it_started_is_on_record_before_anything_runs(world):
    seen = []
    world.end = lambda job: (
        seen.append({path.name for path in job.folder.iterdir()}) or world.make_record(job.run_id)
    )
    world.run()
    assert STARTED_FILE in seen[0]
    assert RECORD_FILE not in seen[0]


def test_one_that_was_interrupted_has_no_record_of_its_end(world):
    world.end = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert Started.read(world.folder).interrupted
    assert not (world.folder / RECORD_FILE).exists()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UserError("--only Pusher: no results", "some", "run all"), "--only Pusher: no results"),
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
    ],
)
def test_one_that_could_not_be_carried_out_has_failed(world, error, text):
    world.end = raising(error)
    with pytest.raises(type(error)):
        world.run(only="Pusher")
    record = RunRecord.read(world.folder)
    assert (record.result.verdict, record.result.headline) == ("failed", text)
    assert record.selection == "--only Pusher"
    assert Started.read(world.folder).interrupted == ""


def test_a_full_disk_at_the_end_is_told_in_words(world, monkeypatch):
    def full(self, folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunRecord, "write", full)
    with pytest.raises(UserError) as caught:
        world.run()
    assert "the run ended with pushed (version 7 serves now)" in caught.value.what
    assert "No space left on device" in caught.value.what
    assert "make room" in caught.value.fix


def test_the_same_run_goes_on_with_the_one_that_was_interrupted(world):
    world.end = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run(first="Trainer")
    first = world.folder.name
    world.end = lambda job: world.make_record(job.run_id)
    world.run(first="Trainer")
    assert [job.goes_on for job in world.jobs] == [(), (first,)]
    world.run(first="Trainer")
    assert world.jobs[-1].goes_on == ()


def test_each_run_names_the_first_of_those_that_it_goes_on_with(world):
    world.end = raising(KeyboardInterrupt())
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            world.run(anew=True)
    first, *_ = sorted(path.name for path in (world.output / "runs").iterdir())
    assert [job.origin for job in world.jobs] == [first] * 3
    assert Started.read(world.folder).origin == first
    ids = tuple(job.run_id for job in world.jobs)
    assert [job.goes_on for job in world.jobs] == [(), ids[:1], ids[:2]]
    world.end = lambda job: world.make_record(job.run_id)
    world.run(anew=True)
    world.run(anew=True)
    assert [job.origin for job in world.jobs[3:]] == [first, world.jobs[4].run_id]


@pytest.mark.parametrize("is_gone", [False, True])
def test_when_the_first_of_those_began_is_known_also_where_its_folder_is_gone(world, is_gone):
    world.end = raising(KeyboardInterrupt())
    moment = "2026-01-01T00:00:00+00:00"
    for place in range(3):
        with pytest.raises(KeyboardInterrupt):
            world.run(anew=True)
        if place == 0:
            first = world.folder
            noted = dataclasses.replace(Started.read(first), started=moment, origin_started=moment)
            noted.write(first)
        elif is_gone and first.exists():
            shutil.rmtree(first)
    started = Started.read(world.folder)
    assert (started.origin, started.origin_started) == (first.name, moment)
    assert started.started > moment


def test_one_that_went_on_in_an_older_version_is_the_first(world):
    world.end = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run(anew=True)
    first = world.folder
    older = json.loads((first / STARTED_FILE).read_text())
    for field in ("data", "span", "tune", "origin"):
        del older[field]
    (first / STARTED_FILE).write_text(json.dumps(older))
    with pytest.raises(KeyboardInterrupt):
        world.run(anew=True)
    assert Started.read(world.folder).origin == first.name


def test_what_it_was_started_with_is_on_record(world):
    asked = Asked("configs/taxi.yaml", "rows/*.csv", 3, True, (SEED,), "--to Trainer")
    chosen = Selection(last="Trainer", stages=world.plan.stages)
    module.run(world.plan, world.output, Console(lambda: None), selection=chosen, asked=asked)
    assert Started.read(world.folder).asked == asked


def test_a_start_that_failed_in_between_does_not_matter(world, monkeypatch):
    def locked(*_):
        raise UserError("store is locked")

    world.end = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run(anew=True)
    first = world.folder.name
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "ready_store", locked)
        with pytest.raises(UserError, match="locked"):
            world.run(anew=True)
    world.end = lambda job: world.make_record(job.run_id)
    world.run(anew=True)
    assert world.jobs[-1].goes_on == (first,)


def test_what_was_moved_is_told_where_the_run_fails_afterwards(world, monkeypatch):
    monkeypatch.setattr(job_module, "ready_store", lambda *_: ("moved aside",))
    world.end = raising(UserError("no room", "some", "make some"))
    with pytest.raises(UserError) as caught:
        world.run()
    assert str(caught.value).splitlines() == [
        *("no room", "moved aside", "  expected: some", "  fix: make some")
    ]
    result = RunRecord.read(world.folder).result
    assert (result.headline, result.warnings) == ("no room", ("moved aside",))


def test_another_run_does_not(world):
    world.end = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.run(first="Trainer")
    world.end = lambda job: world.make_record(job.run_id)
    world.run(first="Transform")
    assert world.jobs[-1].goes_on == ()
