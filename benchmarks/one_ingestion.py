"""One ExampleGen executor on one file of CSV or Parquet, in a process of its own.

`python -m benchmarks.one_ingestion NAME FILE` prints the seconds of its work, and the largest
memory of the process in millions of bytes: before it, when all is imported, and after it.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OURS, STANDARD = "ours", "standard"


def main(name: str, path: Path) -> None:
    """Prints one JSON object."""
    from tfx.components.example_gen.csv_example_gen import executor as csv_executor
    from tfx.types import standard_artifacts

    from components.arrow_examples import Executor

    executor = {OURS: Executor, STANDARD: csv_executor.Executor}[name]
    with tempfile.TemporaryDirectory() as folder:
        examples = standard_artifacts.Examples()
        examples.uri = folder
        context = executor.Context(
            beam_pipeline_args=[], tmp_dir=str(Path(folder) / "work"), unique_id="1"
        )
        before, started = _peak(), time.perf_counter()
        executor(context).Do({}, {"examples": [examples]}, _properties(path))
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "before": before, "peak": _peak()}))


def _properties(path: Path) -> dict[str, Any]:
    from tfx.proto import example_gen_pb2
    from tfx.utils import proto_utils

    from components.reading_config import reading_config
    from ingestion.columns import Reading
    from ingestion.dialect import Dialect
    from ingestion.reading import Format

    split = example_gen_pb2.SplitConfig.Split
    splits = [split(name=n, hash_buckets=b) for n, b in (("train", 8), ("eval", 1), ("test", 1))]
    rows = example_gen_pb2.Input.Split(name="rows", pattern=path.name)
    source: Format = "parquet" if path.suffix == ".parquet" else "csv"
    config = {
        "input_config": example_gen_pb2.Input(splits=[rows]),
        "output_config": example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(splits=splits)
        ),
        "custom_config": reading_config(Reading(source, Dialect(), {}, {})),
    }
    as_json = {key: proto_utils.proto_to_json(value) for key, value in config.items()}
    return {**as_json, "input_base": str(path.parent)}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6  # Linux counts KiB


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
