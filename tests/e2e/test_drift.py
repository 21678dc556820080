"""Rows that drift: a push keeps its statistics, and later rows are held against them."""

import csv

import pytest

from components.kept_statistics import FOLDER
from tests.e2e.small import Small

pytestmark = pytest.mark.slow
BEFORE_TRAINING = ("Transform", "Trainer")


def facts(done):
    return {node["id"]: node["fact"] for node in done.json["nodes"]}


def states_of(done):
    return {node["id"]: node["state"] for node in done.json["nodes"]}


def drifted(done):
    """The columns that drifted: whether each refused, and what was said of it."""
    return {
        gate["slice"]: (gate["binding"], gate["detail"])
        for gate in done.json["gates"]
        if gate["metric"] == "drift" and not gate["passed"]
    }


def test_the_column_that_drifted_is_named(tmp_path):
    small = Small(tmp_path)
    first = small.run()
    assert first.code == 0, first.stdout + first.stderr
    assert facts(first)["DistributionValidator"] == "nothing to compare with: nothing pushed yet"
    (version,) = small.pushed()
    kept = small.serving / str(version) / FOLDER
    assert {path.parent.name for path in kept.glob("*/FeatureStats.pb")} == {
        *("Split-train", "Split-eval", "Split-test")
    }

    # Nothing changed: nothing runs, though there is something to compare with now.
    assert small.run().json["verdict"] == "up_to_date"
    # Another threshold: the same rows are no drift, and nothing is trained anew for the new push.
    again = small.run("--set", "evaluation.min_slice_size=51")
    assert again.code == 0, again.stdout + again.stderr
    assert facts(again)["LatestPushedStatistics"] == f"of version {version}"
    assert facts(again)["DistributionValidator"].startswith("ok · at most ")
    assert {states_of(again)[node] for node in BEFORE_TRAINING} == {"cached"}
    assert drifted(again) == {}

    shifted(small.data)
    refused = small.run("--set", "data_gate.drift=refuse")
    assert refused.code == 1
    assert refused.json["headline"].startswith("data gate refused: drift of a: ")
    assert {column: binding for column, (binding, _) in drifted(refused).items()} == {
        "column=a": True
    }
    assert {states_of(refused)[node] for node in BEFORE_TRAINING} == {"skipped"}
    assert small.pushed() == [version]

    warned = small.run()
    assert warned.code == 0, warned.stdout + warned.stderr
    assert set(drifted(warned)) == {"column=a"}
    binding, detail = drifted(warned)["column=a"]
    assert not binding
    assert detail.startswith("drift of a: Jensen-Shannon divergence ")
    assert detail.endswith(f" in version {version}")
    assert (states_of(warned)["DataGate"], states_of(warned)["Trainer"]) == ("cached", "ran")

    # What was pushed with a warning is what later rows are held against.
    after = small.run("--set", "evaluation.min_slice_size=52")
    assert drifted(after) == {}
    assert small.pushed()[0] == version
    assert facts(after)["LatestPushedStatistics"] == f"of version {small.pushed()[1]}"

    off = small.run("--set", "data_gate.drift=off")
    assert off.code == 0, off.stdout + off.stderr
    assert "DistributionValidator" not in states_of(off)


def shifted(data):
    """Moves a column by one."""
    with data.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with data.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "a": float(row["a"]) + 1.0} for row in rows)
