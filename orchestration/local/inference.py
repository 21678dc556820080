"""Rows to tf.Examples, through the prediction graph, and back to answers in their order."""

import logging
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.local.rows import Value, read_rows
from orchestration.plan import Plan
from pipeline.prediction import create_nodes
from usecase.outputs import CLASS

LOGGER = logging.getLogger(__name__)
ROW_FEATURE = "__row__"  # rows come back in no order; the whole example comes back with each
Answer = dict[str, Any]
GZIP = tf.io.TFRecordOptions(compression_type="GZIP")


def infer(plan: Plan, work: Path, push_dir: str, version: int) -> list[Answer]:
    """Returns the model's outputs for each row, by name, in the order of the file.

    Args:
        plan: The use case and its rows.
        work: A folder for everything in between.
        push_dir: The push destination.
        version: The version to predict with.
    """
    try:
        examples = work / "examples"
        examples.mkdir(parents=True)
        rows = _write_examples(plan, examples / "rows.gz")
        nodes = create_nodes(str(examples), push_dir, version)
        store = sqlite_config(work / "metadata.db")
        executor = Executor("predict", nodes, work / "artifacts", store, "predict")
        for node in executor.nodes():
            execution = executor.run(node)
        return _read_answers(Path(execution.outputs["inference_result"][0]), rows)
    except Exception:
        LOGGER.exception("prediction failed")
        raise


def _write_examples(plan: Plan, path: Path) -> int:
    count = 0
    declaration = plan.declaration
    with tf.io.TFRecordWriter(str(path), GZIP) as writer:
        for row in read_rows(
            plan.files[0], declaration.inputs, declaration.dates, plan.use_case.data
        ):
            example = tf.train.Example()
            for name, value in {**row.values, ROW_FEATURE: count}.items():
                _append(example.features.feature[name], value)
            writer.write(example.SerializeToString())
            count += 1
    return count


def _append(feature: tf.train.Feature, value: Value) -> None:
    if isinstance(value, bytes):
        feature.bytes_list.value.append(value)
    elif isinstance(value, int):
        feature.int64_list.value.append(value)
    else:
        feature.float_list.value.append(value)


def _read_answers(folder: Path, rows: int) -> list[Answer]:
    answers: dict[int, Answer] = {}
    files = sorted(str(path) for path in folder.rglob("*.gz"))
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record).predict_log
        (request,) = log.request.inputs.values()
        example = tf.train.Example.FromString(request.string_val[0])
        row = example.features.feature[ROW_FEATURE].int64_list.value[0]
        outputs = {n: tf.make_ndarray(t)[0].tolist() for n, t in log.response.outputs.items()}
        answers[row] = {**outputs, CLASS: _one(outputs.get(CLASS))}
    return [answers[row] for row in range(rows)]


def _one(value: Any) -> Any:
    """Looks into a class that is a list of one."""
    return value[0] if isinstance(value, list) else value
