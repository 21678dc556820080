"""Reads what is known of a model for phones, from `metadata.json` or from inside of a file."""

import json
import math
from pathlib import Path
from typing import Any

from serving.contract import (
    OUTPUTS,
    Classes,
    Input,
    Label,
    Metadata,
    ModelFile,
    Output,
    Vocabulary,
)
from serving.errors import ServingError
from serving.phone.embedded import METADATA_ENTRY, embedded_json
from serving.phone.fields import Fields, is_integer

__all__ = [
    "FORMAT",
    "METADATA_ENTRY",
    "METADATA_FILE",
    "MODEL_FILES",
    "Metadata",
    "parse_metadata",
    "read_embedded_metadata",
    "read_metadata",
]

FORMAT = 1
METADATA_FILE = "metadata.json"
# By variant; what a variant's numbers are stored as is its name.
MODEL_FILES = {
    "float32": "model.tflite",
    "float16": "model_float16.tflite",
    "int8": "model_int8.tflite",
}
DTYPES = ("float32", "int64", "string")
INT64 = range(-(2**63), 2**63)


def read_metadata(folder: Path) -> Metadata:
    """Reads the metadata file of one version.

    Args:
        folder: Where the version's files are.

    Raises:
        ServingError: If it is not there, or cannot be read.
    """
    path = folder / METADATA_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ServingError(
            f"no metadata: {path} is not there",
            expected=f"{METADATA_FILE} beside the model's files",
            fix="copy the whole folder of the version, or name one .tflite file",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ServingError(
            f"metadata not readable: {path} ({error})", fix="copy the folder anew"
        ) from error
    return parse_metadata(text, str(path))


def read_embedded_metadata(content: bytes, where: str) -> Metadata:
    """Reads the metadata inside of a .tflite file, without TensorFlow.

    Args:
        content: The file's contents.
        where: Names it in an error.

    Raises:
        ServingError: If it is no .tflite file, or has no metadata of ours.
    """
    return parse_metadata(embedded_json(content, where), f"{where}, {METADATA_ENTRY}")


def parse_metadata(text: str, where: str) -> Metadata:
    """Reads metadata from JSON; keys that are not known are passed over.

    Args:
        text: The JSON.
        where: Names it in an error.

    Raises:
        ServingError: If it is no JSON, of another format number, or not as it should be.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ServingError(
            f"metadata not readable: {where} ({error})", expected="JSON", fix="copy it anew"
        ) from error
    fields = Fields(data, where)
    found = fields.raw("format")
    if not is_integer(found) or found != FORMAT:
        raise ServingError(
            f"{where}: format {found!r:.80} is not supported",
            expected=f"format {FORMAT}",
            fix="take the client of the project's version that made the model",
        )
    return _metadata(fields)


def _metadata(fields: Fields) -> Metadata:
    label = _label(fields.inner("label"), fields.choice("task", tuple(OUTPUTS)))
    vocabularies = fields.table("vocabularies").items()
    return Metadata(
        model=fields.text("model"),
        signature=fields.text("signature"),
        inputs=_inputs(fields),
        output=_output(fields.inner("output"), label),
        label=label,
        vocabularies={n: Vocabulary(v.count("size"), v.text("sha256")) for n, v in vocabularies},
        parameters=fields.count("parameters"),
        saved_model_sha256=fields.text("saved_model_sha256"),
        versions=fields.texts("versions"),
        files={name: _file(inner) for name, inner in fields.table("files").items()},
        left_out=fields.texts("left_out"),
    )


def _inputs(fields: Fields) -> tuple[Input, ...]:
    listed = enumerate(fields.items("inputs"))
    inputs = tuple(_input(Fields(data, f"{fields.where}: inputs[{k}]")) for k, data in listed)
    for names in ([i.name for i in inputs], [i.column for i in inputs]):
        if not names or len(set(names)) < len(names):
            raise fields.wrong(f"has inputs {names}", "at least one, and no name twice")
    return inputs


def _input(fields: Fields) -> Input:
    dtype = fields.choice("dtype", DTYPES)
    missing = fields.raw("missing")
    is_right = {
        "float32": missing == "NaN",
        "int64": is_integer(missing) and missing in INT64,
        "string": isinstance(missing, str),
    }
    if not is_right[dtype]:
        raise fields.wrong(f"has missing: {missing!r:.80}", f"what {dtype} can hold")
    return Input(
        name=fields.text("name"),
        column=fields.text("column"),
        dtype=dtype,
        missing=math.nan if dtype == "float32" else missing,
        unit="" if fields.raw("unit") is None else fields.text("unit"),
    )


def _output(fields: Fields, label: Label) -> Output:
    name = fields.choice("name", (OUTPUTS[label.task],))
    fields.choice("dtype", ("float32",))
    row_shape = (len(label.classes),) if label.task == "multiclass" else ()
    if fields.items("shape") != ["batch", *row_shape]:
        raise fields.wrong(
            f"has shape: {fields.raw('shape')!r:.80}", f"{['batch', *row_shape]} for {label.task}"
        )
    return Output(name, row_shape)


def _label(fields: Fields, task: str) -> Label:
    classes = _classes(fields)
    threshold = fields.raw("decision_threshold")
    if threshold is not None and not 0.0 <= fields.number("decision_threshold") <= 1.0:
        raise fields.wrong(f"has decision_threshold: {threshold!r:.80}", "a probability, or null")
    counts = {"binary": len(classes) in (0, 2), "multiclass": len(classes) >= 2}
    if not counts.get(task, not classes) or (threshold is None) == (task == "binary"):
        raise fields.wrong(
            f"has {len(classes)} classes and decision_threshold {threshold}",
            "none or 2 classes and a threshold if binary, 2 or more if multiclass, else neither",
        )
    return Label(task, fields.text("name"), classes, threshold)


def _classes(fields: Fields) -> Classes:
    classes = tuple(fields.items("classes"))
    of_one_type = all(isinstance(c, str) for c in classes) or all(
        is_integer(c) and c in INT64 for c in classes
    )
    if not of_one_type or len(set(classes)) < len(classes):
        raise fields.wrong(f"has classes: {classes!r:.80}", "all text or all int64, none twice")
    return classes


def _file(fields: Fields) -> ModelFile:
    return ModelFile(
        variant=fields.choice("variant", tuple(MODEL_FILES)),
        size=fields.count("bytes"),
        sha256=fields.text("sha256"),
        max_difference=fields.number("max_difference"),
        metrics=fields.numbers("metrics"),
    )
