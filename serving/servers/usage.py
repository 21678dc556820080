"""How to ask a served model, written from its own signature: a line for curl, and Python."""

import base64
import json
import math
import shlex
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from serving.remote.model_metadata import ModelMetadata, Signature, TensorInfo
from serving.remote.signature_choice import DEFAULT, examples_input, for_predict
from serving.servers.status import model_url
from serving.values import INTEGERS

WIDTH = 78
# By type, where no recorded row tells of better ones.
STAND_INS: Mapping[str, Any] = {"bool": True, "string": "text", "float32": 1.0, "float64": 1.0}
WRITABLE = {*INTEGERS, *STAND_INS}


class Usage(NamedTuple):
    """How to ask a model.

    Attributes:
        curl: A command for a shell; "" if the REST API cannot carry the model's types.
        python: Lines of Python.
    """

    curl: str
    python: str


def write(
    metadata: ModelMetadata,
    grpc: str,
    rest: str,
    recorded: Mapping[str, np.ndarray] | None = None,
    *,
    label: str | None = None,
    ascii_only: bool = False,
) -> Usage:
    """Returns how to ask a model.

    Args:
        metadata: Of the model.
        grpc: Where the gRPC API answers, "localhost:8500".
        rest: Where the REST API answers, "http://localhost:8501".
        recorded: Inputs of the signature that `for_predict` picks, with real values.
        label: Of the version to ask; None for the newest that is loaded.
        ascii_only: Whether a terminal cannot show other letters.

    Raises:
        ServingError: If the model has no signature to predict with.
    """
    signature = for_predict(metadata, None)
    row = example_row(signature, recorded or {})
    url = model_url(rest, metadata.model, label)
    can_carry = all(tensor.dtype in WRITABLE for tensor in _tensors(signature))
    body = rest_body(signature, row, ascii_only=ascii_only) if can_carry else ""
    return Usage(
        curl=f"curl {shlex.quote(f'{url}:predict')} -d {shlex.quote(body)}" if body else "",
        python=_python((grpc, metadata.model), label, signature, row, ascii_only=ascii_only),
    )


def example_row(signature: Signature, recorded: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Returns the values of one row by input, as plain Python.

    Args:
        signature: What takes them.
        recorded: Inputs with one or more rows each; of those, the one with the fewest missing
            values is taken. If they are not the signature's, made-up values are.
    """
    if recorded and set(recorded) == set(signature.inputs):
        lengths = {len(array) if array.ndim else 0 for array in recorded.values()}
        if len(lengths) == 1 and lengths != {0}:
            rows = [
                {name: plain(array[k]) for name, array in sorted(recorded.items())}
                for k in range(lengths.pop())
            ]
            return min(rows, key=_missing)
    if examples_input(signature):
        # A tf.Example of no features: what is in it only the one who made the model knows.
        return dict.fromkeys(signature.inputs, b"")
    return {name: _made_up(tensor) for name, tensor in signature.inputs.items()}


def rest_body(signature: Signature, row: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """Returns the body of a request that predicts one row, on several lines if it is long.

    Args:
        signature: What takes it.
        row: Its values by input.
        ascii_only: Whether other letters are escaped.
    """
    by_rows = _takes_rows(signature)
    alone = len(row) == 1
    batch = 1 if by_rows else 0
    values = {
        name: _json(
            _repeated(value, signature.inputs[name], batch),
            ascii_only=ascii_only,
            serialized=name == examples_input(signature),
        )
        for name, value in row.items()
    }
    keys = [f"{json.dumps(name, ensure_ascii=ascii_only)}: {v}" for name, v in values.items()]
    content = next(iter(values.values())) if alone else "{" + packed(keys, "    ") + "}"
    if by_rows:
        count = _rows_at_once(signature)
        content = "[" + ", ".join([content] * count) + "]"
    field = f'"{"instances" if by_rows else "inputs"}": {content}'
    if signature.name == DEFAULT:
        return "{" + field + "}"
    name = json.dumps(signature.name, ensure_ascii=ascii_only)
    return f'{{"signature_name": {name},\n  {field}}}'


def packed(items: Sequence[str], indent: str) -> str:
    """Returns items with commas between them, broken into lines where they are long."""
    lines, line = [], ""
    for item in items:
        if line and len(indent) + len(line) + len(item) > WIDTH:
            lines.append(line)
            line = ""
        line += (" " if line else "") + item + ","
    lines.append(line.rstrip(","))
    return f"\n{indent}".join(lines)


def plain(value: Any) -> Any:
    """Returns a value of an array, or a block of them, as plain Python.

    A float32 becomes the shortest number that stands for it: 0.2, not 0.20000000298.
    """
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.float32):
        return _short(float(value))
    return value.item() if isinstance(value, np.generic) else value


def _short(number: float) -> float:
    if not math.isfinite(number):
        return number
    shorter = (float(f"{number:.{digits}g}") for digits in (6, 7, 8))
    wanted = struct.pack("f", number)
    # Near the largest float32, fewer digits may round beyond it.
    return next((s for s in shorter if abs(s) < 3.4e38 and struct.pack("f", s) == wanted), number)


def _missing(row: Mapping[str, Any]) -> int:
    return sum(value in (b"", -1, -(2**63)) or value != value for value in row.values())


def _made_up(tensor: TensorInfo) -> Any:
    value = STAND_INS.get(tensor.dtype, 1)
    # Of a size that is not fixed, one; the first is the batch's.
    for size in reversed((tensor.shape or ())[1:]):
        value = [value] * (1 if size is None else size)
    return value


def _tensors(signature: Signature) -> list[TensorInfo]:
    return [*signature.inputs.values(), *signature.outputs.values()]


def _takes_rows(signature: Signature) -> bool:
    """Whether the row format will do: every tensor has rows, and inputs have the same number."""
    shapes = [tensor.shape for tensor in signature.inputs.values()]
    sizes = {shape[0] if shape else () for shape in shapes}
    answered = all(tensor.shape != () for tensor in signature.outputs.values())
    return bool(shapes) and len(sizes) == 1 and sizes != {()} and answered


def _rows_at_once(signature: Signature) -> int:
    shape = next(iter(signature.inputs.values())).shape
    return (shape[0] if shape else None) or 1


def _repeated(value: Any, tensor: TensorInfo, batch: int) -> Any:
    """Returns one row's value as the column format wants it: with all rows around it."""
    if batch or tensor.shape == ():
        return value
    return [value] * ((tensor.shape[0] if tensor.shape else None) or 1)


def _json(value: Any, *, ascii_only: bool, serialized: bool) -> str:
    def encodable(item: Any) -> Any:
        if isinstance(item, list):
            return [encodable(one) for one in item]
        if not isinstance(item, bytes):
            return item
        text = None if serialized else _text(item)
        return {"b64": base64.b64encode(item).decode()} if text is None else text

    return json.dumps(encodable(value), ensure_ascii=ascii_only)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _texts(signature: Signature, row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row with text in place of bytes that are text; a tf.Example never is."""

    def shown(value: Any) -> Any:
        if isinstance(value, list):
            return [shown(item) for item in value]
        text = _text(value) if isinstance(value, bytes) else None
        return value if text is None else text

    serialized = examples_input(signature)
    return {name: v if name == serialized else shown(v) for name, v in row.items()}


def _python(
    where: tuple[str, str],
    label: str | None,
    signature: Signature,
    row: Mapping[str, Any],
    *,
    ascii_only: bool,
) -> str:
    def show(value: Any) -> str:
        return _literal(value, ascii_only)

    texts = _texts(signature, row)
    items = [f"{show(name)}: {show(value)}" for name, value in texts.items()]
    count = _rows_at_once(signature) if _takes_rows(signature) else 1
    times = f" * {count}" if count > 1 else ""
    asked = ", ".join([*map(show, where), *([f"label={show(label)}"] if label else [])])
    return "\n".join(
        [
            "from serving.client import ServingClient",
            "",
            f"with ServingClient({asked}) as client:",
            "    rows = [{" + packed(items, "        ") + "}]" + times,
            "    print(client.predict(rows))",
        ]
    )


def _literal(value: Any, ascii_only: bool) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item, ascii_only) for item in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str) and not ascii_only:
        return json.dumps(value, ensure_ascii=False)
    return ascii(value)
