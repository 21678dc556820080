"""Records of runs as the local runner leaves them."""

import pytest

from components.verdict import judge
from orchestration.records import Ingredients, RunRecord
from orchestration.results import Destination, NodeResult, RunResult


def record(run_id, verdict="pushed", *, key="key", pushed_digest="", use_case="taxi", **changes):
    """Returns a record with a node in each state; `changes` are of its result."""
    pushed = verdict == "pushed"
    values = {
        "run_id": run_id,
        "verdict": verdict,
        "headline": "version 7 serves now" if pushed else "quality gate refused: auc 0.8 < 0.9",
        "nodes": (
            NodeResult("CsvExampleGen", "ingest", "cached", 0.1, "from run 08-00-00", "rows"),
            NodeResult("Trainer", "train", "ran", 72.0, "first run", "best epoch 3 of 7"),
            NodeResult("Pusher", "push", "ran" if pushed else "skipped", 0.2, "always runs"),
        ),
        "gates": (judge("quality", "auc", 0.95 if pushed else 0.8, "min", 0.9, detail="test"),),
        "destinations": (Destination("serving", pushed, 7),),
        "metrics": {"auc": 0.95, "linear/auc": 0.9},
        "serving_model": "serving/7",
        "mobile_model": None,
        "log": f"runs/{run_id}/run.log",
        "seconds": 77.5,
        **changes,
    }
    return RunRecord(RunResult(**values), use_case, key, pushed_digest, {"Trainer": ingredients()})


def ingredients(**changes):
    values = {
        "code": {"models/trainer.py": "1", "models/network.py": "2"},
        "files": {"/project/schema.pbtxt": "3"},
        "lock": "4",
        "config": {"training.learning_rate": "0.001"},
        "inputs": {"examples": [5, 6]},
    }
    return Ingredients(**{**values, **changes})


@pytest.fixture
def make_record():
    return record


@pytest.fixture
def make_ingredients():
    return ingredients
