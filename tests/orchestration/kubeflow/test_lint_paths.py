"""Absolute paths, wherever they hide."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.lint.paths import absolute_paths, is_below, is_relative

NAMES = st.from_regex(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
# Whatever does not begin as a path, JSON or a flag does.
WORDS = st.from_regex(r"[A-Za-z][A-Za-z ]{0,10}(/[a-z]{1,5})?", fullmatch=True)
SCALARS = st.none() | st.booleans() | st.integers() | WORDS


@st.composite
def trees_with(draw, leaf):
    """Draws a JSON tree that holds a leaf once, at times inside of JSON in a string."""
    tree = leaf
    for _ in range(draw(st.integers(0, 4))):
        others = draw(st.lists(SCALARS, max_size=3))
        wrapped = {
            "list": [*others, tree],
            "object": {**dict(enumerate(map(str, others))), "key": tree},
            "text": json.dumps([tree]),
        }
        tree = wrapped[draw(st.sampled_from(sorted(wrapped)))]
    return tree


@given(PATHS.flatmap(lambda path: st.tuples(st.just(path), trees_with(path))))
def test_a_path_is_found_at_any_depth(drawn):
    path, tree = drawn
    assert list(absolute_paths(tree)) == [path]


@given(WORDS.flatmap(trees_with))
def test_other_words_are_no_paths(tree):
    assert list(absolute_paths(tree)) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("--serving_dir=/mnt/x", ["/mnt/x"]),
        ("-d=/mnt/x", ["/mnt/x"]),
        ('--places={"a": "/mnt/x"}', ["/mnt/x"]),
        ("file:///mnt/x", ["/mnt/x"]),
        (["/a", {"b": "/c"}], ["/a", "/c"]),
        ('"/a"', ["/a"]),
        ("/a b/c", ["/a b/c"]),
        ("{{$}}", []),
        ("{not json: /a}", []),
        ("[" * 100_000, []),
        ("gs://bucket/a", []),
        ("minio://bucket/a", []),
        ("pkg:tfx/data.csv", []),
        ("schema/taxi/schema.pbtxt", []),
        ("a = /b", []),
        ("/", []),
        ("// a comment", []),
        ("/ 2", []),
        ("", []),
        (None, []),
        (3.0, []),
        (b"/a", []),
    ],
)
def test_where_paths_are(value, found):
    assert list(absolute_paths(value)) == found


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
