"""Records of runs: written whole, read back, and skipped where they cannot be read."""

import dataclasses
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.records import RECORD_FILE, Ingredients, RunRecord, records
from orchestration.results import Destination, Release, RunResult
from serving.releases.state import Canary

TEXTS = st.dictionaries(st.text(), st.text(), max_size=3)
INGREDIENTS = st.builds(
    Ingredients,
    code=TEXTS,
    files=TEXTS,
    lock=st.text(),
    config=TEXTS,
    inputs=st.dictionaries(st.text(), st.lists(st.integers()), max_size=3),
)


def write(runs, record):
    folder = runs / record.result.run_id
    folder.mkdir(parents=True)
    record.write(folder)
    return folder


def ids(runs, use_case="taxi"):
    return [record.result.run_id for record in records(runs, use_case)]


@pytest.mark.parametrize(
    "verdict", ["pushed", "partly_pushed", "not_pushed", "up_to_date", "stopped", "failed"]
)
def test_a_record_is_read_as_it_was_written(tmp_path, make_record, verdict):
    record = make_record("run", verdict, pushed_digest="serving/7-abc", error="out of memory")
    assert RunRecord.read(write(tmp_path, record)) == record


@pytest.mark.parametrize("release", [None, Release(7), Release(7, Canary(8, 12.5))])
def test_a_release_is_read_as_it_was_written(tmp_path, make_record, release):
    record = make_record("run", release=release, release_problem="no answer")
    assert RunRecord.read(write(tmp_path, record)) == record


def test_a_record_of_before_there_were_releases_is_read(tmp_path, make_record):
    record = make_record("run")
    path = write(tmp_path, record) / RECORD_FILE
    raw = json.loads(path.read_text())
    del raw["result"]["release"], raw["result"]["release_problem"]
    path.write_text(json.dumps(raw))
    assert RunRecord.read(path.parent) == record


ABOUT = {
    "config": {"name": "taxi", "split": {"train": 8}, "network": {"hidden_units": [8, 4]}},
    "selection": "--from Trainer --to Evaluator",
    "data": {"/rows.csv": "0123456789abcdef"},
    "overrides": ["training.max_epochs=2"],
}


def test_what_a_run_was_made_of_is_read_as_it_was_written(tmp_path, make_record):
    record = dataclasses.replace(make_record("run"), **ABOUT)
    assert RunRecord.read(write(tmp_path, record)) == record


def test_a_record_of_before_that_was_kept_is_read(tmp_path, make_record):
    record = make_record("run")
    path = write(tmp_path, record) / RECORD_FILE
    raw = json.loads(path.read_text())
    for name in ABOUT:
        del raw[name]
    path.write_text(json.dumps(raw))
    assert RunRecord.read(path.parent) == record
    assert (record.config, record.selection, record.data, record.overrides) == ({}, "", {}, [])


@settings(deadline=None, max_examples=50)
@given(parts=st.dictionaries(st.text(), INGREDIENTS, max_size=2), key=st.text())
def test_any_ingredients_survive(tmp_path_factory, parts, key):
    result = RunResult("run", "failed", "", (), (), (), {}, None, None, "run.log")
    record = RunRecord(result, "taxi", key, "", parts)
    assert RunRecord.read(write(tmp_path_factory.mktemp("runs"), record)) == record


def test_nan_survives(tmp_path, make_record):
    folder = write(tmp_path, make_record("run", metrics={"auc": math.nan}))
    assert math.isnan(RunRecord.read(folder).result.metrics["auc"])


def test_a_record_replaces_the_last_one_in_whole(tmp_path, make_record):
    folder = write(tmp_path, make_record("run", "failed", key="a much longer key" * 100))
    (folder / f"{RECORD_FILE}.new").write_text("half of a rec")
    make_record("run").write(folder)
    assert RunRecord.read(folder) == make_record("run")
    assert [path.name for path in folder.iterdir()] == [RECORD_FILE]


def test_newest_first(tmp_path, make_record):
    written = ["2026-01-02T00-00-00", "2026-01-10T00-00-00", "2025-12-31T23-59-59"]
    for run_id in written:
        write(tmp_path, make_record(run_id))
    assert ids(tmp_path) == sorted(written, reverse=True)


def test_only_those_of_the_use_case(tmp_path, make_record):
    write(tmp_path, make_record("1"))
    write(tmp_path, make_record("2", use_case="trips"))
    assert ids(tmp_path) == ["1"]
    assert ids(tmp_path, "trips") == ["2"]


def test_no_runs_no_records(tmp_path):
    assert ids(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "7", '"text"', "[]", "{}", '{"ingredients": {}}', "\xff"),
        '{"ingredients": {}, "result": {}}',
        '{"ingredients": {}, "result": {"nodes": 7}}',
        '{"ingredients": []}',
        '{"ingredients": null}',
        '{"ingredients": {"Trainer": 7}}',
        '{"ingredients": {"Trainer": {"code": {}}}}',
    ],
)
def test_what_is_no_record_is_skipped(tmp_path, make_record, text):
    write(tmp_path, make_record("1"))
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / RECORD_FILE).write_text(text, encoding="latin-1")
    assert ids(tmp_path) == ["1"]


def without(raw, *path):
    for key in path[:-1]:
        raw = raw[key]
    del raw[path[-1]]


def with_extra(raw, *path):
    for key in path[:-1]:
        raw = raw[key]
    raw[path[-1]] = 1


@pytest.mark.parametrize("spoil", [without, with_extra])
@pytest.mark.parametrize(
    "path",
    [
        ("key",),
        ("result", "headline"),
        ("result", "nodes", 0, "stage"),
        ("result", "gates", 0, "bound"),
        ("result", "destinations", 0, "name"),
        ("ingredients", "Trainer", "lock"),
    ],
    ids=lambda path: ".".join(map(str, path)) if isinstance(path, tuple) else None,
)
def test_a_record_of_another_version_of_this_program_is_skipped(tmp_path, make_record, spoil, path):
    folder = write(tmp_path, make_record("1"))
    raw = json.loads((folder / RECORD_FILE).read_text())
    if spoil is with_extra:
        path = (*path[:-1], "a field of the future")
    spoil(raw, *path)
    (folder / RECORD_FILE).write_text(json.dumps(raw))
    assert ids(tmp_path) == []


def test_a_record_from_before_there_were_mobile_models_is_read(tmp_path, make_record):
    record = make_record("1", pushed_digest="7-abc")
    folder = write(tmp_path, record)
    raw = json.loads((folder / RECORD_FILE).read_text())
    raw["serving_digest"] = raw.pop("pushed_digest")
    del raw["result"]["destinations"][0]["refused"]
    del raw["result"]["gates"][0]["binding"]
    (folder / RECORD_FILE).write_text(json.dumps(raw))
    assert RunRecord.read(folder) == record


def test_what_each_destination_was_refused_for_is_kept(tmp_path, make_record):
    places = (Destination("serving", True, 7), Destination("mobile", False, None, "tflite gate: x"))
    folder = write(tmp_path, make_record("1", "partly_pushed", destinations=places))
    assert RunRecord.read(folder).result.destinations == places
    assert RunRecord.read(folder).result.exit_code == 1


def test_what_else_lies_among_the_runs_is_skipped(tmp_path, make_record):
    write(tmp_path, make_record("1"))
    (tmp_path / "2").mkdir()
    (tmp_path / "3").write_text("a file")
    assert ids(tmp_path) == ["1"]
