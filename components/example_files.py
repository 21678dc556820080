"""Serialized tf.Examples to the files of an Examples artifact, split by a hash of each."""

import bisect
import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from itertools import accumulate

import tensorflow as tf
from tfx.dsl.io import fileio

# The names that TFX's own ExampleGen gives, which readers look for.
SHARD = "data_tfrecord-{:05d}-of-{:05d}.gz"
ROWS_PER_SHARD = 100_000
GZIP = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)


def write_splits(
    examples: Iterable[bytes],
    folders: Mapping[str, str],
    buckets: Mapping[str, int],
    rows_per_shard: int = ROWS_PER_SHARD,
) -> None:
    """Writes each example to the split that TFX's ExampleGen gives it to.

    Args:
        examples: Serialized tf.Examples.
        folders: The folder of each split.
        buckets: How many hash buckets each split has.
        rows_per_shard: How many examples a file holds, but for the last one of a split.
    """
    with contextlib.ExitStack() as stack:
        shards = [
            stack.enter_context(contextlib.closing(_Shards(folders[name], rows_per_shard)))
            for name in buckets
        ]
        of_bucket = [shards[split_of(bucket, buckets)] for bucket in range(sum(buckets.values()))]
        total = len(of_bucket)
        for example in examples:
            digest = int.from_bytes(hashlib.sha256(example).digest(), "big")
            of_bucket[digest % total].write(example)
    for written in shards:
        written.name()


def split_of(bucket: int, buckets: Mapping[str, int]) -> int:
    """Returns the place of the split that a hash bucket belongs to."""
    return bisect.bisect(list(accumulate(buckets.values())), bucket)


class _Shards:
    """The files of one split, one after the other; a split without examples has one without any."""

    def __init__(self, folder: str, rows_per_shard: int) -> None:
        fileio.makedirs(folder)
        self._folder = folder
        self._rows_per_shard = rows_per_shard
        self._count = 0
        self._rows = 0
        self._writer = self._next()

    def write(self, example: bytes) -> None:
        if self._rows == self._rows_per_shard:
            self._writer.close()
            self._writer = self._next()
        self._writer.write(example)
        self._rows += 1

    def close(self) -> None:
        self._writer.close()

    def name(self) -> None:
        """Gives the files their names, which hold how many there are."""
        for index in range(self._count):
            name = SHARD.format(index, self._count)
            fileio.rename(self._unnamed(index), f"{self._folder}/{name}")

    def _next(self) -> tf.io.TFRecordWriter:
        self._rows = 0
        self._count += 1
        return tf.io.TFRecordWriter(self._unnamed(self._count - 1), GZIP)

    def _unnamed(self, index: int) -> str:
        return f"{self._folder}/incoming-{index:05d}.gz"
