"""Warm-up: the requests that a model brings along, replayed before it is available."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from model_server.classify import classify
from model_server.multi_inference import multi_inference
from model_server.predict import predict
from model_server.regress import regress
from model_server.status import Code, StatusError

_log = logging.getLogger(__name__)
FILE = "assets.extra/tf_serving_warmup_requests"
MAX_RECORDS = 1000

_HANDLERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "predict_log": predict,
    "classify_log": classify,
    "regress_log": regress,
    "multi_inference_log": multi_inference,
}
Report = Callable[[str, Code, float], None]


class _Only:
    """Stands in for the core while a servable is not in it yet: every request means this one."""

    def __init__(self, servable: Any) -> None:
        self._servable = servable

    def use(self, _spec: Any) -> Any:
        return nullcontext(self._servable)


def warm_up(servable: Any, path: str, iterations: int = 1, report: Report | None = None) -> int:
    """Replays the warm-up records of a version; does nothing when it has none.

    Args:
        servable: What was loaded from there.
        path: The version's directory.
        iterations: How often each record is replayed.
        report: Is told the path, how it ended and the seconds it took.

    Returns:
        The number of records.

    Raises:
        StatusError: A record cannot be read or fails, or there are too many.
    """
    file = f"{path.rstrip('/')}/{FILE}"
    if not tf.io.gfile.exists(file):
        _log.info("No warmup data file found at %s", file)
        return 0
    start = time.monotonic()
    code = Code.OK
    try:
        count = _replay(_Only(servable), file, iterations)
    except StatusError as error:
        code = error.code
        raise
    finally:
        seconds = time.monotonic() - start
        if report is not None:
            report(path, code, seconds)
    _log.info(
        "Finished reading warmup data for model at %s. Number of warmup records read: %d. "
        "Elapsed time (microseconds): %d.",
        file,
        count,
        seconds * 1e6,
    )
    return count


def _replay(only: _Only, file: str, iterations: int) -> int:
    count = 0
    for record in _records(file):
        log = _parsed(record, file)
        for _ in range(iterations):
            _replay_one(only, log)
        count += 1
        if count > MAX_RECORDS:
            raise StatusError(
                Code.INVALID_ARGUMENT,
                f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {file}",
            )
    return count


def _records(file: str) -> Iterator[bytes]:
    try:
        yield from tf.compat.v1.io.tf_record_iterator(file)
    except tf.errors.DataLossError as error:
        raise StatusError(
            Code.DATA_LOSS,
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from None
    except tf.errors.OpError as error:
        raise StatusError(Code(error.error_code), error.message) from None


def _parsed(record: bytes, file: str) -> Any:
    try:
        return prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError:
        shown = record[:100].decode("utf-8", "backslashreplace")
        raise StatusError(
            Code.INVALID_ARGUMENT, f"Failed to parse warmup record: {shown} from {file}"
        ) from None


def _replay_one(only: _Only, log: Any) -> None:
    kind = log.WhichOneof("log_type")
    if kind is None:
        return
    if kind not in _HANDLERS:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise StatusError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
    _HANDLERS[kind](only, getattr(log, kind).request)
