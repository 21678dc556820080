"""A pipeline of three nodes through TFX's own launcher, and the folder that it leaves."""

import json
import shutil
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Model, ModelBlessing

from orchestration.local.asked import Asked
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.started import Started
from orchestration.local.workspace import Workspace
from orchestration.reasons import flatten
from orchestration.records import Ingredients, RunRecord
from orchestration.results import Destination, NodeResult, RunResult

USE_CASE = "small"
BYTES = 1_000_000
FAULTS: set[str] = set()


@component
def Data(seed: Parameter[int], examples: OutputArtifact[Examples]):  # noqa: N802
    (Path(examples.uri) / "rows").write_bytes(bytes([seed]) * BYTES)


@component
def Trainer(  # noqa: N802
    examples: InputArtifact[Examples],
    source: Parameter[str],
    custom_config: Parameter[str],
    model: OutputArtifact[Model],
):
    if "Trainer" in FAULTS:
        (Path(model.uri) / "half").write_text("half a model")
        raise RuntimeError("the trainer is broken")
    if not (Path(examples.uri) / "rows").is_file():
        raise FileNotFoundError(examples.uri)
    if source:
        shutil.copytree(source, model.uri, dirs_exist_ok=True)
    (Path(model.uri) / "weights").write_text("weights")


@component
def Evaluator(  # noqa: N802
    model: InputArtifact[Model], blessed: Parameter[int], blessing: OutputArtifact[ModelBlessing]
):
    (Path(model.uri) / "weights").read_text()
    blessing.set_int_custom_property("blessed", blessed)


def workspace(root):
    return Workspace(root, USE_CASE)


def run(root, run_id, *, seed=1, blessed=0, source="", custom_config="", **changes):
    """Runs the nodes and leaves a record; returns the state of each node."""
    place = workspace(root)
    data = Data(seed=seed)
    trainer = Trainer(examples=data.outputs["examples"], source=source, custom_config=custom_config)
    evaluator = Evaluator(model=trainer.outputs["model"], blessed=blessed)
    connection = sqlite_config(place.metadata)
    nodes = [data, trainer, evaluator]
    executor = Executor(USE_CASE, nodes, place.artifacts, connection, run_id)
    folder = place.runs / run_id
    folder.mkdir(parents=True)
    Started.now(USE_CASE, Asked("small.yaml"), "key", run_id).write(folder)
    (folder / "run.log").write_text("log")
    with place.locked():
        done = [executor.run(node) for node in executor.nodes()]
    write_record(root, run_id, done, **changes)
    return {execution.node_id: execution.state for execution in done}


def write_record(root, run_id, executions=(), *, pushed=None, verdict="not_pushed", config=None):
    """Writes the record of a run, as a session would."""
    folder = workspace(root).runs / run_id
    folder.mkdir(parents=True, exist_ok=True)
    result = RunResult(
        run_id=run_id,
        verdict=verdict,
        headline="",
        nodes=tuple(NodeResult(e.node_id, e.node_id.lower(), e.state, 1.0) for e in executions),
        gates=(),
        destinations=(Destination("serving", pushed is not None, pushed),),
        metrics={},
        serving_model=None,
        mobile_model=None,
        log=str(folder / "run.log"),
    )
    ingredients = {
        e.node_id: Ingredients({}, {}, "lock", flatten(e.properties), e.inputs) for e in executions
    }
    RunRecord(result, USE_CASE, "key", "", ingredients, config or {}).write(folder)


def push(root, version, run_id):
    """Leaves a version as the Pusher does."""
    extra = workspace(root).serving / str(version) / "assets.extra"
    extra.mkdir(parents=True)
    told = {"run": run_id, "when": "2026-11-26T00:00:00Z"}
    (extra / "push.json").write_text(json.dumps(told))
    (extra.parent / "saved_model.pb").write_text("graph")


def artifacts(root):
    """Returns the folders of artifacts that are there, as node/output/id."""
    base = workspace(root).artifacts
    return sorted(
        str(path.relative_to(base)) for path in base.glob("*/*/*") if ".system" not in path.parts
    )


def run_ids(root):
    return sorted(path.name for path in workspace(root).runs.iterdir())
