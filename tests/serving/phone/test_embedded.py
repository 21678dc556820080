"""Metadata inside of a .tflite file."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.phone.embedded import embedded_json
from serving.phone.metadata import read_embedded_metadata
from tests.serving.edge_world import metadata, with_metadata


def test_the_entry_is_found_among_others(models):
    text = json.dumps(metadata(model="Größe"), ensure_ascii=False)
    content = with_metadata(models["regression"], b"other", "model_metadata.json.old")
    assert json.loads(embedded_json(content, "here")) == metadata("regression")
    other = with_metadata(models["regression"], text.encode(), "another")
    assert json.loads(embedded_json(other, "here")) == metadata("regression")


def test_it_is_read_as_the_file_beside_is(models):
    read = read_embedded_metadata(models["multiclass"], "model.tflite")
    assert (read.label.task, read.files) == ("multiclass", {})
    assert [tensor.name for tensor in read.inputs][:2] == ["fare", "trip_start_hour"]
    assert math.isnan(read.inputs[0].missing)


@pytest.fixture(scope="module")
def bare(models):
    """A model without our metadata."""
    return models["regression"].replace(b"model_metadata.json", b"model_metadata.jsox")


def test_a_model_of_others_is_told(bare):
    with pytest.raises(ServingError, match="no metadata inside of here"):
        embedded_json(bare, "here")


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\3\4 a zip", b"\0" * 100])
def test_what_is_no_model_is_told(content):
    with pytest.raises(ServingError, match=r"here is no \.tflite file"):
        embedded_json(content, "here")


def test_an_entry_that_is_no_json_is_told(bare):
    for text in (b"\xff", b"", b"{}"):
        with pytest.raises(ServingError, match="here"):
            read_embedded_metadata(with_metadata(bare, text), "here")


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(pushed, data):
    content = bytearray((pushed / "model.tflite").read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        # The tables at the beginning are what is followed.
        place = data.draw(st.integers(8, 600) | st.integers(8, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(8, len(content)))
    try:
        read_embedded_metadata(bytes(content[:cut]), "here")
    except ServingError as error:
        assert "here" in error.what  # noqa: PT017, it may be read as well
