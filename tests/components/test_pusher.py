"""The Pusher's executor, run on real artifacts."""

import json
from types import SimpleNamespace

import pytest
from tfx.components.pusher import executor as standard
from tfx.types.standard_artifacts import Model, ModelBlessing, PushedModel

from components import push_destination, pusher
from components.push_destination import digest, versions


class World:
    """One push destination, and pushes at times of the test's choosing."""

    def __init__(self, folder, artifact, monkeypatch):
        self.folder = folder
        self.serving = folder / "serving"
        self._artifact = artifact
        self._monkeypatch = monkeypatch
        self.pushes = 0

    def push(self, weights, *, at, blessed=1, destination=None):
        """Pushes a model; returns the PushedModel artifact."""
        self.pushes += 1
        folder = self.folder / f"run-{self.pushes}"
        model = folder / "model" / "Format-Serving"
        (model / "variables").mkdir(parents=True)
        (model / "saved_model.pb").write_text("graph")
        (model / "variables" / "data").write_text(weights)
        pushed = self._artifact(PushedModel, folder / "pushed")
        clock = SimpleNamespace(time=lambda: at + 0.9)
        self._monkeypatch.setattr(pusher, "time", clock)
        where = {"filesystem": {"base_directory": destination or str(self.serving)}}
        pusher.Executor().Do(
            {
                "model": [self._artifact(Model, folder / "model")],
                "model_blessing": [
                    self._artifact(ModelBlessing, folder / "blessing", blessed=blessed)
                ],
            },
            {"pushed_model": [pushed]},
            {"push_destination": json.dumps(where)},
        )
        return pushed

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
    assert digest(world.serving / "1000") == digest(world.folder / "run-1/model/Format-Serving")
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
