"""The statistics that a pushed model keeps, and the node that hands them on."""

import pytest
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleStatistics

from components.baseline import LATEST, is_empty
from components.kept_statistics import FOLDER, add_statistics
from components.push_destination import ADDED_BY_A_PUSH, digest
from components.pushed_statistics import LatestPushedStatistics
from tests.components.test_baseline import push, store  # noqa: F401, a fixture

SPLITS = ("eval", "test", "train")


def made_of(folder, text):
    """Makes an ExampleStatistics artifact's folder."""
    for split in SPLITS:
        path = folder / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(parents=True)
        path.write_text(f"{text} {split}")
    return folder


@pytest.fixture
def serving(tmp_path):
    """A push destination: version 3 is older than the record, 20 and 30 hold it."""
    for version in (3, 20, 30):
        model = tmp_path / "serving" / str(version)
        model.mkdir(parents=True)
        (model / "saved_model.pb").write_text("graph")
        if version > 3:
            add_statistics(model, str(made_of(tmp_path / f"of-{version}", f"rows of {version}")))
    return tmp_path / "serving"


@pytest.fixture
def hand_on(artifact, run_component, tmp_path):
    def run(version, push_dir):
        made = artifact(ExampleStatistics, tmp_path / "baseline")
        properties = {"push_dir": str(push_dir), "version": version}
        run_component(LatestPushedStatistics, {}, {"statistics": made}, properties)
        return made

    return run


def test_a_model_with_statistics_is_the_model_that_it_was(serving, tmp_path):
    model = serving / "3"
    before = digest(model)
    add_statistics(model, str(made_of(tmp_path / "rows", "other rows")))
    assert digest(model) != before
    assert digest(model, leaving_out=ADDED_BY_A_PUSH) == before


@pytest.mark.parametrize(("version", "found"), [(20, 20), (30, 30), (LATEST, 30)])
def test_statistics_are_handed_on_as_statisticsgen_leaves_them(hand_on, serving, version, found):
    made = hand_on(version, serving)
    assert not is_empty(made)
    assert made.get_int_custom_property("pushed_version") == found
    assert artifact_utils.decode_split_names(made.split_names) == list(SPLITS)
    for split in SPLITS:
        (path,) = (serving.parent / "baseline" / f"Split-{split}").iterdir()
        assert (path.name, path.read_text()) == ("FeatureStats.pb", f"rows of {found} {split}")


@pytest.mark.parametrize(("version", "told"), [(0, False), (3, True)])
def test_without_statistics_the_output_says_so(hand_on, serving, version, told):
    made = hand_on(version, serving)
    assert is_empty(made)
    assert made.has_custom_property("pushed_version") == told
    assert not list((serving.parent / "baseline").glob("**/*"))


def test_before_the_first_push(hand_on, tmp_path):
    assert is_empty(hand_on(LATEST, tmp_path / "nothing"))


def test_statistics_are_handed_on_from_an_object_store(hand_on, store, tmp_path):  # noqa: F811
    import tensorflow as tf

    push(store, 9, "weights")
    assert is_empty(hand_on(LATEST, store))
    folder = f"{store}/9/{FOLDER}/Split-train"
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{folder}/FeatureStats.pb", "w") as file:
        file.write("rows")
    made = hand_on(LATEST, store)
    assert artifact_utils.decode_split_names(made.split_names) == ["train"]
    assert (tmp_path / "baseline/Split-train/FeatureStats.pb").read_text() == "rows"
