"""Trains on the first spans, with the nodes of a run; what has been done before is reused."""

import datetime
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tfx.utils import path_utils

from orchestration.local.backtest.labels import require_labels
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.tfx_imports import Executor
from orchestration.node_keys import add_keys
from orchestration.plan import Plan
from pipeline.backtest import create_nodes
from pipeline.places import Places
from usecase.errors import UserError
from usecase.spans import SpanFiles

LOGGER = logging.getLogger(__name__)
NO_VERSION = 0
STEPS = {  # what a node is to people
    "StatisticsGen": "statistics",
    "ImportSchemaGen": "schema",
    "Transform": "transform",
    "Trainer": "train",
}


class Trained(NamedTuple):
    """A model, and the artifacts that it was made of.

    Attributes:
        model: The SavedModel.
        examples: Of the training spans, split by hash, and of each later one.
        statistics: Of all these splits.
    """

    model: Path
    examples: Path
    statistics: Path


def train(
    plan: Plan,
    pattern: str,
    spans: SpanFiles,
    folder: Path,
    on_step: Callable[[str, float, bool], None],
) -> Trained:
    """Trains a model.

    Args:
        plan: The use case.
        pattern: The path of the files, with {SPAN}.
        spans: The files to train on, and those of later spans.
        folder: Where everything goes.
        on_step: Is told of each step that is done, its seconds, and whether it was reused.

    Raises:
        UserError: If rows cannot be read, or labels not be learned or judged.
    """
    unused = str(folder / "unused")  # nothing is pushed
    places = Places(
        data=pattern,
        schema=str(plan.schema),
        pipeline_root=str(folder / "artifacts"),
        checkpoints=str(folder / "checkpoints"),
        serving=unused,
        mobile=unused,
        baseline_version=NO_VERSION,
        spans=spans,
    )
    nodes = create_nodes(plan.use_case, plan.declaration, places)
    add_keys(nodes, plan.declaration)
    store = sqlite_config(folder / "metadata.db")
    run_id = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    name = f"{plan.use_case.name}-backtest"
    executor = Executor(name, nodes, folder / "artifacts", store, run_id)
    outputs: dict[str, Path] = {}
    for node in executor.nodes():
        node_id = node.node_info.id
        started = time.monotonic()
        try:
            execution = executor.run(node)
        except UserError:
            raise
        except Exception as error:
            LOGGER.exception("%s failed", node_id)
            raise UserError(f"{node_id} failed: {type(error).__name__}: {error}") from error
        seconds = time.monotonic() - started
        on_step(STEPS.get(node_id, "ingest"), seconds, execution.state == "cached")
        for output, folders in execution.outputs.items():
            outputs.setdefault(output, Path(folders[0]))
        if node_id not in STEPS:
            # Before anything is trained.
            require_labels(plan.declaration.label, outputs["examples"], tuple(spans.splits))
    return Trained(
        Path(path_utils.serving_model_path(str(outputs["model"]))),
        outputs["examples"],
        outputs["statistics"],
    )
