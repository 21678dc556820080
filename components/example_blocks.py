"""TFRecord files of tf.Examples as Arrow record batches, read and decoded block by block."""

from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import pyarrow as pa
from apache_beam.io import filesystems
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.public.tfxio import RecordBatchesOptions, TFExampleRecord

BLOCK_ROWS = 1000  # as many as tfx_bsl batches at most where it reads single records


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(pa.RecordBatch)
class ReadBlocks(beam.PTransform):
    """Reads files as the Beam source of a TFExampleRecord would, each by one worker.

    That one reads record by record in Python, and batches what it has read.

    Args:
        patterns: Of the files.
        schema: The columns to read; None for all that there are.
        rows: How many a batch has, but for the last one of a file.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        schema: schema_pb2.Schema | None = None,
        rows: int = BLOCK_ROWS,
    ) -> None:
        super().__init__()
        self._patterns = patterns
        self._schema = schema
        self._rows = rows

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Adds the steps to a pipeline."""
        found = filesystems.FileSystems.match(list(self._patterns))
        files = sorted(one.path for match in found for one in match.metadata_list)
        return (
            pipeline
            | "Files" >> beam.Create(files)  # which spreads them over workers
            | "Blocks" >> beam.FlatMap(_blocks, self._schema, self._rows)
        )


@beam.typehints.with_output_types(Iterable[pa.RecordBatch])
def _blocks(file: str, schema: schema_pb2.Schema | None, rows: int) -> Iterator[pa.RecordBatch]:
    options = RecordBatchesOptions(
        batch_size=rows, drop_final_batch=False, num_epochs=1, shuffle=False
    )
    yield from TFExampleRecord(file, schema=schema).RecordBatches(options)
