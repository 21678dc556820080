"""Audits functions of the user's own: do they compute, and could the phone compute them too?

Run as a process of its own, because TFLite's converter may abort it:
`python -m models.audit < declaration.json` prints one JSON list of faults.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.conversion import conversion_fault
from models.preprocessing import call_function
from usecase.declaration import Declaration
from usecase.features import Feature

# Rows that functions are tried on beside a row of missing values: small, negative and large.
TRIED = (0.0, 1.0, -1.0, 2.5, 1e6)
TOLERANCE = 1e-5


class Fault(NamedTuple):
    """What is wrong with one function.

    Attributes:
        feature: The feature that it computes.
        what: What is wrong, in one phrase.
        mobile: Whether it is wrong on the phone alone.
    """

    feature: str
    what: str
    mobile: bool


def audit(declaration: Declaration) -> Iterator[Fault]:
    """Yields a fault for each function that does not compute, or not on the phone."""
    for feature in declaration.features:
        if feature.function is None:
            continue
        try:
            traced = _traced(feature)
        except Exception as error:  # noqa: BLE001, whatever the user's function raises
            yield Fault(feature.name, f"{type(error).__name__}: {_first_line(error)}", mobile=False)
            continue
        if feature.on_phone and (what := _phone_fault(feature, traced)):
            yield Fault(feature.name, what, mobile=True)


def _traced(feature: Feature) -> tf.types.experimental.ConcreteFunction:
    """Traces a function over dense raw columns, [batch] each."""
    inputs = [
        tf.TensorSpec([None], tf.as_dtype(c.dtype), name=c.input_name) for c in feature.columns
    ]

    def compute(*tensors: tf.Tensor) -> tf.Tensor:
        names = [column.name for column in feature.columns]
        return call_function(feature, dict(zip(names, tensors, strict=True)))

    return tf.function(compute, autograph=False).get_concrete_function(*inputs)


def _phone_fault(feature: Feature, traced: tf.types.experimental.ConcreteFunction) -> str:
    """Returns why the phone cannot compute what TensorFlow does; "" if it can."""
    try:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], tf.Module())
        runner = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()
        rows = [_rows(dtype=c.dtype, missing=c.missing) for c in feature.columns]
        expected = traced(*(tf.constant(values) for values in rows)).numpy()
        names = [column.input_name for column in feature.columns]
        (answered,) = runner(**dict(zip(names, rows, strict=True))).values()
    except Exception as error:  # noqa: BLE001, the converter raises of many kinds
        return conversion_fault(error)
    if np.allclose(
        _finite(expected), _finite(answered), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    ):
        return ""
    return f"TFLite computes {answered.tolist()}, not {expected.tolist()}"


def _finite(values: np.ndarray) -> np.ndarray:
    """Replaces infinity by the largest float, which TFLite's older kernels stop at."""
    return np.nan_to_num(values, nan=np.nan) if values.dtype == np.float32 else values


def _rows(dtype: str, missing: float | int | str) -> np.ndarray:
    """Values to try, [rows] of a dtype."""
    return (
        np.array([*TRIED, missing]).astype(dtype)
        if dtype == "float32"
        else np.array([*(int(value) for value in TRIED), missing], np.int64)
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def main() -> None:
    """Reads a declaration from stdin and prints the faults."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the converter writes to stdout
    declaration = Declaration.model_validate_json(sys.stdin.read())
    print(json.dumps([fault._asdict() for fault in audit(declaration)]), file=out, flush=True)


if __name__ == "__main__":
    main()
