"""Which model is meant where nobody names one."""

import pytest

from serving.errors import ServingError
from serving.pushed import only_model


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
