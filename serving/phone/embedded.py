"""The metadata inside of a .tflite file: a named buffer of JSON, found without TensorFlow."""

import struct
from typing import Any

from serving.errors import ServingError

METADATA_ENTRY = "model_metadata.json"
IDENTIFIER = b"TFL3"  # of TFLite's flatbuffers, at byte 4


def embedded_json(content: bytes, where: str) -> str:
    """Returns the JSON of the entry `model_metadata.json`.

    Nothing but that entry is copied or decoded, whatever the file's size.

    Args:
        content: The file's contents.
        where: Names it in an error.

    Raises:
        ServingError: If it is no .tflite file, or has no such entry.
    """
    if content[4:8] != IDENTIFIER:
        raise ServingError(
            f"{where} is no .tflite file",
            expected="a model of TensorFlow Lite",
            fix="check where the file came from",
        )
    try:
        text = _entry(content)
    except (struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
        # What leads nowhere in a damaged file ends in any of them.
        raise _damaged(where) from error
    if text is None:
        raise ServingError(
            f"no metadata inside of {where}",
            expected=f"an entry {METADATA_ENTRY}, which every model of this project has",
            fix="take a file that the pipeline pushed, or name the folder with its metadata.json",
        )
    return text


def _entry(content: bytes) -> str | None:
    model = _schema().Model.GetRootAs(content, 0)
    for k in range(model.MetadataLength()):
        entry = model.Metadata(k)
        if entry.Name() == METADATA_ENTRY.encode():
            buffer = model.Buffers(entry.Buffer())
            return "" if buffer.DataIsNone() else bytes(buffer.DataAsNumpy()).decode()
    return None


def _damaged(where: str) -> ServingError:
    return ServingError(
        f"{where} is damaged",
        expected="a whole .tflite file",
        fix="copy it anew",
    )


def _schema() -> Any:
    """Returns LiteRT's own reader of the file format."""
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise no_litert() from error
    return schema_py_generated


def no_litert() -> ServingError:
    """Returns the error that the interpreter's package is not there."""
    return ServingError(
        "ai-edge-litert is not installed",
        expected="LiteRT's interpreter, which runs a .tflite file",
        fix="pip install ai-edge-litert",
    )
