"""Rows as a caller has them to the tensors that a signature takes."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from serving.columns import ARRAYS
from serving.contract import Input
from serving.errors import ServingError, did_you_mean
from serving.names import as_given, given_names, input_name, listed, without
from serving.remote.blocks import block
from serving.remote.example_rows import features_of
from serving.remote.model_metadata import ModelMetadata, Signature
from serving.remote.signature_choice import RAW, column_types, examples_input, known_columns
from serving.remote.tf_examples import Features, encode
from serving.rows import gather, nested, tensors

# What `serving_raw` takes for missing, by type: the table of the pipeline's `usecase.missing`.
MISSING: Mapping[str, float | int | str] = {"float32": math.nan, "int64": -(2**63), "string": ""}


class Prepared(NamedTuple):
    """What is sent.

    Attributes:
        inputs: The tensors, by input.
        length: How many rows they hold.
        splits: Whether the signature takes any number of rows.
    """

    inputs: dict[str, np.ndarray]
    length: int
    splits: bool


def prepare(
    metadata: ModelMetadata, signature: Signature, rows: Any, *, takes_more: bool = False
) -> Prepared:
    """Returns the tensors of rows.

    Args:
        metadata: Of the model.
        signature: One of its signatures.
        rows: A list of dicts, a mapping of columns, or a DataFrame.
        takes_more: Whether rows may have columns that the model does not read.

    Raises:
        ServingError: If the signature cannot take them.
    """
    rows = listed(rows)
    alias = examples_input(signature)
    if alias is not None and given_names(rows) != [alias]:
        features = example_features(metadata, signature, rows, takes_more=takes_more)
        serialized = np.array([encode(row) for row in features], object)
        return Prepared({alias: serialized}, len(features), splits=True)
    given = given_names(rows)
    inputs = as_given(_inputs(signature), given)
    if takes_more:
        rows = without(rows, {*given} - {i.name for i in inputs} - {i.column for i in inputs})
    if signature.name == RAW and all(i.dtype in ARRAYS for i in inputs):
        columns = tensors(inputs, rows)
        count = len(next(iter(columns.values()))) if columns else 0
        return Prepared(columns, count, splits=True)
    return _blocks(signature, inputs, rows)


def example_features(
    metadata: ModelMetadata, signature: Signature, rows: Any, *, takes_more: bool = False
) -> list[Features]:
    """Returns rows as the features of tf.Examples, by the data's names.

    Args:
        metadata: Of the model.
        signature: One that takes tf.Examples.
        rows: As of `prepare`.
        takes_more: As of `prepare`; they are sent, and the model passes them over.

    Raises:
        ServingError: If a column is one that the signature does not read, where that is known.
    """
    rows = listed(rows)
    known = None if takes_more else known_columns(metadata, signature)
    for name in given_names(rows) if known is not None else ():
        if input_name(name) not in (known or ()):
            raise ServingError(
                f"the model has no input {name!r:.80}",
                expected="columns that the model reads, and no others",
                fix=did_you_mean(name, known or ()),
            )
    return features_of(rows, column_types(metadata))


def _inputs(signature: Signature) -> tuple[Input, ...]:
    return tuple(
        Input(t.name, t.name, t.dtype, MISSING.get(t.dtype, "")) for t in signature.inputs.values()
    )


def _blocks(signature: Signature, inputs: tuple[Input, ...], rows: Any) -> Prepared:
    columns, length = gather(inputs, rows, nested)
    if inputs and not length:
        return Prepared({}, 0, splits=True)
    arrays, splits = {}, bool(inputs)
    for tensor in inputs:
        info, values = signature.inputs[tensor.name], columns.get(tensor.name)
        if tensor.name in signature.optional and _is_empty(values):
            continue
        if values is None:
            raise ServingError(
                f'no values for input "{tensor.name}"',
                expected=f'every input of signature "{signature.name}": '
                + ", ".join(map(str, signature.inputs.values())),
                fix="give the column",
            )
        arrays[tensor.name] = block(info, tensor.column, values)
        splits &= info.shape is None or info.shape[:1] == (None,)
    return Prepared(arrays, length, splits)


def _is_empty(values: Any) -> bool:
    return values is None or all(value is None for value in values)
