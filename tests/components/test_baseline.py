"""The baseline: the last pushed model, or none."""

import pytest
from tfx.types.standard_artifacts import Model
from tfx.utils import path_utils

from components.baseline import LatestPushedModel, is_empty
from components.push_destination import digest


@pytest.fixture
def serving(tmp_path):
    for version, weights in ((3, "old"), (20, "new")):
        folder = tmp_path / "serving" / str(version) / "variables"
        folder.mkdir(parents=True)
        (folder.parent / "saved_model.pb").write_text("graph")
        (folder / "data").write_text(weights)
    return tmp_path / "serving"


@pytest.fixture
def hand_on(serving, artifact, run_component, tmp_path):
    def run(version):
        model = artifact(Model, tmp_path / "baseline")
        properties = {"push_dir": str(serving), "version": version}
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
