"""A store that other folders and machines use as well: what theirs is, or may be, stays."""

import io
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from ml_metadata.proto import metadata_store_pb2

from orchestration.local import store_probe
from orchestration.local.asked import Asked
from orchestration.local.history import cleaning, stores
from orchestration.local.history.clean_command import clean_folder
from orchestration.local.history.folders import find_runs
from orchestration.local.history.lineage import Lineage, Step
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.started import Started
from tests.orchestration.history import small_nodes
from tests.orchestration.history.small_nodes import workspace
from usecase.errors import UserError

A, B, C = (f"2026-01-0{day}T00-00-00" for day in (1, 2, 3))
OURS, THEIRS = 1, 2  # artifacts
SERVER = "postgresql://ml@db/pipelines"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "outputs"


def step(one, runs, *used, finished=True):
    """Returns an execution of the Trainer that made, or only used, artifacts."""
    outputs = {"model": used}
    return Step(one, "Trainer", frozenset(runs), {}, outputs, frozenset(used), False, finished)


def folder_of(root, one):
    folder = workspace(root).artifacts / "Trainer" / "model" / str(one)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def lineage(root, *steps):
    """Returns the lineage of executions, whose artifacts have the ids of their makers."""
    ids = {one for step in steps for one in step.used}
    artifacts = {
        one: metadata_store_pb2.Artifact(
            id=one, uri=str(folder_of(root, one)), state=metadata_store_pb2.Artifact.LIVE
        )
        for one in ids
    }
    return Lineage(artifacts, steps)


def leave(root, run_id, state="ran", inputs=(), server=SERVER):
    node = SimpleNamespace(
        node_id="Trainer", state=state, properties={}, inputs={"examples": list(inputs)}
    )
    config = {"metadata": server}
    small_nodes.write_record(root, run_id, [node] if state else [], config=config)


def plan(root, found, server=SERVER):
    return cleaning.plan_cleaning(workspace(root), find_runs(root), 1, found, server=server)


def going(planned):
    assert {Path(a.uri) for a in planned.artifacts} <= set(planned.folders)
    return [artifact.id for artifact in planned.artifacts]


def test_what_a_run_without_a_folder_here_made_stays_in_a_shared_store(root):
    leave(root, A)
    leave(root, C)
    found = lineage(root, step(1, {A}, OURS), step(2, {B}, THEIRS), step(3, {C}, 3))
    assert going(plan(root, found)) == [OURS]
    assert going(plan(root, found, None)) == [OURS, THEIRS]


def test_what_another_machine_s_run_reused_stays(root):
    leave(root, A)
    leave(root, C)
    found = lineage(root, step(1, {A}, OURS), step(2, {B}, OURS), step(3, {C}, 3))
    assert going(plan(root, found)) == []


def test_what_no_run_is_known_to_have_used_stays(root):
    leave(root, C)
    found = lineage(root, step(1, (), OURS), step(3, {C}, 3))
    assert plan(root, found).folders == ()


@pytest.mark.parametrize(
    ("state", "inputs", "is_ours"),
    [
        ("ran", (), True),
        ("failed", (), True),
        ("cached", (OURS,), True),
        ("cached", (7,), False),
        ("cached", (), False),
        ("", (), False),
    ],
    ids=["ran", "failed", "reused", "nothing changed", "unknown", "turned away"],
)
def test_another_machine_s_run_of_the_same_second_is_not_this_one(root, state, inputs, is_ours):
    leave(root, A, state, inputs)
    leave(root, C)
    found = lineage(root, step(1, {A}, OURS), step(3, {C}, 3))
    assert going(plan(root, found)) == ([OURS] if is_ours else [])


def test_a_run_that_was_kept_elsewhere_is_not_the_server_s_of_the_same_second(root):
    leave(root, A, server=None)
    leave(root, C)
    found = lineage(root, step(1, {A}, THEIRS), step(3, {C}, 3))
    assert going(plan(root, found)) == []


@pytest.mark.parametrize(("other", "is_ours"), [(SERVER, True), (None, False)])
def test_an_interrupted_run_is_the_server_s_where_all_are(root, other, is_ours):
    folder = workspace(root).runs / A
    folder.mkdir(parents=True)
    Started.now(small_nodes.USE_CASE, Asked("small.yaml"), "key", A).write(folder)
    leave(root, B, server=other)
    leave(root, C)
    half = folder_of(root, 1)
    found = lineage(root, step(1, {A}, finished=False), step(3, {C}, 3))
    assert plan(root, found).folders == ((half,) if is_ours else ())


def test_an_unfinished_step_of_another_machine_names_no_folder_here(root):
    """Its id may be that of an execution which a SQLite file counted here before."""
    leave(root, C)
    folder_of(root, 7)
    found = lineage(root, step(7, {B}, finished=False), step(300, {C}, 300))
    assert plan(root, found).folders == ()


def test_what_a_run_that_is_gone_made_goes_with_the_last_run_that_reused_it(root):
    for run_id in (A, B):
        leave(root, run_id)
    reused = lineage(root, step(1, {A}, OURS), step(2, {B}, OURS))
    first = plan(root, reused)
    cleaning.carry_out(root, first, None)
    assert [run.run_id for run in first.runs] == [A]
    assert first.folders == ()
    leave(root, C)
    assert going(plan(root, Lineage(reused.artifacts, (*reused.steps, step(3, {C}))))) == [OURS]


def clean(root, keep):
    out = io.StringIO()
    try:
        clean_folder(root, keep, out, dry_run=False)
    finally:
        root.joinpath("told").write_text(out.getvalue())
    return out.getvalue()


def test_a_server_may_be_another_machine_s_too(root, monkeypatch):
    """A SQLite file stands for the server; the other machine's folder has the same path."""
    monkeypatch.setattr(stores, "connection_to", lambda _, place: sqlite_config(place.metadata))
    server = {"metadata": SERVER}
    for seed, day in enumerate((A, B, C), 1):
        small_nodes.run(root, day, seed=seed, config=server)
    shutil.rmtree(workspace(root).runs / A)
    clean(root, 1)
    assert len(small_nodes.artifacts(root)) == 6
    assert small_nodes.run(root, "2026-01-04T00-00-00", seed=1)["Trainer"] == "cached"


def test_a_server_that_never_answers_ends_it_and_the_other_use_cases_are_cleaned(
    root, make_record, monkeypatch
):
    monkeypatch.setattr(store_probe, "ANSWER_S", 1.0)
    for use_case, run_id in (("other", A), ("other", B), (small_nodes.USE_CASE, C)):
        folder = workspace(root).runs / run_id
        folder.mkdir(parents=True)
        make_record(run_id, use_case=use_case).write(folder)
    (workspace(root).runs / "2026-01-04T00-00-00").mkdir()  # blessed, for all that is known
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        server = {"metadata": f"postgresql://ml@127.0.0.1:{port}/pipelines"}
        small_nodes.write_record(root, "2026-01-05T00-00-00", config=server)
        with pytest.raises(UserError, match='metadata of "small" cannot be read: no answer in 1 s'):
            clean(root, 1)
    assert small_nodes.run_ids(root) == [B, C, "2026-01-04T00-00-00", "2026-01-05T00-00-00"]
    assert f"goes   {A}" in (root / "told").read_text()


def test_a_store_that_is_no_server_is_opened_as_it_is(root, monkeypatch):
    monkeypatch.setattr(store_probe, "last_execution", None)
    workspace(root).metadata.parent.mkdir(parents=True)
    workspace(root).metadata.touch()
    assert stores.read_lineage(workspace(root), {}) == Lineage({}, ())
