"""The folders of artifacts, and a file that is whole or not there."""

import json

import pytest

from orchestration.kubeflow.entrypoint.folders import make_folders, write
from tests.orchestration.kubeflow.pod_world import asked, executor_input, given


@pytest.fixture
def made(tmp_path):
    def make(inputs, outputs):
        make_folders(executor_input(inputs, outputs, {}, "/out.json"))
        return {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")}

    return make


def test_outputs_and_inputs_that_were_empty(made, tmp_path):
    found = made({"i": given(f"{tmp_path}/i")}, {"o": asked(f"{tmp_path}/o", "tfx.Model")})
    assert found == {"i", "o"}


def test_of_a_value_only_what_is_around_it(made, tmp_path):
    value = asked(f"{tmp_path}/o/value", "tfx.String")
    assert made({"i": asked(f"{tmp_path}/i/value", "tfx.String")}, {"o": value}) == {"o"}


def test_inputs_are_left_as_they_are(made, tmp_path):
    (tmp_path / "i").mkdir()
    (tmp_path / "i" / "data").write_text("rows")
    (tmp_path / "file").write_text("text")
    inputs = {"i": given(f"{tmp_path}/i"), "f": given(f"{tmp_path}/file")}
    assert made(inputs, {}) == {"i", "i/data", "file"}


def test_what_an_earlier_attempt_left_in_an_output_is_gone(made, tmp_path):
    (tmp_path / "o" / "7").mkdir(parents=True)
    (tmp_path / "o" / "7" / "half").write_text("written")
    assert made({}, {"o": asked(f"{tmp_path}/o", "tfx.Model")}) == {"o"}


def test_what_lies_at_an_address_is_not_touched(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert made({"i": given("gs://b/i")}, {"o": asked("gs://b/o", "tfx.Model")}) == set()


def test_a_file_is_written_with_its_folder(tmp_path):
    write(tmp_path / "a" / "b.json", {"text": "ä"})
    assert json.loads((tmp_path / "a" / "b.json").read_text(encoding="utf-8")) == {"text": "ä"}
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.json"]


def test_a_file_that_cannot_be_written_whole_is_not_there(tmp_path):
    with pytest.raises(TypeError):
        write(tmp_path / "b.json", {"text": object()})
    assert not (tmp_path / "b.json").exists()
