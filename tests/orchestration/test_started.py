"""What a run leaves when it starts, and how one that never ended is found."""

import json
import os
from datetime import datetime, timezone

import pytest

from orchestration.local.asked import Asked
from orchestration.local.started import STARTED_FILE, Started, unfinished

ASKED = Asked("configs/taxi.yaml", "rows.csv", 3, True, ("a.b=1",), "--to Trainer")
FIRST, SECOND, THIRD = (f"2026-11-20T1{hour}-00-00" for hour in range(3))


@pytest.fixture
def begin(tmp_path):
    """Returns a function that starts a run."""

    def begin(run_id, *, use_case="taxi", key="key"):
        folder = tmp_path / run_id
        folder.mkdir()
        started = Started.now(use_case, ASKED, key, FIRST)
        started.write(folder)
        return folder, started

    return begin


def test_what_is_written_is_read(begin):
    folder, started = begin(FIRST)
    read = Started.read(folder)
    assert (read, read.asked) == (started, ASKED)
    raw = json.loads((folder / STARTED_FILE).read_text())
    assert raw["started"] == started.started
    moment = datetime.fromisoformat(raw.pop("started"))
    assert abs((datetime.now(timezone.utc) - moment).total_seconds()) < 60
    assert raw == {
        "use_case": "taxi",
        "config": "configs/taxi.yaml",
        "pid": os.getpid(),
        "key": "key",
        "selection": "--to Trainer",
        "overrides": ["a.b=1"],
        "data": "rows.csv",
        "span": 3,
        "tune": True,
        "origin": FIRST,
        "origin_started": started.started,
        "interrupted": "",
    }


def test_one_that_was_interrupted_says_when(begin):
    folder, started = begin(FIRST)
    started.write_interrupted(folder)
    read = Started.read(folder)
    assert datetime.fromisoformat(read.interrupted) >= datetime.fromisoformat(read.started)
    assert read.key == started.key


def found(runs, before=THIRD):
    return list(unfinished(runs, "taxi", before=before))


def test_when_the_first_of_them_began_is_noted():
    moment = "2026-11-20T10:00:00+00:00"
    assert Started.now("taxi", ASKED, "key", FIRST, moment).origin_started == moment


def test_those_that_never_ended_are_found_the_last_first(begin, tmp_path):
    _, first = begin(FIRST)
    _, second = begin(SECOND, key="other")
    begin(THIRD)
    assert found(tmp_path) == [(SECOND, second), (FIRST, first)]
    assert found(tmp_path, before=SECOND) == [(FIRST, first)]


@pytest.mark.parametrize("name", [f"{SECOND}.bak", "2026-11-20T11-00-00-copy", "2026-11-20"])
def test_a_copy_of_a_run_is_none(begin, tmp_path, name):
    _, first = begin(FIRST)
    copy, _ = begin(name)
    assert found(tmp_path) == [(FIRST, first)]
    (copy / "run.json").write_text("{}")
    assert found(tmp_path) == [(FIRST, first)]


def test_one_that_ended_is_not_gone_on_with(begin, tmp_path):
    begin(FIRST)
    folder, _ = begin(SECOND)
    (folder / "run.json").write_text("{}")
    assert found(tmp_path) == []
    assert [run_id for run_id, _ in found(tmp_path, before=SECOND)] == [FIRST]


def test_one_that_failed_before_its_first_node_is_passed_over(begin, make_record, tmp_path):
    _, first = begin(FIRST)
    folder, _ = begin(SECOND)
    make_record(SECOND, "failed", nodes=()).write(folder)
    assert found(tmp_path) == [(FIRST, first)]
    make_record(SECOND, "failed").write(folder)  # behind its first node
    assert found(tmp_path) == []


def test_other_use_cases_and_older_formats_do_not_count(begin, tmp_path):
    begin(FIRST)
    begin(SECOND, use_case="wine")
    damaged, _ = begin(THIRD)
    (damaged / STARTED_FILE).write_text("{")
    (tmp_path / "2026-11-20T13-00-00").mkdir()
    assert [run_id for run_id, _ in found(tmp_path, before="2026-11-20T14-00-00")] == [FIRST]


def test_there_may_be_none(tmp_path):
    assert found(tmp_path / "runs") == []
