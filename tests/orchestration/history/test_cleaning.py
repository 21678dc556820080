"""Old runs and their artifacts go from a folder that TFX's own launcher made; the rest works on."""

import dataclasses
import datetime
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from ml_metadata.proto import metadata_store_pb2

from orchestration.local.history import cleaning
from orchestration.local.history.clean_command import clean_folder
from orchestration.local.history.folders import find_runs
from orchestration.local.history.stores import read_lineage
from orchestration.local.started import Started
from serving.releases.state import Canary, State
from tests.orchestration.history import small_nodes
from tests.orchestration.history.small_nodes import artifacts, push, run, run_ids, workspace
from usecase.errors import UserError

DAYS = [f"2026-01-0{day}T00-00-00" for day in range(1, 8)]
ALL_NEW = dict.fromkeys(("Data", "Trainer", "Evaluator"), "ran")
REUSED = dict.fromkeys(ALL_NEW, "cached")


@pytest.fixture
def root(tmp_path):
    yield tmp_path / "outputs"
    small_nodes.FAULTS.clear()


def clean(root, keep, **options):
    out = io.StringIO()
    clean_folder(root, keep, out, **{"dry_run": False, **options})
    return out.getvalue()


def states(root):
    lineage = read_lineage(workspace(root), {})
    names = {2: "LIVE", 4: "DELETED"}
    return {one: names[artifact.state] for one, artifact in lineage.artifacts.items()}


def test_what_only_old_runs_used_goes_and_is_marked_deleted_but_not_by_a_dry_run(root):
    run(root, DAYS[0], seed=1)
    run(root, DAYS[1], seed=2)
    before = sorted(root.rglob("*"))
    assert "0 runs and 0 folders go, 0.0 MB in all" in clean(root, 2)
    assert "1 run and 6 folders would go, 1.0 MB in all" in clean(root, 1, dry_run=True)
    assert sorted(root.rglob("*")) == before
    assert set(states(root).values()) == {"LIVE"}
    told = clean(root, 1)
    assert run_ids(root) == [DAYS[1]]
    assert artifacts(root) == ["Data/examples/4", "Evaluator/blessing/6", "Trainer/model/5"]
    assert states(root) == dict.fromkeys((1, 2, 3), "DELETED") | dict.fromkeys((4, 5, 6), "LIVE")
    assert f"stays  {DAYS[1]}  among the newest" in told
    assert f"goes   {DAYS[0]}  NOT PUSHED" in told
    assert "1 run and 6 folders go, 1.0 MB in all" in told
    assert [found.run_id for found in find_runs(root)] == [DAYS[1]]


def test_a_deleted_result_is_not_reused_and_the_next_run_makes_it_anew(root):
    """The mark counts: files that are back do not make a deleted artifact live."""
    run(root, DAYS[0], seed=1)
    kept = root / "kept"
    shutil.copytree(workspace(root).artifacts, kept)
    run(root, DAYS[1], seed=2)
    clean(root, 1)
    shutil.copytree(kept, workspace(root).artifacts, dirs_exist_ok=True)
    assert run(root, DAYS[2], seed=1) == ALL_NEW
    assert run(root, DAYS[3], seed=2) == REUSED
    assert run(root, DAYS[4], seed=1) == REUSED


def test_what_a_kept_run_reused_stays(root):
    run(root, DAYS[0], seed=1)
    assert run(root, DAYS[1], seed=1, blessed=0) == REUSED
    clean(root, 1)
    assert run_ids(root) == [DAYS[1]]
    assert len(artifacts(root)) == 3
    assert run(root, DAYS[2], seed=1) == REUSED


def test_what_an_unchanged_run_repeats_stays(root):
    """It executed nothing, so ML Metadata does not know it."""
    run(root, DAYS[0], seed=1)
    first = find_runs(root)[0].record
    folder = workspace(root).runs / DAYS[1]
    folder.mkdir()
    first.write(folder)
    clean(root, 1)
    assert run_ids(root) == [DAYS[1]]
    assert run(root, DAYS[2], seed=1) == REUSED


def test_a_blessed_model_stays_with_all_that_it_is_made_of(root):
    run(root, DAYS[0], seed=1, blessed=1)
    for day in DAYS[1:4]:
        run(root, day, seed=int(day[9]))
    told = clean(root, 1)
    assert run_ids(root) == [DAYS[0], DAYS[3]]
    assert f"stays  {DAYS[0]}  its model is blessed" in told
    assert run(root, DAYS[4], seed=1, blessed=1) == REUSED


def test_a_run_that_reused_a_blessing_goes(root):
    run(root, DAYS[0], seed=1, blessed=1)
    run(root, DAYS[1], seed=1, blessed=1)
    run(root, DAYS[2], seed=2)
    clean(root, 1)
    assert run_ids(root) == [DAYS[0], DAYS[2]]


def test_every_version_that_is_there_keeps_its_run(root):
    for place, day in enumerate(DAYS[:5]):
        run(root, day, seed=place + 1)
    for version, day in ((11, DAYS[0]), (12, DAYS[1]), (13, DAYS[2])):
        push(root, version, day)
    release = State("small", (12, 11), Canary(13, 10.0))
    (workspace(root).serving / "release.json").write_text(json.dumps(release.to_json()))
    told = clean(root, 1)
    assert run_ids(root) == [*DAYS[:3], DAYS[4]]
    assert "version 11 is pushed" in told
    assert "version 12 is stable" in told
    assert "version 13 is the canary" in told
    assert {path.name for path in workspace(root).serving.iterdir()} == {
        *("11", "12", "13"),
        "release.json",
    }


def test_the_run_of_a_version_without_a_record_of_its_push_stays(root):
    run(root, DAYS[0], seed=1, pushed=7, verdict="pushed")
    run(root, DAYS[1], seed=2)
    (workspace(root).serving / "7").mkdir(parents=True)
    assert f"stays  {DAYS[0]}  version 7 is on serving" in clean(root, 1)
    shutil.rmtree(workspace(root).serving / "7")
    clean(root, 1)
    assert run_ids(root) == [DAYS[1]]


@pytest.mark.parametrize("crash", ["mark_deleted", "rmtree", "rename", "empty_trash"])
def test_a_crash_leaves_what_the_same_command_finishes(root, monkeypatch, crash):
    run(root, DAYS[0], seed=1)
    run(root, DAYS[1], seed=2)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if crash == "mark_deleted":
            patched.setattr(cleaning.MetadataStore, "mark_deleted", die)
        elif crash == "rmtree":
            patched.setattr(cleaning.shutil, "rmtree", die)
        elif crash == "rename":
            patched.setattr(cleaning.Path, "rename", die)
        else:
            patched.setattr(cleaning, "empty_trash", die)
        with pytest.raises(KeyboardInterrupt):
            clean(root, 1)
    clean(root, 1)
    assert run_ids(root) == [DAYS[1]]
    assert len(artifacts(root)) == 3
    assert not (root / cleaning.TRASH).exists()
    assert run(root, DAYS[2], seed=2) == REUSED
    assert run(root, DAYS[3], seed=1) == ALL_NEW


def test_a_crash_in_the_middle_lets_no_run_reuse_half_an_artifact(root, monkeypatch):
    run(root, DAYS[0], seed=1)
    run(root, DAYS[1], seed=2)
    real, calls = shutil.rmtree, []

    def once(path, *args, **kwargs):
        if calls:
            raise KeyboardInterrupt
        calls.append(path)
        return real(path, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(cleaning.shutil, "rmtree", once)
        with pytest.raises(KeyboardInterrupt):
            clean(root, 1)
    assert run(root, DAYS[2], seed=1) == ALL_NEW


def test_what_a_failed_node_left_goes(root):
    small_nodes.FAULTS.add("Trainer")
    with pytest.raises(RuntimeError, match="broken"):
        run(root, DAYS[0], seed=1)
    small_nodes.FAULTS.clear()
    half = workspace(root).artifacts / "Trainer" / "model" / "2"
    half.mkdir(parents=True, exist_ok=True)  # as a killed process leaves it
    (half / "half").write_text("half a model")
    run(root, DAYS[1], seed=2)
    clean(root, 1)
    assert not half.exists()
    assert run_ids(root) == [DAYS[1]]
    assert run(root, DAYS[2], seed=2) == REUSED


def test_old_checkpoints_go_and_those_of_the_newest_runs_stay(root):
    run(root, DAYS[1], seed=1)
    for name in ("old", "new"):
        (workspace(root).checkpoints / name).mkdir(parents=True)
    os.utime(workspace(root).checkpoints / "old", (1e9, 1e9))
    clean(root, 1)
    assert [path.name for path in workspace(root).checkpoints.iterdir()] == ["new"]


def test_checkpoints_that_a_kept_run_went_on_with_stay(root):
    """Going on writes into `last`, which leaves the time of the folder itself as it was."""
    run(root, DAYS[1], seed=1)
    last = workspace(root).checkpoints / "key" / "last"
    last.mkdir(parents=True)
    (last / "weights").write_text("weights")
    for folder in (last, last.parent):
        os.utime(folder, (1e9, 1e9))
    clean(root, 1)
    assert last.exists()


def told(moment):
    """Returns a moment, in seconds since 1970, as a run notes it."""
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat()


def begun(root, run_id, moment, **more):
    """Notes that a run began at a moment, in seconds since 1970."""
    started = Started.read(workspace(root).runs / run_id)
    noted = dataclasses.replace(started, started=told(moment), **more)
    noted.write(workspace(root).runs / run_id)


def checkpoint(root, name, moment):
    folder = workspace(root).checkpoints / name
    folder.mkdir(parents=True)
    os.utime(folder, (moment, moment))


def checkpoints(root):
    return {path.name for path in workspace(root).checkpoints.iterdir()}


def test_a_clock_that_was_put_back_does_not_make_checkpoints_old(root):
    """Run ids go on from the highest one, so that they are ahead of the clock then."""
    ahead = "2999-01-01T00-00-00"
    run(root, ahead, seed=1)
    begun(root, ahead, 5e8)
    checkpoint(root, "of this run", 5e8 + 60)
    checkpoint(root, "older", 5e8 - 60)
    clean(root, 1)
    assert checkpoints(root) == {"of this run"}


@pytest.mark.parametrize("keep", [1, 2])
def test_what_an_interrupted_run_goes_on_with_stays(root, keep):
    """The second was killed before it trained, and so all checkpoints are of the first."""
    for run_id, moment in ((DAYS[1], 5e8), (DAYS[2], 6e8)):
        run(root, run_id, seed=1)
        (workspace(root).runs / run_id / "run.json").unlink()
        begun(root, run_id, moment, origin=DAYS[1], origin_started=told(5e8))
    checkpoint(root, "of the first", 5e8 + 60)
    checkpoint(root, "older", 5e8 - 60)
    clean(root, keep)
    assert len(run_ids(root)) == keep
    assert checkpoints(root) == {"of the first"}


def test_what_no_kept_run_goes_on_with_goes(root):
    run(root, DAYS[1], seed=1)
    begun(root, DAYS[1], 6e8, origin_started=told(6e8))
    checkpoint(root, "of another", 5e8 + 60)
    clean(root, 1)
    assert checkpoints(root) == set()


def test_a_run_without_a_note_of_its_start_began_before_all_that_it_wrote(root):
    run(root, DAYS[0], seed=1)
    folder = workspace(root).runs / DAYS[0]
    (folder / "started.json").unlink()
    os.utime(folder / "run.log", (5e8, 5e8))
    checkpoint(root, "of this run", 5e8 + 60)
    checkpoint(root, "older", 5e8 - 60)
    clean(root, 1)
    assert checkpoints(root) == {"of this run"}


@pytest.mark.parametrize("name", ["my best", "2026-1-1T0-0-0", f"{DAYS[0]}-copy"])
def test_a_folder_with_a_name_of_its_own_neither_counts_nor_goes(root, name):
    for place, day in enumerate(DAYS[:3]):
        run(root, day, seed=place + 1)
    shutil.copytree(workspace(root).runs / DAYS[0], workspace(root).runs / name)
    (workspace(root).runs / "notes").mkdir()
    told = clean(root, 1)
    assert run_ids(root) == sorted([DAYS[2], name, "notes"])
    assert re.search(rf"stays  {name} +its folder has a name of its own\n", told)
    # What the copy is made of stays with it.
    assert artifacts(root)[:2] == ["Data/examples/1", "Data/examples/7"]
    assert find_runs(root)[0].run_id == DAYS[2]


@pytest.mark.parametrize("why", ["blessed", "pushed"])
def test_an_unreadable_run_that_names_no_use_case_stays_for_its_model(root, why):
    run(root, DAYS[0], seed=1, blessed=int(why == "blessed"))
    for day in DAYS[1:3]:
        (workspace(root).runs / day).mkdir()
    run(root, DAYS[3], seed=2)
    (workspace(root).runs / DAYS[0] / "started.json").unlink()
    (workspace(root).runs / DAYS[0] / "run.json").write_text("{}")
    if why == "pushed":
        push(root, 7, DAYS[0])
    told = clean(root, 1)
    assert run_ids(root) == [DAYS[0], DAYS[2], DAYS[3]]
    assert f"stays  {DAYS[0]}  " in told
    assert len(artifacts(root)) == 6


def test_folders_without_a_use_case_are_counted_for_themselves(root):
    run(root, DAYS[0], seed=1)
    for day in DAYS[1:4]:  # batch predictions
        (workspace(root).runs / day).mkdir()
        (workspace(root).runs / day / "run.log").write_text("log")
    clean(root, 2)
    assert run_ids(root) == [DAYS[0], DAYS[2], DAYS[3]]


def test_it_refuses_while_a_run_is_at_work_and_nothing_goes(root):
    run(root, DAYS[0], seed=1)
    run(root, DAYS[1], seed=2)
    held = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\n"
            "from orchestration.local.workspace import Workspace\n"
            "with Workspace(Path(sys.argv[1]), 'small').locked():\n"
            "    print('held', flush=True)\n    sys.stdin.read()\n",
            str(root),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert held.stdout.readline() == "held\n"
        with pytest.raises(UserError, match='another run of "small" is at work'):
            clean(root, 1)
    finally:
        held.communicate("", timeout=30)
    assert run_ids(root) == DAYS[:2]
    assert set(states(root).values()) == {"LIVE"}


def test_metadata_that_cannot_be_read_end_it_before_anything_goes(root):
    run(root, DAYS[0], seed=1)
    run(root, DAYS[1], seed=2)
    workspace(root).metadata.write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match='metadata of "small" cannot be read'):
        clean(root, 1)
    assert run_ids(root) == DAYS[:2]
    assert len(artifacts(root)) == 6


def test_artifacts_of_another_folder_in_the_same_store_stay(root, tmp_path):
    run(root, DAYS[0], seed=1)
    moved = tmp_path / "moved"
    shutil.copytree(root, moved)
    run(moved, DAYS[1], seed=2)
    clean(moved, 1)
    assert len(artifacts(root)) == 3
    assert list(states(moved).values())[:3] == ["LIVE"] * 3


def test_an_empty_folder_is_clean(tmp_path):
    assert clean(tmp_path, 1) == "0 runs and 0 folders go, 0.0 MB in all\n"


def test_there_is_no_such_folder(tmp_path):
    with pytest.raises(UserError, match="there is no output folder"):
        clean(tmp_path / "missing", 1)
    assert not (tmp_path / "missing").exists()


def test_state_numbers_are_those_of_ml_metadata():
    assert metadata_store_pb2.Artifact.LIVE == 2
    assert cleaning.DELETED == metadata_store_pb2.Artifact.DELETED == 4
