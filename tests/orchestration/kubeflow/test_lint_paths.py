"""Absolute paths where a node or its container is told one, and nowhere else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.lint.paths import (
    PLACES,
    is_below,
    is_relative,
    paths_of_arguments,
    paths_of_input,
)

NAMES = st.from_regex(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
INPUTS = [(name, place) for name, places in PLACES.items() for place in places]
OTHERS = st.dictionaries(st.sampled_from(["keep", "page", "query"]), PATHS | st.integers())


@st.composite
def values_at(draw, place, leaf):
    """Draws a value that holds a leaf at a place, any object of it as JSON in a string or not."""
    value = leaf
    for key in reversed(place):
        value = {**draw(OTHERS), key: value}
        value = json.dumps(value) if draw(st.booleans()) else value
    return value


@given(st.data(), st.sampled_from(INPUTS), PATHS)
def test_a_path_is_found_where_an_input_has_one(data, known, path):
    name, place = known
    assert list(paths_of_input(name, data.draw(values_at(place, path)))) == [path]


@given(st.data(), st.sampled_from(INPUTS), PATHS)
def test_no_other_input_has_one(data, known, path):
    value = data.draw(values_at(known[1], path))
    assert list(paths_of_input("settings", value)) == []
    assert list(paths_of_input("eval_config", value)) == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("push_dir", "/mnt/x", ["/mnt/x"]),
        ("push_dir", "file:///mnt/x", ["/mnt/x"]),
        ("push_dir", "/a b/c", ["/a b/c"]),
        ("runtime_data", "/", ["/"]),
        ("custom_config", {"sibling": "/a", "settings": '{"checkpoint_dir": "/b"}'}, ["/a", "/b"]),
        ("custom_config", '{"serving": {"sibling": "/a"}, "pages": ["/b"]}', []),
        ("custom_config", '{"settings": "/a"}', []),
        ("push_destination", "{not json: /a}", []),
        ("push_destination", "[" * 100_000, []),
        ("push_destination", "/a", []),
        ("push_dir", "gs://bucket/a", []),
        ("push_dir", "minio://bucket/a", []),
        ("input_base", "pkg:tfx/data.csv", []),
        ("schema_file", "schema/taxi/schema.pbtxt", []),
        ("input_base", "", []),
        ("input_base", None, []),
        ("input_base", 3.0, []),
        ("query", "/* trips */ SELECT 1", []),
    ],
)
def test_where_paths_are(name, value, found):
    assert list(paths_of_input(name, value)) == found


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("--serving_dir=/mnt/x", ["/mnt/x"]),
        ("-d=/mnt/x", ["/mnt/x"]),
        ("/mnt/x", ["/mnt/x"]),
        ("--temp_location=file:///mnt/x", ["/mnt/x"]),
        ("--temp_location=gs://b/x", []),
        ("--environment_config=/opt/boot", []),
        ('--environment_config={"command": "/opt/apache/beam/boot"}', []),
        ("--environment_options=/opt/boot", []),
        ("--flink_job_server_jar=/opt/flink.jar", []),
        ("--spark_job_server_jar=/opt/spark.jar", []),
        ("--job_server_java_launcher=/usr/bin/java", []),
        ("--another_environment_config=/opt/boot", ["/opt/boot"]),
        ('[["min_auc", 0, "eval_config", "/checkout"]]', []),
        ("{{$}}", []),
        ("a = /b", []),
        ("", []),
    ],
)
def test_paths_among_arguments(argument, found):
    assert list(paths_of_arguments(["--flag=1", argument])) == found


@given(PATHS, PATHS)
def test_a_path_is_below_its_folders(folder, rest):
    assert is_below(folder, [folder])
    assert is_below(folder + rest, [folder, "/elsewhere"])
    assert is_below(f"{folder}/x/..{rest}", [folder + "/"]) is True
    assert not is_below(folder + "_" + rest, [folder])
    assert not is_below(folder, [])


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [
        ("/mnt/x", "/mnt/x", True),
        ("/mnt/x/../y", "/mnt/x", False),
        ("/mnt/xy", "/mnt/x", False),
        ("/tmp/a", "/tmp", True),
        ("/mnt", "/mnt/x", False),
    ],
)
def test_a_path_that_leads_out_is_not_below(path, folder, below):
    assert is_below(path, [folder]) is below


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        ("data.csv", True),
        ("../data", True),
        ("a:b", True),
        ("/data", False),
        ("pkg:tfx/data.csv", False),
        ("gs://b/data", False),
        ("s3://b", False),
        ("", False),
    ],
)
def test_what_starts_from_the_working_directory(text, relative):
    assert is_relative(text) is relative
