"""Which server judges on this machine, and what is said of one that is not there."""

import pytest

from orchestration.local.judging_server import judging_server
from usecase.errors import UserError


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with nothing on its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_where_there_is_no_other_the_embedded_server_judges(bare):
    assert judging_server("auto") == "embedded"
    assert judging_server("embedded") == "embedded"


def test_the_real_server_judges_where_it_is(bare):
    program = bare / "tensorflow_model_server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert judging_server("auto") == "binary"
    assert judging_server("binary") == "binary"
    assert judging_server("embedded") == "embedded"


@pytest.mark.parametrize(
    ("wanted", "what"), [("binary", "tensorflow_model_server"), ("docker", "[Dd]ocker")]
)
def test_a_server_that_is_wanted_and_not_there_is_told_with_a_way_out(bare, wanted, what):
    with pytest.raises(UserError, match=rf"^serving\.server: .*{what}") as caught:
        judging_server(wanted)
    assert caught.value.fix
