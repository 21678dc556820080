"""The model of a run: where it lies, and what its rows are made of."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pydantic

from models.settings import KERAS_FOLDER, NETWORK_FILE, TrainerSettings
from orchestration.local.asked import RUNNER
from orchestration.local.history.folders import Recorded, place_of
from orchestration.local.history.ingredients import artifact_ids
from orchestration.local.history.lineage import Lineage, Step
from orchestration.local.history.stores import read_lineage
from orchestration.local.workspace import Workspace
from orchestration.records import RunRecord
from pipeline.stage_names import TRAINER
from serving.pushed import push_of, versions
from usecase.config import UseCase
from usecase.declaration import Declaration, declare
from usecase.errors import ConfigError, UserError
from usecase.paths import resolve
from usecase.schema import read_schema

MODEL, SERVING_FOLDER = "model", "Format-Serving"  # TFX's names


class RunModel(NamedTuple):
    """The model of a run.

    Attributes:
        saved_model: The SavedModel.
        network: The network alone, a Keras file; None of a pushed version, which holds none.
        declaration: Features and label that it was trained with.
        origin: What it is, in words.
    """

    saved_model: Path
    network: Path | None
    declaration: Declaration
    origin: str


def find_model(root: Path, chosen: Recorded) -> RunModel:
    """Returns the model that a run trained or reused, else the version that it pushed.

    Args:
        root: The output folder.
        chosen: The run.

    Raises:
        UserError: If there is no such model any more, or the run made none.
    """
    workspace = Workspace(root, chosen.record.use_case)
    lineage = read_lineage(workspace, chosen.record.config)
    base = lineage.base_of(chosen.run.run_id, artifact_ids(chosen.record))
    step = lineage.step(base, TRAINER) if base else None
    declaration = _trained_with(step) or _declared(chosen.record)
    trained = _trained(lineage, step)
    version = _pushed(workspace, chosen)
    if declaration is None or (trained is None and version is None):
        raise _no_model(chosen)
    if trained is not None:
        network = trained / KERAS_FOLDER / NETWORK_FILE
        found = network if network.is_file() else None
        return RunModel(trained / SERVING_FOLDER, found, declaration, f"its own, {trained}")
    folder = workspace.serving / str(version)
    return RunModel(folder, None, declaration, f"the version that it pushed, {folder}")


def _trained(lineage: Lineage, step: Step | None) -> Path | None:
    ids: Sequence[int] = step.outputs.get(MODEL, ()) if step else ()
    folders = [Path(lineage.artifacts[one].uri) for one in ids if one in lineage.artifacts]
    return next((path for path in folders if (path / SERVING_FOLDER).is_dir()), None)


def _trained_with(step: Step | None) -> Declaration | None:
    """Returns what the Trainer was told; None if another version of this program told it."""
    try:
        config = json.loads(step.properties["custom_config"]) if step else {}
        return TrainerSettings.model_validate_json(config["settings"]).declaration
    except (KeyError, ValueError, TypeError):
        return None


def _declared(record: RunRecord) -> Declaration | None:
    """Returns the same from the run's configuration and today's schema; None if they do not fit."""
    try:
        use_case = UseCase.model_validate_json(json.dumps(record.config))
        return declare(use_case, read_schema(resolve(use_case.schema_file, "schema")))
    except (pydantic.ValidationError, ConfigError):
        return None


def _pushed(workspace: Workspace, chosen: Recorded) -> int | None:
    """Returns the version that a run pushed, if it is still there."""
    there = versions(workspace.serving)
    for version in there:
        push = push_of(workspace.serving, version)
        if push and push.run == chosen.run.run_id:
            return version
    told = [
        p.version for p in chosen.record.result.destinations if p.name == "serving" and p.pushed
    ]
    return next((version for version in told if version in there), None)


def _no_model(chosen: Recorded) -> UserError:
    nodes = {node.id: node.state for node in chosen.record.result.nodes}
    if nodes.get(TRAINER) not in ("ran", "cached"):
        return UserError(
            f"run {chosen.run.run_id} has no model: its Trainer did not run",
            fix=f"{RUNNER} explain {chosen.run.run_id}{place_of(chosen.run)} says why",
        )
    return UserError(
        f"the model of run {chosen.run.run_id} is gone",
        expected="the model that its Trainer made, or the version that it pushed",
        fix=f"choose a later run: {RUNNER} runs{place_of(chosen.run)}",
    )
