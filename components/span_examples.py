"""The executor of an ExampleGen that reads the spans of a window, and some spans beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.types import standard_component_specs

from components import arrow_examples
from components.example_files import write_splits
from components.reading_config import read_reading_config
from components.span_config import read_spans
from ingestion.columns import kinds_of, look_through
from usecase.errors import DataError
from usecase.spans import SpanFiles


class Executor(arrow_examples.Executor):
    """Splits the rows of several spans by their hash, and gives whole spans splits of their own.

    The files are those that `custom_config` names, as `with_spans` makes it. A column has one type
    in all of them.
    """

    def require_workers(self, exec_properties: dict[str, Any], runner: str) -> None:
        """Refuses Beam's workers, which would read the one span that TFX knows.

        Args:
            exec_properties: The properties of the node.
            runner: Beam's, which is not of this process.

        Raises:
            DataError: Always.
        """
        raise DataError(
            f"spans are read together by one process, not by the workers of {runner}",
            expected="Beam's DirectRunner",
            fix="remove the node's `beam`",
        )

    def more_splits(self, exec_properties: dict[str, Any]) -> Sequence[str]:
        """Returns the splits that hold whole spans."""
        return tuple(_spans(exec_properties).splits)

    def write(
        self,
        exec_properties: dict[str, Any],
        pattern: str,
        folders: Mapping[str, str],
        buckets: Mapping[str, int],
    ) -> None:
        """Reads the files, and writes each row to its splits.

        Args:
            exec_properties: The properties of the node.
            pattern: Not looked at: it names one span.
            folders: The folder of each split.
            buckets: How many hash buckets each split has that rows are hashed into.

        Raises:
            DataError: If a file cannot be read, or they do not belong together.
        """
        spans = _spans(exec_properties)
        reading = read_reading_config(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        groups = {name: [str(path) for path in files] for name, files in spans.splits.items()}
        rows = [str(path) for path in spans.rows]
        every = [*rows, *(path for files in groups.values() for path in files)]
        found = look_through(list(dict.fromkeys(every)), reading, arrow_examples.open_anywhere)
        kinds = kinds_of(found, reading.dates)
        write_splits(arrow_examples.examples_of(rows, reading, kinds), folders, buckets)
        for name, files in groups.items():
            examples = arrow_examples.examples_of(files, reading, kinds)
            write_splits(examples, {name: folders[name]}, {name: 1})


def _spans(exec_properties: dict[str, Any]) -> SpanFiles:
    return read_spans(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
