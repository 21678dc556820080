"""Which images are always the same ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.lint.images import is_pinned, why_not_pinned

HOSTS = st.sampled_from(["", "gcr.io/", "registry:5000/", "localhost:1/", "10.0.0.1:80/a/"])
NAMES = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+)?", fullmatch=True)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
DIGESTS = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(HOSTS, NAMES, TAGS)
def test_a_tag_pins_but_for_latest(host, name, tag):
    assert is_pinned(f"{host}{name}:{tag}") is (tag != "latest")


@given(HOSTS, NAMES)
def test_without_a_tag_it_is_the_latest_even_at_a_port(host, name):
    assert not is_pinned(f"{host}{name}")
    assert not is_pinned(f"{host}{name}:latest")


@given(HOSTS, NAMES, st.sampled_from(["", ":latest", ":1"]), DIGESTS)
def test_a_digest_pins_whatever_the_tag(host, name, tag, digest):
    assert is_pinned(f"{host}{name}{tag}@{digest}")


@pytest.mark.parametrize(
    "image",
    ["", ":1", "a:", "a@", "a@sha256:", "a@sha256:12", "@sha256:" + 64 * "a", "a:-1", "a:b:"],
)
def test_what_is_no_reference_pins_nothing(image):
    assert not is_pinned(image)


def test_why():
    assert why_not_pinned("a:latest") == 'the image "a:latest" may be another one tomorrow'
    assert why_not_pinned("a:1") is None
