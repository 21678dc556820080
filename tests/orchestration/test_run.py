"""Whether a run has to execute anything, from the command's point of view."""

import dataclasses

import pytest
import yaml

from orchestration.local import job as job_module
from orchestration.local import run as module
from orchestration.local.console import Console
from orchestration.local.destinations import pushed_digest
from orchestration.local.judging_server import judging_server
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan, make_plan
from orchestration.results import Destination, Release
from serving.releases import rollout
from serving.releases.options import By, Options
from usecase.paths import PROJECT_ROOT


class ExecutedError(BaseException):
    """TFX would have been asked; no failure of the run, which would be on record."""


class World:
    """An output folder in which version 7 was pushed by a run that said so."""

    def __init__(self, folder, make_record):
        self.folder = folder
        self.output = folder / "outputs"
        self.workspace = Workspace(self.output, "taxi")
        self.make_record = make_record
        for version in (6, 7):
            model = self.workspace.serving / str(version)
            model.mkdir(parents=True)
            (model / "saved_model.pb").write_text(f"graph {version}")

    def plan(self, **serving):
        raw = yaml.safe_load((PROJECT_ROOT / "configs" / "taxi.yaml").read_text())
        config = self.folder / "taxi.yaml"
        config.write_text(yaml.safe_dump({**raw, "serving": serving, "mobile": {"enabled": False}}))
        return make_plan(str(config))

    def ran(self, **serving):
        plan = self.plan(**serving)
        plan = dataclasses.replace(plan, server=judging_server(plan.use_case.serving.server))
        run_id, folder = self.workspace.new_run()
        digest = pushed_digest(self.workspace, ["serving"])
        places = (Destination("serving", True, 7),)
        record = self.make_record(run_id, key=plan.key(), pushed_digest=digest, destinations=places)
        record.write(folder)

    def promote(self, *versions):
        for version in versions:
            options = Options(is_offline=True)
            rollout.promote(self.workspace.serving, version, By("me"), options)

    def run(self, **serving):
        return module.run(self.plan(**serving), self.output, Console(lambda: None))


@pytest.fixture
def world(tmp_path, make_record, monkeypatch):
    def execute(*_):
        raise ExecutedError

    monkeypatch.setattr(job_module, "execute", execute)
    return World(tmp_path, make_record)


def test_by_default_a_release_makes_nothing_run(world):
    world.ran()
    assert world.run().headline == "nothing changed, version 7 serves"
    world.promote(6)
    assert world.run().headline == "nothing changed, version 7 waits; stable is 6"


def test_on_push_a_version_that_nobody_decided_on_does(world):
    world.promote(6)
    world.ran(promote="on_push")
    with pytest.raises(ExecutedError):
        world.run(promote="on_push")
    world.promote(7)
    result = world.run(promote="on_push")
    assert (result.verdict, result.release) == ("up_to_date", Release(7))


def test_another_way_to_release_is_no_unchanged_run(world):
    world.promote(7)
    world.ran()
    with pytest.raises(ExecutedError):
        world.run(promote="on_push")


def test_where_nothing_changed_the_warnings_are_those_of_this_run(world, monkeypatch):
    world.ran()
    monkeypatch.setattr(Plan, "warnings", ("no mobile model",))
    assert world.run().warnings == ("no mobile model",)
