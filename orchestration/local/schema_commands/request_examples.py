"""What clients sent, from request logs, as tf.Examples of raw columns."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from usecase.declaration import Declaration
from usecase.errors import DataError
from usecase.missing import INT64_MIN
from usecase.schema import Column

EXAMPLES_INPUT = "examples"  # of every signature that takes serialized tf.Examples
GZIP_ENDING = ".gz"


def write_examples(files: Sequence[Path], declaration: Declaration, out: Path) -> int:
    """Writes the examples of all requests into a TFRecord file.

    Args:
        files: Request logs: TFRecords of PredictionLog.
        declaration: Whose raw columns are the dense inputs of the model.
        out: The file to write.

    Returns:
        How many examples there are.

    Raises:
        DataError: If a file holds something else.
    """
    columns = {column.input_name: column for column in declaration.inputs}
    count = 0
    with tf.io.TFRecordWriter(str(out)) as writer:
        for path in files:
            for log in _logs(path):
                for example in _examples(log, columns):
                    writer.write(example)
                    count += 1
    return count


def _logs(path: Path) -> Iterator[prediction_log_pb2.PredictionLog]:
    compression = "GZIP" if path.name.endswith(GZIP_ENDING) else ""
    records = tf.data.TFRecordDataset([str(path)], compression_type=compression)
    try:
        for record in records.as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.WhichOneof("log_type") is None:
                raise _no_log(path, "a record of another kind")
            yield log
    except (DecodeError, tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise _no_log(path, str(error).splitlines()[0]) from error


def _no_log(path: Path, why: str) -> DataError:
    return DataError(
        f"no request log: {path} ({why})",
        expected="TFRecords of PredictionLog, as a model server or its clients write them",
        fix="name the log's files alone, for example 'requests/taxi-*.tfrecord'",
    )


def _examples(
    log: prediction_log_pb2.PredictionLog, columns: Mapping[str, Column]
) -> Iterator[bytes]:
    """Yields the serialized tf.Examples of one request; of a session's run, there are none."""
    kind = log.WhichOneof("log_type")
    if kind == "session_run_log":
        return
    request = getattr(log, kind).request
    if kind != "predict_log":
        yield from _of_input(request.input)
    elif EXAMPLES_INPUT in request.inputs and EXAMPLES_INPUT not in columns:
        yield from tf.make_ndarray(request.inputs[EXAMPLES_INPUT]).ravel().tolist()
    else:
        yield from _of_columns(request.inputs, columns)


def _of_input(given: object) -> Iterator[bytes]:
    kind = given.WhichOneof("kind")  # type: ignore[attr-defined]
    if kind == "example_list_with_context":
        held = given.example_list_with_context  # type: ignore[attr-defined]
        for example in held.examples:
            whole = tf.train.Example()
            whole.CopyFrom(held.context)
            whole.MergeFrom(example)
            yield whole.SerializeToString()
    elif kind:
        for example in given.example_list.examples:  # type: ignore[attr-defined]
            yield example.SerializeToString()


def _of_columns(inputs: Mapping[str, object], columns: Mapping[str, Column]) -> Iterator[bytes]:
    """Yields one example a row of dense tensors, without the values that stand for missing ones."""
    arrays = {
        columns[name]: tf.make_ndarray(tensor).ravel()
        for name, tensor in inputs.items()
        if name in columns
    }
    rows = max((len(array) for array in arrays.values()), default=0)
    for row in range(rows):
        example = tf.train.Example()
        for column, array in arrays.items():
            value = array[row].item() if isinstance(array[row], np.generic) else array[row]
            if not _is_missing(column, value):
                _append(example.features.feature[column.name], column, value)
        yield example.SerializeToString()


def _is_missing(column: Column, value: bytes | float) -> bool:
    if column.dtype == "string":
        return value == b""
    if column.dtype == "int64":
        return value in (column.missing, INT64_MIN)
    return math.isnan(float(value))


def _append(feature: tf.train.Feature, column: Column, value: bytes | float) -> None:
    if column.dtype == "string":
        feature.bytes_list.value.append(value)
    elif column.dtype == "int64":
        feature.int64_list.value.append(int(value))
    else:
        feature.float_list.value.append(float(value))
