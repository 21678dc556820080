"""What a .tflite says of itself, as JSON beside it and inside it."""

import hashlib
import importlib.metadata
import json
from typing import Any

import flatbuffers
import numpy as np
import tensorflow_transform as tft
from ai_edge_litert import schema_py_generated as schema

from models.outputs import DECISION_THRESHOLD
from serving.phone.embedded import METADATA_ENTRY
from serving.phone.metadata import FORMAT
from usecase.declaration import Declaration
from usecase.outputs import MEASURED
from usecase.roles import DateTime
from usecase.schema import Column

SIGNATURE = "serving_default"
# As TFLite's own writer places the contents of tensors (force_align in its schema).
ALIGNMENT = 16
PACKAGES = (
    *("tensorflow", "keras", "tensorflow-transform", "tfx"),
    *("ai-edge-litert", "ai-edge-quantizer"),
)


def describe(
    name: str,
    declaration: Declaration,
    transform_output: tft.TFTransformOutput,
    *,
    parameters: int,
    saved_model_sha256: str,
) -> dict[str, Any]:
    """Returns what a client must know of a model, as JSON types; `serving.phone.metadata` reads it.

    Args:
        name: The use case.
        declaration: Its features and label.
        transform_output: Output of Transform, for the vocabularies.
        parameters: The number of the network's weights.
        saved_model_sha256: Digest of the served model.
    """
    label, output = declaration.label, MEASURED[declaration.label.task]
    dates = {f.name for f in declaration.features if isinstance(f.declared, DateTime)}
    per_class = [len(label.classes)] if label.task == "multiclass" else []
    return {
        "format": FORMAT,
        "model": name,
        "task": label.task,
        "signature": SIGNATURE,
        "inputs": [_input(column, is_date=column.name in dates) for column in declaration.inputs],
        "output": {"name": output, "dtype": "float32", "shape": ["batch", *per_class]},
        "label": {
            "name": label.name,
            "classes": list(label.classes),
            "decision_threshold": DECISION_THRESHOLD if label.task == "binary" else None,
        },
        "vocabularies": {
            f.name: _vocabulary(transform_output.vocabulary_by_name(f.vocabulary_name))
            for f in declaration.features
            if f.has_vocabulary
        },
        "parameters": parameters,
        "saved_model_sha256": saved_model_sha256,
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
    }


def _input(column: Column, *, is_date: bool) -> dict[str, Any]:
    described = {
        "name": column.input_name,
        "column": column.name,
        "dtype": column.dtype,
        # NaN is no JSON.
        "missing": "NaN" if column.dtype == "float32" else column.missing,
    }
    return {**described, "unit": "seconds since 1970-01-01T00:00:00 UTC"} if is_date else described


def _vocabulary(words: list[bytes]) -> dict[str, Any]:
    """The size of a vocabulary, and the SHA-256 of its words, one a line, in the order of ids."""
    return {"size": len(words), "sha256": hashlib.sha256(b"\n".join(words)).hexdigest()}


def embed(model: bytes, described: dict[str, Any]) -> bytes:
    """Returns a .tflite with the description inside, as named metadata.

    It is not the metadata of TFLite Support, whose library is kept up no more.
    """
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    _take_in_outside_buffers(parsed, model)
    parsed.description = described["model"]
    text = schema.BufferT()
    text.data = np.frombuffer(json.dumps(described).encode(), np.uint8)
    parsed.buffers.append(text)
    entry = schema.MetadataT()
    entry.name = METADATA_ENTRY
    entry.buffer = len(parsed.buffers) - 1
    parsed.metadata = [*(parsed.metadata or []), entry]
    builder = _AlignedBuilder(len(model))
    builder.Finish(parsed.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _take_in_outside_buffers(parsed: Any, model: bytes) -> None:
    """Moves into the FlatBuffer what ai-edge-quantizer places behind it, at offsets in the file."""
    for buffer in parsed.buffers:
        if buffer.offset > 1:  # 0 and 1 say that there is none
            buffer.data = np.frombuffer(model, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0


class _AlignedBuilder(flatbuffers.Builder):
    """Places bytes where numbers of any size can be read from them; the plain one does not."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
        wanted = ALIGNMENT if elemSize == 1 else alignment
        return super().StartVector(elemSize, numElems, wanted)
