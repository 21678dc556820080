"""How long nodes of a finished run took, and which of them worked at the same time."""

import json
from pathlib import Path
from typing import Any, NamedTuple

EXPORTER, EVALUATOR, GATE = "TFLiteExporter", "Evaluator", "TFLiteGate"


class Work(NamedTuple):
    """A node's work.

    Attributes:
        seconds: How long it took, as the run's record tells.
        start: Seconds since 1970, as ML Metadata tells.
        end: The same.
    """

    seconds: float
    start: float
    end: float


def last_work(output_dir: Path, use_case: str) -> tuple[str, dict[str, Work]] | None:
    """Returns the last run in which exporter and Evaluator both ran, and the work of its nodes.

    Args:
        output_dir: The output folder.
        use_case: The use case.
    """
    for folder in sorted((output_dir / "runs").glob("*/run.json"), reverse=True):
        record = json.loads(folder.read_text(encoding="utf-8"))
        nodes = {n["id"]: n for n in record["result"]["nodes"] if n["state"] == "ran"}
        if record["use_case"] == use_case and {EXPORTER, EVALUATOR} <= nodes.keys():
            run_id = record["result"]["run_id"]
            times = _times(output_dir / "metadata" / use_case / "metadata.db", run_id)
            seconds = {node: found["seconds"] for node, found in nodes.items()}
            return run_id, {n: Work(seconds[n], *times[n]) for n in seconds if n in times}
    return None


def overlap(one: Work, other: Work) -> float:
    """Returns for how many seconds two nodes worked at the same time."""
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def durations(database: Path) -> dict[tuple[str, int], float]:
    """Returns the seconds from each execution's registration to its end, by component and id."""
    store = _store(database)
    names = _components(store)
    return {
        (names[e.type_id], e.id): (e.last_update_time_since_epoch - e.create_time_since_epoch)
        / 1000
        for e in store.get_executions()
        if e.last_known_state == e.COMPLETE
    }


def _times(database: Path, run_id: str) -> dict[str, tuple[float, float]]:
    """Returns when each execution of a run was registered and published, by component."""
    store = _store(database)
    names = _components(store)
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    return {
        names[e.type_id]: (
            e.create_time_since_epoch / 1000,
            e.last_update_time_since_epoch / 1000,
        )
        for e in store.get_executions_by_context(context.id)
    }


def _store(database: Path) -> Any:
    from ml_metadata import metadata_store
    from ml_metadata.proto import metadata_store_pb2

    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(database)
    config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return metadata_store.MetadataStore(config)


def _components(store: Any) -> dict[int, str]:
    return {t.id: t.name.rpartition(".")[2] for t in store.get_execution_types()}
