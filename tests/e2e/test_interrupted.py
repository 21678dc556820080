"""Runs that are killed or interrupted: the same command goes on where they were."""

import json
import re
import signal
import subprocess
import sys

import pytest

from components import push_destination
from orchestration.local.started import Started as Record
from tests.e2e.small import NAME, Small

DATA = ("CsvExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator")
COMPARISON = ("LatestPushedStatistics", "DistributionValidator")
# What a training is made of, and what a run does before it beside that.
INGREDIENTS = (*DATA, "DataGate", "Transform")
BEFORE_TRAINING = (*DATA, *COMPARISON, "DataGate", "LatestPushedModel", "Transform")
NODES = (*BEFORE_TRAINING, "Trainer", "ServingGate", "Evaluator", "Pusher")  # as they run


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A project whose runs are ended before their time, one after the other."""
    return Small(tmp_path_factory.mktemp("interrupted"))


def states(done):
    return {node["id"]: node["state"] for node in done.json["nodes"]}


def end_at(small, node_id, end, *arguments):
    """Starts a run and ends it when it begins a node, or one behind it where that is too late."""
    reached = NODES[NODES.index(node_id) :]
    before = small.begun(*reached)
    run = small.start(*arguments)
    run.wait_until(lambda: small.begun(*reached) - before)
    return run, getattr(run, end)()


def test_a_training_that_was_killed_goes_on_from_its_last_epoch(small):
    run = small.start("--to", "train")
    run.wait_until(small.has_checkpoint)
    assert run.kill() == -signal.SIGKILL
    killed = small.last_run()
    record = Record.read(killed)
    assert (record.use_case, record.selection, record.interrupted) == (NAME, "--to Trainer", "")
    assert record.pid == run.process.pid
    assert not (killed / "run.json").exists()
    assert run.left_behind() == []

    done = small.run("--to", "train")
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["verdict"] == "stopped"
    got = states(done)
    assert {got[node] for node in INGREDIENTS} == {"cached"}
    assert got["Trainer"] == "ran"
    assert got["Evaluator"] == got["Pusher"] == "skipped"
    (history,) = (small.outputs / "artifacts" / NAME / "Trainer" / "model_run").glob(
        "*/training.json"
    )
    assert len(json.loads(history.read_text())["history"]["val_loss"]) < 6  # of six epochs
    assert not list(small.checkpoints.rglob("*.h5"))
    assert small.pushed() == []


def test_ctrl_c_says_that_the_same_command_goes_on(small):
    run, status = end_at(small, "Transform", "interrupt", "--from", "transform", "--to", "train")
    assert status == 130
    assert "Traceback" not in run.output
    assert run.output.endswith("interrupted; the same command goes on from here\n")
    assert re.search(r"transform +Transform .* stopped\n", run.output)
    assert Record.read(small.last_run()).interrupted
    assert not (small.last_run() / "run.json").exists()
    assert run.left_behind() == []


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "interrupt"])
def test_a_run_that_is_ended_at_each_node_arrives_all_the_same(tmp_path, end):
    small = Small(tmp_path)
    for node_id in NODES:
        run, _ = end_at(small, node_id, end)
        assert run.left_behind() == [], node_id
    done = small.run()
    assert done.code == 0, done.stdout + done.stderr
    # What ended the last run may have come after its push, which is whole then and the baseline.
    before = {"pushed": BEFORE_TRAINING, "up_to_date": INGREDIENTS}[done.json["verdict"]]
    got = states(done)
    # Each run got one node further, and none did twice what one before it had done.
    assert {got[node] for node in (*before, "Trainer")} == {"cached"}
    (version,) = small.pushed()
    # What a killed copy leaves is no version.
    others = {path.name for path in small.serving.iterdir()} - {str(version)}
    assert all(name.startswith(push_destination.INCOMING_PREFIX) for name in others)
    assert small.run().json["verdict"] == "up_to_date"
    whole = push_destination.digest(small.serving / str(version))

    # What is pushed stays whole while its successor does not get there.
    other = ("--set", "training.seed=9")
    for node_id in ("Trainer", "Evaluator", "Pusher"):
        end_at(small, node_id, end, *other)
        assert push_destination.digest(small.serving / str(version)) == whole
        assert len(small.pushed()) in ((1, 2) if node_id == "Pusher" else (1,))
    done = small.run(*other)
    assert done.code == 0, done.stdout + done.stderr
    assert states(done)["Trainer"] == "cached"
    assert len(small.pushed()) == 2
    assert push_destination.digest(small.serving / str(version)) == whole


@pytest.mark.slow
def test_what_was_asked_for_anew_is_not_done_twice(tmp_path):
    small = Small(tmp_path)
    asked = ("--no-cache",)
    end_at(small, "Trainer", "kill", *asked)
    done = small.run(*asked)
    assert done.code == 0, done.stdout + done.stderr
    got = states(done)
    assert {got[node] for node in BEFORE_TRAINING} == {"cached"}
    assert got["Trainer"] == got["Pusher"] == "ran"
    done = small.run(*asked)  # this time nothing was interrupted before
    assert set(states(done).values()) == {"ran"}


@pytest.mark.slow
def test_parts_of_a_run_make_a_whole_one(tmp_path):
    small = Small(tmp_path)
    refused = small.run("--only", "evaluate")
    assert (refused.code, refused.json["verdict"]) == (2, "failed")
    assert "there are no last results" in refused.json["error"]["what"]

    assert small.run("--to", "train").json["verdict"] == "stopped"
    done = small.run()
    assert done.json["verdict"] == "pushed"
    assert states(done)["Trainer"] == "cached"

    done = small.run("--only", "evaluate", "--set", "evaluation.thresholds.0.min=0.9999")
    assert (done.code, done.json["verdict"]) == (1, "not_pushed")
    got = states(done)
    assert (got["Trainer"], got["Evaluator"]) == ("cached", "ran")
    assert got["ServingGate"] == "cached"
    assert got["Pusher"] == "skipped"

    # A part is no whole run: what is unchanged is told by the last whole one.
    done = small.run()
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    assert done.json["seconds"] == 0

    done = small.run("--from", "train")
    got = states(done)
    assert got["Transform"] == "cached"
    assert {got[node] for node in ("Trainer", "Evaluator", "ServingGate", "Pusher")} == {"ran"}


def test_two_runs_at_once_on_one_output_folder_do_not_meet(small):
    before = small.runs()
    code = (
        "import sys; from pathlib import Path;"
        "from orchestration.local.workspace import Workspace\n"
        f"with Workspace(Path({str(small.outputs)!r}), {NAME!r}).locked():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=small.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        done = small.run()
        holder.stdin.close()
    assert (done.code, done.json["verdict"]) == (2, "failed")
    assert f'another run of "{NAME}" is at work' in done.stderr
    assert small.runs() == before
