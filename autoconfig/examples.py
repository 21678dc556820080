"""TFRecord files of tf.Examples as Arrow's batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from usecase.errors import DataError

BATCH_ROWS = 1 << 13
_TYPES = {"int64_list": pa.int64(), "float_list": pa.float64(), "bytes_list": pa.string()}


def read_examples(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """Yields the rows of files, one column a feature, in blocks of a bounded size.

    A feature with several values a row, with bytes that are no text, or of several types is a list:
    nothing that a column of one value a row could be.

    Args:
        files: TFRecord files, compressed with gzip where the name ends in .gz.

    Raises:
        DataError: If a record is damaged, or no tf.Example.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    for path in files:
        compression = "GZIP" if path.name.endswith(".gz") else ""
        records = tf.data.TFRecordDataset([str(path)], compression_type=compression)
        try:
            for block in records.batch(BATCH_ROWS).as_numpy_iterator():
                yield _batch([tf.train.Example.FromString(record) for record in block])
        except (tf.errors.DataLossError, DecodeError) as error:
            raise DataError(
                f"data not readable: {path} ({error})",
                expected="a TFRecord file of tf.Examples",
                fix="copy or write the file again",
            ) from error


def _batch(examples: Sequence[Any]) -> pa.RecordBatch:
    features = [example.features.feature for example in examples]
    names = sorted({name for row in features for name in row})
    arrays = [_array([row.get(name) for row in features]) for name in names]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _array(features: Sequence[Any]) -> pa.Array:
    kinds = [feature.WhichOneof("kind") if feature is not None else None for feature in features]
    lists = [
        list(getattr(feature, kind).value) if kind else []
        for feature, kind in zip(features, kinds, strict=True)
    ]
    known = {kind for kind, values in zip(kinds, lists, strict=True) if kind and values}
    if len(known) > 1 or any(len(values) > 1 for values in lists):
        return pa.array([[str(value) for value in values] for values in lists])
    if not known:
        return pa.nulls(len(lists))
    cells = [values[0] if values else None for values in lists]
    try:
        return pa.array(cells, _TYPES[known.pop()])
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return pa.array([[str(cell)] for cell in cells])
