"""The Pusher's executor, run on real artifacts."""

import json
import shutil
from types import SimpleNamespace

import pytest
from tfx.components.pusher import executor as standard
from tfx.types.standard_artifacts import InfraBlessing, ModelBlessing, PushedModel

from components import push_destination, pusher
from components.push_destination import digest, versions

WARM_UP = "assets.extra/tf_serving_warmup_requests"


class World:
    """One push destination, and pushes at times of the test's choosing."""

    def __init__(self, folder, artifact, monkeypatch):
        self.folder = folder
        self.serving = folder / "serving"
        self.mobile = folder / "mobile"
        self._artifact = artifact
        self._monkeypatch = monkeypatch
        self.pushes = 0

    def push(self, weights, *, at, blessed=1, passed=1, destination=None, config=None):
        """Pushes a model, as the serving gate hands it; returns the PushedModel artifact."""
        self.pushes += 1
        folder = self.folder / f"run-{self.pushes}"
        model = folder / "infra" / "stamped_model"
        (model / "variables").mkdir(parents=True)
        (model / "saved_model.pb").write_text("graph")
        (model / "variables" / "data").write_text(weights)
        (model / "assets.extra").mkdir()
        (model / WARM_UP).write_text(f"rows of push {self.pushes}")
        blessing = self._artifact(InfraBlessing, folder / "infra", blessed=passed, has_model=1)
        models = {"infra_blessing": [blessing]}
        where = destination or str(self.serving)
        return self._do(models, folder, where, at, blessed, config or {})

    def push_mobile(self, weights, *, at, blessed=1, passed=1, config=None):
        """Pushes the files for phones that were made of a model, as the TFLite gate hands them."""
        self.pushes += 1
        folder = self.folder / f"run-{self.pushes}"
        stamped = folder / "infra" / "stamped_model"
        stamped.mkdir(parents=True)
        (stamped / "model.tflite").write_text(f"tables of {weights}")
        model = self.folder / "trained" / weights
        (model / "variables").mkdir(parents=True, exist_ok=True)
        (model / "saved_model.pb").write_text("graph")
        (model / "variables" / "data").write_text(weights)
        metadata = {"saved_model_sha256": digest(model)}
        (stamped / "metadata.json").write_text(json.dumps(metadata))
        blessing = self._artifact(InfraBlessing, folder / "infra", blessed=passed, has_model=1)
        where = config or {"custom_config": json.dumps({"sibling": str(self.serving)})}
        inputs = {"infra_blessing": [blessing]}
        return self._do(inputs, folder, str(self.mobile), at, blessed, where)

    def _do(self, models, folder, where, at, blessed, config):
        pushed = self._artifact(PushedModel, folder / "pushed")
        clock = SimpleNamespace(time=lambda: at + 0.9)
        self._monkeypatch.setattr(pusher, "time", clock)
        blessing = self._artifact(ModelBlessing, folder / "blessing", blessed=blessed)
        destination = json.dumps({"filesystem": {"base_directory": where}})
        pusher.Executor().Do(
            {**models, "model_blessing": [blessing]},
            {"pushed_model": [pushed]},
            {"push_destination": destination, **config},
        )
        return pushed

    @property
    def beside_mobile(self):
        """The custom config of the Pusher that serves, where there is a mobile one too."""
        return {"custom_config": json.dumps({"sibling": str(self.mobile)})}

    def weights(self, version):
        return (self.serving / str(version) / "variables" / "data").read_text()


@pytest.fixture
def world(tmp_path, artifact, monkeypatch):
    return World(tmp_path, artifact, monkeypatch)


def told(pushed):
    return {
        "pushed": pushed.get_int_custom_property("pushed"),
        "up_to_date": pushed.get_int_custom_property("up_to_date"),
        "version": pushed.get_string_custom_property("pushed_version"),
    }


def test_a_blessed_model_becomes_a_version(world):
    pushed = world.push("first", at=1000)
    assert versions(world.serving) == [1000]
    assert digest(world.serving / "1000") == digest(world.folder / "run-1/infra/stamped_model")
    assert told(pushed) == {"pushed": 1, "up_to_date": 0, "version": "1000"}
    assert pushed.get_string_custom_property("pushed_destination") == str(world.serving / "1000")
    assert digest(pushed.uri) == digest(world.serving / "1000")


def test_a_refused_model_goes_nowhere(world):
    pushed = world.push("first", at=1000, blessed=0)
    assert versions(world.serving) == []
    assert told(pushed) == {"pushed": 0, "up_to_date": 0, "version": ""}


def test_a_refused_model_leaves_the_last_one_alone(world):
    world.push("first", at=1000)
    before = digest(world.serving)
    assert told(world.push("second", at=2000, blessed=0))["pushed"] == 0
    assert digest(world.serving) == before


def test_the_model_that_serves_is_not_pushed_again(world):
    world.push("first", at=1000)
    world.push("second", at=2000)
    pushed = world.push("second", at=3000)
    assert told(pushed) == {"pushed": 0, "up_to_date": 1, "version": "2000"}
    assert versions(world.serving) == [1000, 2000]


def test_other_warm_up_records_make_no_new_model(world):
    world.push("first", at=1000)
    kept = digest(world.serving / "1000")
    assert told(world.push("first", at=2000))["up_to_date"] == 1
    assert digest(world.serving / "1000") == kept
    assert (world.serving / "1000" / WARM_UP).read_text() == "rows of push 1"


def test_a_model_that_was_pushed_without_warm_up_records_is_no_other(world):
    world.push("first", at=1000)
    shutil.rmtree(world.serving / "1000" / "assets.extra")
    assert told(world.push("first", at=2000))["up_to_date"] == 1


@pytest.mark.parametrize(("blessed", "passed"), [(0, 1), (1, 0), (0, 0)])
def test_what_serves_passed_both_gates(world, blessed, passed):
    pushed = world.push("first", at=1000, blessed=blessed, passed=passed)
    assert told(pushed) == {"pushed": 0, "up_to_date": 0, "version": ""}
    assert versions(world.serving) == []


def test_a_model_that_served_before_the_last_one_is_pushed(world):
    for at, weights in ((1000, "first"), (2000, "second"), (3000, "first")):
        assert told(world.push(weights, at=at))["pushed"] == 1
    assert versions(world.serving) == [1000, 2000, 3000]


@pytest.mark.parametrize("at", [999, 1000])
def test_versions_rise_even_where_the_clock_does_not(world, at):
    world.push("first", at=1000)
    assert told(world.push("second", at=at))["version"] == "1001"
    assert versions(world.serving) == [1000, 1001]
    assert world.weights(1001) == "second"


def test_a_crash_in_the_copy_leaves_the_last_model_serving(world, monkeypatch):
    world.push("first", at=1000)

    def crash(source, target):
        target.mkdir()
        (target / "saved_model.pb").write_text("gra")
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(push_destination.shutil, "copytree", crash)
        with pytest.raises(OSError, match="disk full"):
            world.push("second", at=2000)
    assert versions(world.serving) == [1000]
    assert world.weights(1000) == "first"

    assert told(world.push("second", at=3000))["version"] == "3000"
    assert sorted(path.name for path in world.serving.iterdir()) == ["1000", "3000"]


def test_an_object_store_is_left_to_tfx(world, monkeypatch):
    seen = []
    monkeypatch.setattr(standard.Executor, "Do", lambda self, *arguments: seen.append(arguments))
    world.push("first", at=1000, destination="gs://bucket/serving")
    assert len(seen) == 1
    assert "gs://bucket/serving" in seen[0][2]["push_destination"]
    assert versions(world.serving) == []


# Two destinations


def test_a_model_that_is_new_at_both_goes_by_one_number(world):
    world.push("first", at=1000, config=world.beside_mobile)
    pushed = world.push_mobile("first", at=1007)
    assert told(pushed) == {"pushed": 1, "up_to_date": 0, "version": "1000"}
    assert versions(world.serving) == versions(world.mobile) == [1000]
    assert (world.mobile / "1000" / "model.tflite").read_text() == "tables of first"
    assert pushed.get_string_custom_property("pushed_destination") == str(world.mobile / "1000")
    assert digest(pushed.uri) == digest(world.mobile / "1000")


def test_a_model_that_serves_already_is_pushed_to_phones_under_its_number(world):
    world.push("first", at=1000, config=world.beside_mobile)
    assert told(world.push("first", at=2000, config=world.beside_mobile))["up_to_date"] == 1
    assert told(world.push_mobile("first", at=2007))["version"] == "1000"


def test_a_model_that_is_on_phones_already_serves_under_its_number(world):
    world.push_mobile("first", at=1000)
    assert told(world.push("first", at=2000, config=world.beside_mobile))["version"] == "1000"
    assert told(world.push_mobile("first", at=3000))["up_to_date"] == 1
    assert versions(world.serving) == versions(world.mobile) == [1000]


def test_after_a_refusal_both_meet_again(world):
    world.push("first", at=1000, config=world.beside_mobile)
    world.push_mobile("first", at=1001)
    world.push("second", at=2000, config=world.beside_mobile)
    assert told(world.push_mobile("second", at=2001, passed=0))["pushed"] == 0
    world.push("third", at=3000, config=world.beside_mobile)
    world.push_mobile("third", at=3001)
    assert (versions(world.serving), versions(world.mobile)) == ([1000, 2000, 3000], [1000, 3000])


@pytest.mark.parametrize(("blessed", "passed"), [(0, 1), (1, 0), (0, 0)])
def test_phones_get_what_both_gates_let_pass(world, blessed, passed):
    pushed = world.push_mobile("first", at=1000, blessed=blessed, passed=passed)
    assert told(pushed) == {"pushed": 0, "up_to_date": 0, "version": ""}
    assert versions(world.mobile) == []


def test_another_model_ahead_at_the_other_place_is_passed_by(world):
    world.push("first", at=5000, config=world.beside_mobile)
    assert told(world.push_mobile("second", at=1000))["version"] == "5001"
    assert told(world.push("second", at=1000, config=world.beside_mobile))["version"] == "5001"


def test_warm_up_records_do_not_part_one_model_from_itself(world):
    world.push("first", at=1000, config=world.beside_mobile)
    assert (world.serving / "1000" / WARM_UP).exists()
    assert told(world.push_mobile("first", at=2000))["version"] == "1000"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"custom_config": None},
        {"custom_config": "null"},
        {"custom_config": "{}"},
        {"custom_config": '{"sibling": null}'},
        {"custom_config": '{"sibling": "/no/such/folder"}'},
    ],
)
def test_a_pusher_may_be_alone(world, config):
    world.push_mobile("first", at=5000)
    assert told(world.push("first", at=1000, config=config))["version"] == "1000"
