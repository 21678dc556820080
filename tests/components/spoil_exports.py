"""Exports models with faults that conversion does not notice, in a process of its own.

Reads {kind: ExportRequest} from standard input.
"""

import contextlib
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

from models import lite, lite_export
from models.settings import ExportRequest


def table_from_a_file(keys, values, *, default):
    """A vocabulary read from a file, as Transform's own is: the converter drops the file."""
    if keys.dtype != tf.string:
        return make_table(keys, values, default=default)
    path = Path(FOLDER) / "words.txt"
    path.write_bytes(b"\n".join(keys.numpy()))
    initializer = tf.lookup.TextFileInitializer(
        str(path),
        *(tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
        *(tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
    )
    return tf.lookup.StaticHashTable(initializer, default)


def shifted_table(keys, values, *, default):
    """Every word has the id of the word before it."""
    is_ids = isinstance(values, np.ndarray)
    return make_table(keys, np.roll(values, 1) if is_ids else values, default=default)


def with_a_hash(self, values):
    if values.dtype == tf.string:
        return 1 + 0 * tf.strings.to_hash_bucket_fast(values, 7)
    return look_up(self, values)


def with_another_unit(self, **columns):
    return predict(self, **{**columns, "fare": columns["fare"] * 1.01})


def convert_with_flex(folder):
    converter = make_converter(folder)
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    return converter


make_table, look_up, predict = lite._table, lite.Vocabulary.ids, lite.LiteModule.predict
make_converter = lite_export._converter
FOLDER = ""
FAULTS = {
    "none": [],
    "uninitialised table": [mock.patch.object(lite, "_table", table_from_a_file)],
    "shifted vocabulary": [mock.patch.object(lite, "_table", shifted_table)],
    "wrong normalisation": [mock.patch.object(lite.LiteModule, "predict", with_another_unit)],
    "flex operation": [
        mock.patch.object(lite.Vocabulary, "ids", with_a_hash),
        mock.patch.object(lite_export, "_converter", convert_with_flex),
    ],
}

for kind, raw in json.load(sys.stdin).items():
    request = ExportRequest.model_validate_json(json.dumps(raw))
    FOLDER = request.transform_graph
    with contextlib.ExitStack() as stack:
        for patch in FAULTS[kind]:
            stack.enter_context(patch)
        lite_export.export(request)
