"""Which file a path means, and whether it is the one that was pushed."""

import json
import shutil

import pytest

from serving.errors import ServingError
from serving.phone.location import find_model


def test_a_version_and_its_variants(pushed, models):
    assert find_model(pushed).path == pushed / "model.tflite"
    assert find_model(str(pushed), "int8").content == models["binary_shifted"]
    assert set(find_model(pushed).metadata.files) == {"model.tflite", "model_int8.tflite"}


def test_the_highest_version_is_taken(push, tmp_path):
    for version in ("9", "10", "1"):
        push(tmp_path / version, model=f"model{version}")
    (tmp_path / "11.incoming").mkdir()
    (tmp_path / "12").touch()
    found = find_model(tmp_path)
    assert (found.path, found.metadata.model) == (tmp_path / "10" / "model.tflite", "model10")


def test_a_version_is_no_folder_of_versions(push, tmp_path):
    folder = push(tmp_path / "7")
    (folder / "8").mkdir()
    assert find_model(folder).path == folder / "model.tflite"


def test_one_file_says_itself_what_it_is(pushed, tmp_path):
    shutil.copy(pushed / "model_int8.tflite", tmp_path / "any.name")
    found = find_model(tmp_path / "any.name")
    assert (found.metadata.model, found.metadata.files) == ("trips", {})


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(ServingError, match=f"no such folder or file: {tmp_path / 'gone'}"):
        find_model(tmp_path / "gone")


def test_a_folder_without_metadata(tmp_path, models):
    with pytest.raises(ServingError, match="no metadata") as caught:
        find_model(tmp_path)
    (tmp_path / "model.tflite").write_bytes(models["binary"])
    (tmp_path / "3").mkdir()  # and no version of it
    with pytest.raises(ServingError, match="no metadata") as caught:
        find_model(tmp_path)
    assert "or name one .tflite file" in caught.value.fix


def test_a_variant_that_is_not_there(push, tmp_path):
    folder = push(tmp_path / "7")
    with pytest.raises(ServingError, match="no variant float16 in") as caught:
        find_model(folder, "float16")
    assert "float32, int8" in caught.value.expected
    (folder / "model_int8.tflite").unlink()
    with pytest.raises(ServingError, match="no variant int8") as caught:
        find_model(folder, "int8")
    assert caught.value.expected.endswith(": float32")


def test_why_a_variant_was_left_out_is_told(push, tmp_path):
    folder = push(tmp_path / "7")
    content = json.loads((folder / "metadata.json").read_text())
    content["left_out"] = {"model_float16.tflite": "it loses 0.14"}
    (folder / "metadata.json").write_text(json.dumps(content))
    with pytest.raises(ServingError, match=r"no variant float16 in .*: it loses 0\.14"):
        find_model(folder, "float16")


def test_a_variant_that_is_not_known(pushed):
    with pytest.raises(ServingError, match='no variant "fp16"') as caught:
        find_model(pushed, "fp16")
    assert caught.value.expected == "float32 or float16 or int8"
    with pytest.raises(ServingError) as caught:
        find_model(pushed, "float61")
    assert "did you mean" in caught.value.fix


def test_a_file_that_is_not_the_one_that_was_pushed(push, tmp_path):
    folder = push(tmp_path / "7")
    content = bytearray((folder / "model.tflite").read_bytes())
    content[-1] ^= 1
    (folder / "model.tflite").write_bytes(content)
    with pytest.raises(ServingError, match="the file is damaged or was replaced"):
        find_model(folder)
    find_model(folder, "int8")
