"""The runs that are compared, each a whole process: TFX's example, and this pipeline."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.nodes import durations
from benchmarks.pipeline import peer
from benchmarks.processes import Cost, printed, run_measured
from serving.pushed import versions
from usecase.paths import PROJECT_ROOT

SAME_WORK = Path(__file__).with_name("same_work.yaml")
DEFAULT = PROJECT_ROOT / "configs" / "taxi.yaml"


class Run(NamedTuple):
    """What one run cost.

    Attributes:
        cost: Its seconds and memory.
        nodes: The seconds of each of its nodes that worked.
        auc: The area under the ROC curve of its model, on rows that it was not trained on; None
            where no new model was made.
    """

    cost: Cost
    nodes: Mapping[str, float]
    auc: float | None = None


def example(folder: Path, *more: str, quality: bool = False) -> Run:
    """Runs TFX's example in a folder."""
    command = [sys.executable, "-m", "benchmarks.pipeline.peer", str(folder), *more]
    known = durations(peer.database(folder)) if peer.database(folder).exists() else {}
    # Its model is written for Keras 2.
    cost = _run(command, folder, {"TF_USE_LEGACY_KERAS": "1"})
    nodes = {k: s for k, s in durations(peer.database(folder)).items() if k not in known}
    rows = folder / "root/CsvExampleGen/examples/*/Split-eval/*"
    auc = _auc(folder / "serving", rows) if quality else None
    return Run(cost, {name: seconds for (name, _), seconds in nodes.items()}, auc)


def ours(config: Path, folder: Path, *, quality: bool = False) -> Run:
    """Runs this pipeline into a folder."""
    name = config.stem.replace("_", "-")
    command = [sys.executable, "local_runner.py", "run", "--config", str(config)]
    cost = _run([*command, "--output-dir", str(folder)], folder, {})
    record = json.loads(max((folder / "runs").glob("*/run.json")).read_text(encoding="utf-8"))
    nodes = {n["id"]: n["seconds"] for n in record["result"]["nodes"] if n["state"] == "ran"}
    rows = folder / "artifacts" / name / "CsvExampleGen/examples/*/Split-test/*"
    return Run(cost, nodes, _auc(folder / "serving" / name, rows) if quality else None)


def _run(command: list[str], folder: Path, more: Mapping[str, str]) -> Cost:
    env = {**os.environ, **more}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # the example has workers that import what it packs
    return run_measured(command, env, PROJECT_ROOT, folder.with_suffix(".log"))


def _auc(folder: Path, rows: Path) -> float:
    model = str(folder / str(max(versions(folder))))
    return float(printed("benchmarks.pipeline.auc", model, str(rows), TF_USE_LEGACY_KERAS="1"))
