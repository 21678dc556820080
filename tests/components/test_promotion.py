"""What becomes of a version once it is pushed: its record, and its release."""

import json
import re
import shutil
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from tfx.types.standard_artifacts import InfraBlessing, ModelBlessing, PushedModel

from components import pusher
from components.promotion import is_undecided
from components.push_destination import digest, versions
from serving.pushed import PUSH_RECORD, Push, push_of
from serving.releases import rollout
from serving.releases.options import By, Options
from serving.releases.state import Canary, Event, State
from serving.releases.store import STATE_FILE, read_state
from tests.components.evaluations import make_artifact
from tests.model_server import world as servers
from tests.model_server.toy_models import write_corrupt, write_half_plus_two

RUN = "2026-11-20T10-00-00"
ME = By("me@here")
OFFLINE = Options(is_offline=True)


class World:
    """A push destination, and a Pusher that is told how versions are released."""

    def __init__(self, folder):
        self.root = folder
        self.folder = folder / "serving" / "half"
        self.silent = f"http://127.0.0.1:{servers.free_port()}"

    def push(self, model, at, *, blessed=1, run=RUN, where=None, **told):
        """Pushes a model at a time; returns the custom properties of what was pushed."""
        folder = self.root / f"run-{at}"
        shutil.copytree(model, folder / "infra" / "stamped_model")
        infra = make_artifact(InfraBlessing, folder / "infra", blessed=1, has_model=1)
        blessing = make_artifact(ModelBlessing, folder / "blessing", blessed=blessed)
        pushed = make_artifact(PushedModel, folder / "pushed")
        serving = {"servers": [self.silent], **told} if told != {"serving": None} else None
        config = {"sibling": None, **({"serving": serving} if serving is not None else {})}
        destination = {"filesystem": {"base_directory": where or str(self.folder)}}
        context = pusher.Executor.Context(pipeline_run_id=run) if run else None
        properties = {
            "push_destination": json.dumps(destination),
            "custom_config": json.dumps(config),
        }
        inputs = {"infra_blessing": [infra], "model_blessing": [blessing]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pusher, "time", SimpleNamespace(time=lambda: at + 0.9))
            pusher.Executor(context).Do(inputs, {"pushed_model": [pushed]}, properties)
        values = pushed.mlmd_artifact.custom_properties
        return {name: getattr(v, v.WhichOneof("value")) for name, v in values.items()}

    @property
    def state(self):
        return read_state(self.folder)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models by name: two that answer differently, and one that no server can load."""
    folder = tmp_path_factory.mktemp("models")
    for version, addend in ((1, 2.0), (2, 5.0)):
        write_half_plus_two(folder / "made", version, addend)
    write_corrupt(folder / "corrupt")
    return {
        "first": folder / "made" / "00000001",
        "second": folder / "made" / "00000002",
        "corrupt": folder / "corrupt" / "1",
    }


# Where a version is from


def test_a_version_says_which_run_pushed_it_and_when(world, models):
    world.push(models["first"], 1_800_000_000)
    assert push_of(world.folder, 1_800_000_000) == Push(RUN, "2027-01-15T08:00:00Z")
    text = (world.folder / "1800000000" / PUSH_RECORD).read_text()
    assert json.loads(text) == {"run": RUN, "when": "2027-01-15T08:00:00Z"}
    moment = datetime.fromisoformat(json.loads(text)["when"].replace("Z", "+00:00"))
    assert moment == datetime.fromtimestamp(1_800_000_000, timezone.utc)


def test_the_record_is_there_before_the_version_is(world, models, monkeypatch):
    seen = []
    rename = type(world.folder).rename

    def watched(path, target):
        seen.append((versions(world.folder), (path / PUSH_RECORD).is_file()))
        return rename(path, target)

    monkeypatch.setattr(type(world.folder), "rename", watched)
    world.push(models["first"], 1000)
    assert seen == [([], True)]


def test_the_record_makes_no_other_model(world, models):
    world.push(models["first"], 1000)
    before = digest(world.folder / "1000")
    assert world.push(models["first"], 2000)["up_to_date"] == 1
    assert versions(world.folder) == [1000]
    assert digest(world.folder / "1000") == before
    assert push_of(world.folder, 1000).when == "1970-01-01T00:16:40Z"


def test_what_was_pushed_is_kept_with_its_record(world, models):
    told = world.push(models["first"], 1000)
    assert told["pushed_destination"] == str(world.folder / "1000")
    assert digest(world.root / "run-1000" / "pushed") == digest(world.folder / "1000")


def test_without_a_run_the_record_names_none(world, models):
    world.push(models["first"], 1000, run=None)
    assert push_of(world.folder, 1000).run == ""


def test_in_a_container_the_environment_names_the_run(world, models, monkeypatch):
    monkeypatch.setenv("PIPELINE_RUN_ID", "3f0c")
    world.push(models["first"], 1000, run=None)
    assert push_of(world.folder, 1000).run == "3f0c"


def test_where_nothing_is_said_of_releases_there_is_neither_record_nor_release(world, models):
    world.push(models["first"], 1000, serving=None)
    assert push_of(world.folder, 1000) is None
    assert [path.name for path in world.folder.iterdir()] == ["1000"]


# Without servers


def test_by_default_a_push_changes_nothing_of_a_release(world, models):
    world.push(models["first"], 1000)
    assert world.state is None
    rollout.promote(world.folder, 1000, ME, OFFLINE)
    before = (world.folder / STATE_FILE).read_bytes()
    told = world.push(models["second"], 2000)
    assert (told["pushed"], told["pushed_version"]) == (1, "2000")
    assert not {"promoted", "not_promoted"} & set(told)
    assert (world.folder / STATE_FILE).read_bytes() == before


def test_on_push_a_version_becomes_stable_where_no_server_answers(world, models):
    told = world.push(models["first"], 1000, promote="on_push", keep=3)
    assert (told["pushed"], told["promoted"]) == (1, 1)
    assert "not_promoted" not in told
    told = world.push(models["second"], 2000, run="another", promote="on_push", keep=3)
    assert told["promoted"] == 1
    state = world.state
    assert (state.stables, state.canary, state.keep) == ((2000, 1000), None, 3)
    assert state.servers == (world.silent,)
    assert [(e.action, e.version, e.who, e.run, e.why) for e in state.history] == [
        ("promote", 1000, "the pipeline", RUN, "serving.promote: on_push"),
        ("promote", 2000, "the pipeline", "another", "serving.promote: on_push"),
    ]
    assert state.model == "half"
    assert re.search(r'key: "stable"\s+value: 2000', (world.folder / "models.config").read_text())


def test_a_model_that_is_refused_is_not_promoted(world, models):
    world.push(models["first"], 1000)
    told = world.push(models["second"], 2000, blessed=0, promote="on_push")
    assert told == {"pushed": 0}
    assert world.state is None


def test_a_config_that_says_on_push_from_now_on_promotes_the_newest(world, models):
    world.push(models["first"], 1000)
    told = world.push(models["first"], 2000, promote="on_push")
    assert (told["pushed"], told["up_to_date"], told["promoted"]) == (0, 1, 1)
    assert world.state.stables == (1000,)


def test_what_was_rolled_back_is_not_promoted_again(world, models):
    world.push(models["first"], 1000, promote="on_push")
    world.push(models["second"], 2000, promote="on_push")
    rollout.rollback(world.folder, ME, OFFLINE)
    before = (world.folder / STATE_FILE).read_bytes()
    told = world.push(models["second"], 3000, promote="on_push")
    assert told["up_to_date"] == 1
    assert not {"promoted", "not_promoted"} & set(told)
    assert (world.folder / STATE_FILE).read_bytes() == before
    assert world.state.stable == 1000


def test_what_is_being_tried_out_stays_so(world, models):
    world.push(models["first"], 1000, promote="on_push")
    world.push(models["second"], 2000)
    rollout.canary(world.folder, 2000, 10.0, ME, OFFLINE)
    told = world.push(models["second"], 3000, promote="on_push")
    assert "promoted" not in told
    assert (world.state.stable, world.state.canary) == (1000, Canary(2000, 10.0))


@pytest.mark.parametrize("damage", ["{", "", '{"format": 9}', "[]"])
def test_a_damaged_release_loses_no_push(world, models, damage):
    world.folder.mkdir(parents=True)
    (world.folder / STATE_FILE).write_text(damage)
    told = world.push(models["first"], 1000, promote="on_push")
    assert (told["pushed"], told["pushed_version"]) == (1, "1000")
    assert str(world.folder / STATE_FILE) in told["not_promoted"]
    assert "\n" not in told["not_promoted"]
    assert "promoted" not in told
    assert (world.folder / STATE_FILE).read_text() == damage


def test_whatever_goes_wrong_loses_no_push(world, models, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left\non device")

    monkeypatch.setattr(rollout, "promote_pushed", full)
    told = world.push(models["first"], 1000, promote="on_push")
    assert told["pushed"] == 1
    assert told["not_promoted"] == "OSError: [Errno 28] No space left on device"


def test_an_object_store_has_no_releases(world, models, monkeypatch):
    base = pusher.executor.Executor

    def push(self, inputs, outputs, properties):
        self._MarkPushed(outputs["pushed_model"][0], pushed_destination="gs://b/1")

    monkeypatch.setattr(base, "Do", push)
    told = world.push(models["first"], 1000, where="gs://b", promote="on_push")
    assert told["pushed"] == 1
    assert told["not_promoted"].startswith("gs://b is no file system")
    assert "not_promoted" not in world.push(models["first"], 1001, where="gs://b")


EVENT = Event("rollback", 3, None, 1, "me", "2026-11-20T10:00:00Z", "", "")


@pytest.mark.parametrize(
    ("state", "undecided"),
    [
        (None, True),
        (State("half", (1,)), True),
        (State("half", (3, 1)), False),
        (State("half", (1, 3)), False),
        (State("half", (1,), canary=Canary(3, 5.0)), False),
        (State("half", (1,), canary=Canary(2, 5.0)), True),
        (State("half", (1,), history=(EVENT,)), False),
    ],
)
def test_who_was_stable_tried_out_or_rolled_back_is_decided_on(state, undecided):
    assert is_undecided(state, 3) == undecided


# With a server


@pytest.fixture(scope="module")
def released(tmp_path_factory, models):
    """A release whose stable version is 1000, and a server that serves by it."""
    made = World(tmp_path_factory.mktemp("released"))
    made.push(models["first"], 1000, promote="on_push")
    with servers.launched(
        f"--model_config_file={made.folder / 'models.config'}",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
        "--max_num_load_retries=0",
    ) as running:
        made.running = running
        yield made


def answers(running, label):
    status, _, body = running.http(
        "POST", f"/v1/models/half/labels/{label}:predict", {"instances": [{"x": 2.0}]}
    )
    assert status == 200, body
    return json.loads(body)["predictions"]


def test_on_push_the_label_moves_on_the_server(released, models):
    assert answers(released.running, "stable") == [3.0]
    told = released.push(models["second"], 2000, promote="on_push", servers=[released.running.rest])
    assert (told["pushed"], told["promoted"]) == (1, 1)
    assert answers(released.running, "stable") == answers(released.running, "canary") == [6.0]
    assert released.state.stables == (2000, 1000)


def test_a_model_that_the_server_cannot_load_is_pushed_and_not_stable(released, models):
    before = answers(released.running, "stable")
    stable = released.state.stable
    told = released.push(
        models["corrupt"], 3000, promote="on_push", servers=[released.running.rest]
    )
    assert (told["pushed"], told["pushed_version"]) == (1, "3000")
    assert versions(released.folder)[-1] == 3000
    assert "3000" in told["not_promoted"]
    assert "\n" not in told["not_promoted"]
    assert "promoted" not in told
    assert released.state.stable == stable
    assert answers(released.running, "stable") == before
    assert is_undecided(released.state, 3000)  # so that the next run tries again
