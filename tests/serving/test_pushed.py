"""Which model is meant where nobody names one, which versions it has, and where those are from."""

import pytest

from serving.errors import ServingError
from serving.pushed import PUSH_RECORD, Push, only_model, push_of, versions


def test_the_only_one_is_taken(tmp_path):
    (tmp_path / "taxi").mkdir()
    (tmp_path / "notes.txt").touch()
    assert only_model(tmp_path, "--model NAME") == tmp_path / "taxi"


def test_none(tmp_path):
    with pytest.raises(ServingError, match="there is no model in") as caught:
        only_model(tmp_path / "gone", "--model NAME")
    assert caught.value.fix.endswith("or name one: --model NAME")


def test_several(tmp_path):
    (tmp_path / "two").mkdir()
    (tmp_path / "one").mkdir()
    with pytest.raises(ServingError, match=r"several models in .*: one, two") as caught:
        only_model(tmp_path, "--model-dir FOLDER")
    assert caught.value.fix == "choose: --model-dir FOLDER"


def test_versions_are_folders_with_a_number_without_leading_zeros(tmp_path):
    for name in ("10", "9", "007", "0", "incoming-11", "-3", "1.5", "\N{SUPERSCRIPT TWO}"):
        (tmp_path / name).mkdir()
    (tmp_path / "12").touch()
    assert versions(tmp_path) == [9, 10]
    assert versions(tmp_path / "12") == []
    assert versions(tmp_path / "gone") == []


def record(folder, version, text):
    path = folder / str(version) / PUSH_RECORD
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_where_a_version_is_from(tmp_path):
    record(tmp_path, 7, '{"run": "2026-11-26T02-00-11", "when": "2026-11-26T02:10:00Z", "x": 1}')
    assert push_of(tmp_path, 7) == Push("2026-11-26T02-00-11", "2026-11-26T02:10:00Z")
    assert push_of(tmp_path, 8) is None


@pytest.mark.parametrize(
    "text", ["", "7", "{}", '{"run": "a"}', '{"run": 1, "when": "b"}', "\x00", "[" * 100_000]
)
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    record(tmp_path, 7, text)
    assert push_of(tmp_path, 7) is None
