"""The gate before phones, on real files: good ones, and ones that only look good."""

import hashlib
import json
from pathlib import Path

import pytest
from tfx.components.infra_validator import executor as infra_validator
from tfx.components.pusher import executor as pusher
from tfx.types.standard_artifacts import ModelBlessing
from tfx.utils import path_utils

from components import infra_blessing
from serving.phone.metadata import MODEL_FILES, read_metadata

GOOD = "none"
FAULTS = ("uninitialised table", "flex operation", "shifted vocabulary", "wrong normalisation")


@pytest.fixture(scope="module")
def files(phone):
    return phone.spoil(GOOD, *FAULTS)


@pytest.fixture(scope="module")
def gate(phone, files):
    """Runs the gate on files of a kind, with settings; the same call gives the same outcome."""
    done = {}

    def run(kind=GOOD, **mobile):
        key = f"{kind} {mobile}"
        if key not in done:
            done[key] = phone.judge(files[kind], f"gate-{len(done)}", **mobile)
        return done[key]

    return run


def delivered(said):
    return Path(path_utils.stamped_model_path(said.blessing.uri))


def refusals(said):
    return [result.metric for result in said.verdict.results if result.refuses]


def test_good_files_are_delivered(gate, files):
    said = gate()
    assert refusals(said) == []
    assert said.verdict.passed
    assert said.results["float32 faults"].value == 0
    assert 0 < said.results["float32 difference"].value <= 1e-5
    assert 0 < said.results["float32 extremes"].value <= 1e-3
    assert 1e-5 < said.results["int8 difference"].value <= 0.02
    assert said.blessing.get_int_custom_property("blessed") == 1
    assert said.blessing.get_int_custom_property("has_model") == 1
    assert (Path(said.blessing.uri) / "INFRA_BLESSED").exists()
    names = {path.name for path in delivered(said).iterdir()}
    assert names == {"model.tflite", "model_int8.tflite", "metadata.json"}
    for name in MODEL_FILES.values():
        original = files[GOOD] / "Format-Serving" / name
        if original.exists():
            assert (delivered(said) / name).read_bytes() == original.read_bytes()


def test_the_standard_pusher_takes_what_was_delivered(gate, artifact, tmp_path):
    said = gate()
    inputs = {
        "model_blessing": [artifact(ModelBlessing, tmp_path / "blessing", blessed=1)],
        "infra_blessing": [said.blessing],
    }
    assert pusher.Executor().CheckBlessing(inputs)
    assert Path(pusher.Executor().GetModelPath(inputs)) == delivered(said)


def test_blessings_are_marked_as_infra_validator_marks_them():
    assert infra_blessing.BLESSED_PROPERTY == infra_validator._BLESSED_KEY
    assert infra_blessing.HAS_MODEL_PROPERTY == infra_validator._MODEL_FLAG_KEY
    assert infra_blessing.BLESSED_FILE == infra_validator._BLESSED_FILENAME
    assert infra_blessing.NOT_BLESSED_FILE == infra_validator._NOT_BLESSED_FILENAME


def test_metadata_say_what_was_measured(gate, files):
    said = gate()
    metadata = read_metadata(delivered(said))
    raw = json.loads((delivered(said) / "metadata.json").read_text())
    for name, file in metadata.files.items():
        content = (delivered(said) / name).read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert set(file.metrics) == {"auc", "accuracy", "loss"}
    assert metadata.files["model.tflite"].max_difference <= 1e-5
    assert metadata.files["model_int8.tflite"].max_difference == (
        said.results["int8 difference"].value
    )
    assert raw["left_out"] == {}
    exported = json.loads((files[GOOD] / "Format-Serving" / "metadata.json").read_text())
    assert {k: v for k, v in raw.items() if k not in ("files", "left_out")} == exported


@pytest.mark.parametrize(
    ("kind", "conditions", "told"),
    [
        ("uninitialised table", ["faults"], "is never filled"),
        ("flex operation", ["faults"], "FlexStringToHashBucketFast is not one of TFLite's"),
        ("shifted vocabulary", ["difference", "extremes"], "the served model says"),
        ("wrong normalisation", ["difference", "extremes"], "the served model says"),
    ],
)
def test_what_only_looks_good_is_refused(gate, kind, conditions, told):
    said = gate(kind)
    assert not said.verdict.passed
    assert refusals(said) == [f"float32 {condition}" for condition in conditions]
    assert told in said.results[f"float32 {conditions[0]}"].detail
    assert said.blessing.get_int_custom_property("blessed") == 0
    assert (Path(said.blessing.uri) / "INFRA_NOT_BLESSED").exists()
    assert not delivered(said).exists()
    assert not pusher.Executor().CheckBlessing({"infra_blessing": [said.blessing]})


def test_a_wrong_vocabulary_is_far_outside_of_the_tolerance(gate):
    for kind in ("shifted vocabulary", "wrong normalisation"):
        assert gate(kind).results["float32 difference"].value > 1e-3


def test_a_quantised_file_that_fails_stays_behind(gate):
    said = gate(int8={"max_difference": 1e-7})
    assert said.verdict.passed
    result = said.results["int8 difference"]
    assert result.warns
    assert {path.name for path in delivered(said).iterdir()} == {"model.tflite", "metadata.json"}
    metadata = read_metadata(delivered(said))
    assert set(metadata.files) == {"model.tflite"}
    assert metadata.left_out == {"model_int8.tflite": f"{result.detail} (limit 1e-07)"}
    assert f"is off by {result.value:.2g}: " in result.detail


def test_a_file_above_the_budget_is_refused(gate, files):
    size = (files[GOOD] / "Format-Serving" / "model.tflite").stat().st_size / 1e6
    assert gate(max_megabytes=size).verdict.passed
    said = gate(max_megabytes=size * 0.999)
    assert refusals(said) == ["float32 size MB"]
    assert said.results["float32 size MB"].value == size


def test_a_slow_file_warns_unless_the_config_says_refuse(gate):
    said = gate(max_latency_ms=1e-6)
    assert said.verdict.passed
    assert said.results["float32 latency ms"].warns
    assert read_metadata(delivered(said)).left_out == {}
    assert refusals(gate(max_latency_ms=1e-6, slow_refuses=True)) == ["float32 latency ms"]


def test_a_model_that_could_not_be_converted_is_refused(phone, tmp_path):
    folder = tmp_path / "Format-Serving"
    folder.mkdir()
    (folder / "conversion_error.txt").write_text("LLVM ERROR: no\n\nall of it")
    said = phone.judge(tmp_path, "unconverted")
    (result,) = said.verdict.results
    assert result.refuses
    assert result.detail == "the model could not be converted: LLVM ERROR: no"
    assert said.blessing.get_int_custom_property("blessed") == 0


def test_a_file_that_is_cut_off_is_refused(phone, files, tmp_path):
    folder = tmp_path / "Format-Serving"
    folder.mkdir()
    for path in (files[GOOD] / "Format-Serving").iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:100] if path.suffix == ".tflite" else content)
    said = phone.judge(tmp_path, "cut-off")
    assert refusals(said) == ["float32 faults"]
    assert said.blessing.get_int_custom_property("blessed") == 0
