"""Files of rows to serialized tf.Examples by Beam's workers, a file each."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from components.arrow_examples import examples_of, open_anywhere, reading_of
from ingestion.columns import ColumnKind, Kinds, Reading, kinds_of, look_through
from ingestion.reading import read_columns

Found = dict[str, ColumnKind]


@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(bytes)
class ReadByArrow(beam.PTransform):
    """Reads the files of a pattern in two passes: types first, over all files, then rows.

    Args:
        exec_properties: The properties of the node.
        pattern: Of the files, below the node's `input_base`.
    """

    def __init__(self, exec_properties: dict[str, Any], pattern: str) -> None:
        super().__init__()
        self._files, self._reading = reading_of(exec_properties, pattern)

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Adds the steps to a pipeline.

        Raises:
            DataError: If the files do not belong together.
        """
        reading = self._reading
        read_columns(self._files, reading.source, reading.dialect, open_anywhere)
        files = pipeline | "Files" >> beam.Create(self._files) | beam.Reshuffle()
        found = files | "Look" >> beam.Map(_look, reading) | "Merge" >> beam.CombineGlobally(merged)
        return files | "Read" >> beam.FlatMap(_read, reading, beam.pvalue.AsSingleton(found))


def merged(found: Iterable[Found]) -> Found:
    """Returns what was seen in all files together; they have the same columns."""
    together: Found = {}
    for of_file in found:
        for name, kind in of_file.items():
            if name in together:
                together[name].merge(kind)  # type: ignore[arg-type]
            else:
                together[name] = kind
    return together


def _look(file: str, reading: Reading) -> Found:
    return look_through([file], reading, open_anywhere)


@beam.typehints.with_output_types(Iterable[bytes])
def _read(file: str, reading: Reading, found: Found) -> Iterator[bytes]:
    kinds: Kinds = kinds_of(found, reading.dates)
    return examples_of([file], reading, kinds)
