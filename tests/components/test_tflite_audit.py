"""What a file is made of, told without running it; broken files are told as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tflite_audit import faults


@pytest.fixture(scope="module")
def content(phone):
    folder = phone.spoil("none")["none"]
    return (folder / "Format-Serving" / "model.tflite").read_bytes()


def test_a_good_file_has_no_fault(content):
    assert faults(content) == []


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_no_model(junk):
    assert faults(junk) in (["the file is no TFLite model"], ["the file is damaged"])
    assert faults(b"\x1c\0\0\0TFL3" + junk) != []


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6])
def test_a_file_that_is_cut_off_is_damaged(content, share):
    # The parts that lie at the end of a file are what is read first.
    assert faults(content[: int(len(content) * share)]) == ["the file is damaged"]
