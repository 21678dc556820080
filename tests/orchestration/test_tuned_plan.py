"""With and without --tune: other runs, and what each node is compared with."""

import dataclasses
import json

import pytest

from orchestration.local.session import _last_ingredients
from orchestration.local.workspace import Workspace
from orchestration.plan import make_plan
from orchestration.records import RunRecord
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

TAXI = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text(encoding="utf-8")


@pytest.fixture
def key(tmp_path):
    """Returns the key of a run of the taxi use case with more in its file."""

    def key(more="", *, tune):
        path = tmp_path / "taxi.yaml"
        path.write_text(f"{TAXI}\n{more}\n", encoding="utf-8")
        return make_plan(str(path), tune=tune).key()

    return key


def test_a_run_with_a_search_is_another_run(key):
    assert key(tune=True) == key(tune=True)
    assert key(tune=False) == key(tune=False)
    assert key(tune=True) != key(tune=False)


def test_the_search_space_matters_to_a_search_alone(key):
    more = "tuning: {trials: 3}"
    assert key(more, tune=True) != key(tune=True)
    assert key(more, tune=False) == key(tune=False)
    assert key("network: {dropout: 0.2}", tune=False) != key(tune=False)


def test_a_faulty_space_is_told_before_anything_runs_with_or_without_tune(key):
    for tune in (True, False):
        with pytest.raises(ConfigError) as caught:
            key("tuning: {space: {network.dropout: [2.0]}}", tune=tune)
        assert "taxi.yaml: tuning.space.network.dropout: " in caught.value.what


@pytest.fixture
def workspace(tmp_path, make_record, make_ingredients):
    """A tuned run, then a pushed one without a Tuner, then one that failed at once."""
    space = Workspace(tmp_path, "taxi")

    def write(record: RunRecord):
        folder = space.runs / record.result.run_id
        folder.mkdir(parents=True)
        record.write(folder)

    nodes = {name: make_ingredients(lock=f"old {name}") for name in ("Tuner", "Trainer")}
    write(dataclasses.replace(make_record("2026-01-01T00-00-01"), ingredients=nodes))
    write(make_record("2026-01-01T00-00-02"))
    write(dataclasses.replace(make_record("2026-01-01T00-00-03", "failed"), ingredients={}))
    return space


def test_a_node_is_compared_with_its_last_run_however_long_ago(workspace):
    found = _last_ingredients(workspace, ["Trainer", "Tuner"])
    assert (found["Trainer"].lock, found["Tuner"].lock) == ("4", "old Tuner")


def test_no_record_is_read_that_says_nothing_new(workspace):
    oldest = workspace.runs / "2026-01-01T00-00-01" / "run.json"
    oldest.write_text(json.dumps({**json.loads(oldest.read_text()), "use_case": "other"}))
    assert set(_last_ingredients(workspace, ["Trainer"])) == {"Trainer"}
    assert set(_last_ingredients(workspace, ["Trainer", "Tuner"])) == {"Trainer"}
