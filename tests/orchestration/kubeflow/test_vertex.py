"""The job for Vertex AI."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.vertex import pipeline_job


def label(name):
    job = pipeline_job({"pipelineInfo": {"name": name}}, "gs://b/root", [])
    assert job["displayName"] == name
    return job["labels"]["pipeline"]


@given(st.text(max_size=130))
def test_a_label_is_one_that_google_takes(name):
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("taxi", "taxi"),
        ("a_b-9", "a_b-9"),
        ("Taxi.v2", "taxi-v2"),
        ("a" * 63, "a" * 63),
        ("a" * 60 + "bcde", "a" * 60 + "bcd"),
    ],
)
def test_a_label_is_the_name_as_far_as_that_goes(name, expected):
    assert label(name) == expected
