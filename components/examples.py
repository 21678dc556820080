"""The records of an Examples artifact."""

from pathlib import Path

import tensorflow as tf

BATCH = 8192


def batches(examples_uri: str | Path, *splits: str) -> tf.data.Dataset:
    """Reads splits of an Examples artifact.

    Args:
        examples_uri: Its folder, one `Split-<name>` each.
        splits: The splits, read one after the other.

    Returns:
        Serialized tf.Examples, string [batch].
    """
    files = sorted(str(p) for s in splits for p in (Path(examples_uri) / f"Split-{s}").glob("*.gz"))
    return tf.data.TFRecordDataset(files, compression_type="GZIP").batch(BATCH)
