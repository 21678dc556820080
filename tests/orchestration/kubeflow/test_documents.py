"""Documents as text."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.documents import json_text, spec_comment, yaml_text

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
)
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
