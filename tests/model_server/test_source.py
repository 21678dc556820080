import logging

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import file_system_storage_path_source_pb2

from model_server import source
from model_server.status import StatusError

POLICY = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


def policy(text=""):
    return text_format.Parse(text, POLICY())


def find(folder, text=""):
    return source.find_versions("m", str(folder), policy(text))


@pytest.fixture
def base(tmp_path):
    for name in ("1", "00000007", "12", "tmp-13", "13.tmp", "v14", " 15", "9223372036854775808"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {12: "12"}),
        ("latest {}", {12: "12"}),
        ("latest { num_versions: 0 }", {12: "12"}),
        ("latest { num_versions: 2 }", {12: "12", 7: "00000007"}),
        ("latest { num_versions: 9 }", {12: "12", 7: "00000007", 1: "1"}),
        ("all {}", {12: "12", 7: "00000007", 1: "1"}),
        ("specific { versions: 7 }", {7: "00000007"}),
        ("specific { versions: 1 versions: 12 }", {1: "1", 12: "12"}),
    ],
)
def test_a_policy_chooses_among_the_numbers(base, text, wanted):
    assert find(base, text) == {version: f"{base}/{name}" for version, name in wanted.items()}


def test_a_specific_version_that_is_missing_is_warned_of(base, caplog):
    with caplog.at_level(logging.WARNING):
        assert list(find(base, "specific { versions: 1 versions: 5 }")) == [1]
    assert (
        "Version 5 of servable m, which was requested to be served as a 'specific' version in the "
        "servable's version policy, was not found in the file system" in caplog.text
    )
    assert "Version 1 of" not in caplog.text


def test_no_version_is_warned_of(tmp_path, caplog):
    (tmp_path / "saved_model.pb").touch()
    assert find(tmp_path) == {}
    assert (
        f"No versions of servable m found under base path {tmp_path}. Did you forget to name your "
        "leaf directory as a number (eg. '/1/')?" in caplog.text
    )


def test_two_names_of_one_version_are_warned_of(tmp_path, caplog):
    for name in ("1", "01"):
        (tmp_path / name).mkdir()
    assert find(tmp_path, "all {}") == {1: f"{tmp_path}/1"}
    assert "Version 1 will be loaded from 1, 01 will be ignored." in caplog.text


def test_a_base_path_that_is_not_there_says_nothing_about_versions(tmp_path):
    with pytest.raises(StatusError) as caught:
        find(tmp_path / "none")
    assert caught.value.message == (
        f"Could not find base path {tmp_path}/none for servable m with error "
        f"NOT_FOUND: {tmp_path}/none not found"
    )


def test_a_uri_is_looked_up_by_tensorflow(base):
    assert find(f"file://{base}", "latest { num_versions: 2 }") == {
        12: f"file://{base}/12",
        7: f"file://{base}/00000007",
    }
    with pytest.raises(StatusError, match="Could not find base path file:///no/such"):
        find("file:///no/such")
