"""The training input: transformed examples, parsed once, in an order of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

PARSE_BATCH = 8192
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads bits (Fibonacci hashing)


class Split:
    """One split in memory: features and label as arrays of equal length, in hash order.

    Beam writes examples in no fixed order. Sorting them by a hash of their content makes training
    a function of the rows and the seed alone.

    Args:
        columns: Transformed feature name to array [rows].
        label_key: Which of them is the label.
    """

    def __init__(self, columns: Mapping[str, np.ndarray], label_key: str) -> None:
        order = np.argsort(row_hashes(columns), kind="stable")
        self.features = {k: v[order] for k, v in columns.items() if k != label_key}
        self.label = columns[label_key][order].astype(np.float32)

    def __len__(self) -> int:
        return len(self.label)

    def fingerprint(self) -> str:
        """Returns a digest of the rows, the same whatever order they were written in."""
        columns = {**self.features, "": self.label}
        total = np.add.reduce(row_hashes(columns), initial=np.uint64(0))
        return f"{len(self)}-{int(total):016x}"

    def batches(
        self,
        batch_size: int,
        weights: np.ndarray | None = None,
        shuffle_seed: int | None = None,
    ) -> tf.data.Dataset:
        """Returns batches of (features, label, weight), shuffled anew each epoch if seeded.

        Args:
            batch_size: Rows a batch; the last one may be smaller.
            weights: How much each row counts, float32 [rows]; 1 if not given.
            shuffle_seed: Seed of the shuffle; None keeps the order.
        """
        features = {k: tf.constant(v) for k, v in self.features.items()}
        label = tf.constant(self.label)
        weight = tf.ones_like(label) if weights is None else tf.constant(weights)
        rows = tf.data.Dataset.range(len(self))
        if shuffle_seed is not None:
            rows = rows.shuffle(max(len(self), 1), seed=shuffle_seed)

        def gather(index: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
            picked = {k: tf.gather(v, index) for k, v in features.items()}
            return picked, tf.gather(label, index), tf.gather(weight, index)

        return rows.batch(batch_size).map(gather).prefetch(tf.data.AUTOTUNE)


def read_split(files: Sequence[str], feature_spec: Mapping[str, Any], label_key: str) -> Split:
    """Reads gzipped TFRecords of transformed examples into memory.

    Args:
        files: File patterns.
        feature_spec: The parsing spec of the transformed examples, all of shape [].
        label_key: The transformed label.

    Raises:
        ValueError: If there is no row.
    """
    names = sorted(path for pattern in files for path in tf.io.gfile.glob(pattern))
    dataset = (
        tf.data.TFRecordDataset(names, compression_type="GZIP")
        .batch(PARSE_BATCH)
        .map(lambda x: tf.io.parse_example(x, dict(feature_spec)))
    )
    batches = list(dataset.as_numpy_iterator())
    if not batches:
        raise ValueError(f"no transformed example in {list(files)}")
    return Split({k: np.concatenate([b[k] for b in batches]) for k in batches[0]}, label_key)


def row_hashes(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns one uint64 a row that depends on all of its values, and on nothing else."""
    rows = len(next(iter(columns.values())))
    hashes = np.zeros(rows, np.uint64)
    for name in sorted(columns):
        bits = _bits(columns[name])
        hashes = (hashes ^ bits) * _MIX
        hashes ^= hashes >> np.uint64(29)
    return hashes


def _bits(values: np.ndarray) -> np.ndarray:
    wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    return wide.view(np.uint64)
