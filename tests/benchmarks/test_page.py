"""A benchmark writes its own part of the page, and no other."""

import pytest

from benchmarks import page
from benchmarks.page import write

TEXT = """# Benchmarks
<!-- written by make bench -->

old

<!-- end of make bench -->
<!-- written by make other -->

kept

<!-- end of make other -->
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(TEXT)
    return path


def test_what_was_written_before_is_replaced(file):
    write("make bench", ["| a |", "| 1 |"], file)
    assert file.read_text() == TEXT.replace("old", "| a |\n| 1 |")
    write("make bench", ["old"], file)
    assert file.read_text() == TEXT


def test_a_command_without_a_place_leaves_the_page_alone(file):
    with pytest.raises(ValueError, match="no place for make unknown"):
        write("make unknown", ["new"], file)
    assert file.read_text() == TEXT


def test_a_place_that_is_not_closed_is_none(file):
    file.write_text(TEXT.replace("<!-- end of make bench -->", ""))
    with pytest.raises(ValueError, match="no place for make bench"):
        write("make bench", ["new"], file)


def test_the_page_has_a_place_for_make_bench():
    text = page.PAGE.read_text()
    begin, end = (mark.format("make bench") for mark in (page.BEGIN, page.END))
    assert text.count(begin) == text.count(end) == 1
    assert text.index(begin) < text.index(end)
