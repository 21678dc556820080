"""Documents as text."""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.kubeflow.documents import json_text, spec_comment, yaml_text

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
)
# What is no text to a reader of YAML: the types of 1.1, the core schema of 1.2, and Go's yaml.v3.
NO_TEXT = [
    r"~|null|Null|NULL|",
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+",
    r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
    r"[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?(?<=[0-9.].)",
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    r"([-+]_*)?0_*[bBoOxX]_*[0-9a-fA-F][0-9a-fA-F_]*|[-+]_*[0-9][0-9_]*",
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?Z?)?",
    r"<<|=",
]
ODD = st.one_of([st.from_regex(pattern, fullmatch=True) for pattern in NO_TEXT])
TEXTS = st.text() | ODD | st.from_regex(r"[-+.]?[0-9a-z_.:+-]{1,6}", fullmatch=True)
SPEC = {
    "pipelineInfo": {"name": "taxi"},
    "root": {
        "inputDefinitions": {
            "parameters": {
                "b": {"defaultValue": "x\ny", "description": "Second"},
                "a": {"defaultValue": 0.5, "description": "First"},
            }
        }
    },
}


def test_keys_are_sorted_behind_the_comment():
    documents = [{"b": {"d": 1, "c": [1.0, "x"]}, "a": ""}, {"e": None}]
    assert yaml_text(["one", "", "two"], documents) == (
        "# one\n#\n# two\na: ''\nb:\n  c:\n  - 1.0\n  - x\n  d: 1\n---\ne: null\n"
    )


def test_what_stands_in_two_places_is_written_out_twice():
    shared = {"a": ["b"]}
    text = yaml_text([], [{"one": shared, "two": shared, "three": [shared, shared]}])
    assert "&" not in text
    assert "*" not in text


@given(st.dictionaries(st.text(), TREES, max_size=4))
def test_yaml_is_read_back_as_it_was(document):
    text = yaml_text(["x"], [document, {"second": True}])
    assert list(yaml.safe_load_all(text)) == [document, {"second": True}]
    assert text.isascii()


def plain_scalars(text):
    """Returns the texts that stand in YAML without quotes."""
    return [
        event.value
        for event in yaml.parse(text)
        if isinstance(event, yaml.ScalarEvent) and event.style is None
    ]


@example({".E-00": ["1e5", "08", "-_1", "y"]})
@given(st.dictionaries(TEXTS, st.lists(TEXTS), max_size=4))
def test_a_text_is_a_text_for_every_reader(document):
    text = yaml_text([], [document])
    assert yaml.safe_load(text) == document
    for plain in plain_scalars(text):
        assert not any(re.fullmatch(pattern, plain) for pattern in NO_TEXT), plain


@pytest.mark.parametrize(
    "odd",
    ["1e-4", "1e5", "1.5e3", "08", "1E9", "0o17", "-0b1", "+_1", ".5", "1_0", "2026-1-2", "y", "N"],
)
def test_what_some_reader_takes_for_more_than_text_is_quoted(odd):
    assert yaml_text([], [{"a": odd, odd: [odd]}]).count(f"'{odd}'") == 3


@pytest.mark.parametrize(
    "usual", ["--flag=1", "-m", "a1", "you", "gs://b/c", "python", "_1", "x.y"]
)
def test_other_texts_stand_as_they_are(usual):
    assert yaml_text([], [{"a": usual}]) == f"a: {usual}\n"


@pytest.mark.parametrize(("number", "shown"), [(1e-4, "0.0001"), (1e16, "1.0e+16"), (-8, "-8")])
def test_numbers_are_no_texts(number, shown):
    assert yaml_text([], [{"a": number}]) == f"a: {shown}\n"


@given(st.dictionaries(st.text(), TREES, min_size=2, max_size=4))
def test_the_order_of_keys_does_not_matter(document):
    other = dict(reversed(document.items()))
    assert yaml_text([], [document]) == yaml_text([], [other])
    assert json_text(document) == json_text(other)


def test_the_comment_is_one_line_for_each_input():
    assert spec_comment(SPEC, "Vertex AI") == [
        "Pipeline taxi for Vertex AI",
        "",
        "What a run may set, and what it is otherwise:",
        "  a = 0.5  First",
        '  b = "x\\ny"  Second',
    ]
    assert spec_comment({**SPEC, "root": {}}, "Vertex AI") == ["Pipeline taxi for Vertex AI"]
