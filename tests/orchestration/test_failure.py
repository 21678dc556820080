"""What nobody foresaw is one line, and its traceback is kept."""

from pathlib import Path

import pytest

from orchestration.failure import unforeseen


@pytest.fixture
def error():
    try:
        raise ZeroDivisionError("by chance")
    except ZeroDivisionError as caught:
        return caught


def kept(told):
    assert told.what == "this should not have happened: ZeroDivisionError: by chance"
    begin, _, path = told.fix.partition(", with ")
    assert begin == "please report it"
    text = Path(path).read_text()
    assert text.startswith("Traceback (most recent call last):\n")
    assert 'raise ZeroDivisionError("by chance")' in text
    return Path(path)


def test_the_folder_is_made(error, tmp_path):
    folder = tmp_path / "not" / "yet"
    assert kept(unforeseen(error, folder)) == folder / "crash.log"


def test_without_a_folder_it_is_kept_all_the_same(error, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert kept(unforeseen(error)).parents[1] == tmp_path


def test_where_the_folder_cannot_be_it_is_kept_elsewhere(error, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    assert kept(unforeseen(error, tmp_path / "file" / "below")).parents[1] == tmp_path
