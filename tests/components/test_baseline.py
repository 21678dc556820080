"""The baseline: the last pushed model, or none."""

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tfx.dsl.io import filesystem_registry
from tfx.dsl.io.plugins import tensorflow_gfile
from tfx.types.standard_artifacts import Model
from tfx.utils import path_utils

from components.baseline import LATEST, LatestPushedModel, is_empty, latest_version
from components.push_destination import digest


@pytest.fixture
def serving(tmp_path):
    for version, weights in ((3, "old"), (20, "new")):
        folder = tmp_path / "serving" / str(version) / "variables"
        folder.mkdir(parents=True)
        (folder.parent / "saved_model.pb").write_text("graph")
        (folder / "data").write_text(weights)
    return tmp_path / "serving"


class Store(tensorflow_gfile.TensorflowFilesystem):
    """An object store, in memory: folders end in a slash, and nothing of it is a local path."""

    SUPPORTED_SCHEMES = ("ram://",)

    @staticmethod
    def listdir(path):
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(path)]
        return [f"{n}/" if tf.io.gfile.isdir(f"{path}/{n}") else n for n in names]


@pytest.fixture
def store(request):
    """The address of a folder in an object store, which is removed after the test."""
    filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.register(Store, priority=0)
    folder = f"ram://shop/{request.node.name}"
    tf.io.gfile.makedirs(folder)
    yield folder
    tf.io.gfile.rmtree(folder)


def push(folder, version, weights):
    tf.io.gfile.makedirs(f"{folder}/{version}/variables")
    for name, text in (("saved_model.pb", "graph"), ("variables/data", weights)):
        with tf.io.gfile.GFile(f"{folder}/{version}/{name}", "w") as file:
            file.write(text)


@pytest.fixture
def hand_on(serving, artifact, run_component, tmp_path):
    def run(version, push_dir=serving):
        model = artifact(Model, tmp_path / "baseline")
        properties = {"push_dir": str(push_dir), "version": version}
        run_component(LatestPushedModel, {}, {"model": model}, properties)
        return model

    return run


def test_version_0_is_no_model(hand_on, tmp_path):
    model = hand_on(0)
    assert is_empty(model)
    assert not model.has_custom_property("pushed_version")
    assert not list(tmp_path.glob("baseline/**/*"))


@pytest.mark.parametrize(("version", "weights"), [(3, "old"), (20, "new")])
def test_a_version_is_handed_on_as_a_trainer_would(hand_on, serving, version, weights):
    before = digest(serving)
    model = hand_on(version)
    assert not is_empty(model)
    assert model.get_int_custom_property("pushed_version") == version
    # This is where Evaluator and BulkInferrer look for it.
    copy = path_utils.serving_model_path(model.uri)
    assert digest(copy) == digest(serving / str(version))
    assert (serving / str(version) / "variables" / "data").read_text() == weights
    assert digest(serving) == before


def test_a_version_that_is_gone_does_not_pass_for_no_model(hand_on):
    with pytest.raises(FileNotFoundError):
        hand_on(4)


def test_a_trained_model_is_not_empty(artifact, tmp_path):
    assert not is_empty(artifact(Model, tmp_path))


def test_the_newest_version_is_chosen_when_it_runs(hand_on, serving, tmp_path):
    model = hand_on(LATEST)
    assert model.get_int_custom_property("pushed_version") == 20
    assert digest(path_utils.serving_model_path(model.uri)) == digest(serving / "20")
    (serving / "100" / "variables").mkdir(parents=True)
    assert (
        hand_on(LATEST).get_int_custom_property("pushed_version") == 20
    )  # a push that was cut off
    (serving / "100" / "saved_model.pb").write_text("graph")
    assert hand_on(LATEST).get_int_custom_property("pushed_version") == 100


@pytest.mark.parametrize("name", ["incoming-30", "030", "0", "-40", "40.5", "1e3", "tmp", "٤٠"])
def test_what_is_no_whole_number_is_no_version(hand_on, serving, name):
    (serving / name).mkdir()
    assert hand_on(LATEST).get_int_custom_property("pushed_version") == 20


def test_a_file_is_no_version(hand_on, serving):
    (serving / "40").write_text("")
    assert hand_on(LATEST).get_int_custom_property("pushed_version") == 20


@pytest.mark.parametrize("create", [True, False])
def test_before_the_first_push_there_is_no_newest(hand_on, tmp_path, create):
    folder = tmp_path / "nothing"
    if create:
        folder.mkdir()
    model = hand_on(LATEST, folder)
    assert is_empty(model)
    assert not list(tmp_path.glob("baseline/**/*"))


def test_a_model_is_handed_on_from_an_object_store(hand_on, store):
    push(store, 9, "old")
    push(store, 10, "new")
    model = hand_on(LATEST, store)
    assert model.get_int_custom_property("pushed_version") == 10
    folder = path_utils.serving_model_path(model.uri)
    with tf.io.gfile.GFile(f"{folder}/variables/data") as file:
        assert file.read() == "new"
    assert hand_on(9, store).get_int_custom_property("pushed_version") == 9
    with pytest.raises(FileNotFoundError, match="version 8 is not in ram://"):
        hand_on(8, store)


def test_an_object_store_without_a_version(hand_on, store):
    assert is_empty(hand_on(LATEST, store))
    assert is_empty(hand_on(LATEST, f"{store}/nothing"))


@given(st.sets(st.integers(1, 10**12), max_size=5))
def test_the_newest_is_the_highest_number(tmp_path_factory, versions):
    folder = tmp_path_factory.mktemp("versions")
    for version in versions:
        (folder / str(version)).mkdir()
        (folder / str(version) / "saved_model.pb").touch()
    assert latest_version(str(folder)) == max(versions, default=0)
