"""What a run's data gate says of rows: the same reader, split, statistics, checks and verdict."""

from pathlib import Path

import pyarrow as pa
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components import data_checks
from components.arrow_examples import read_examples
from components.example_files import write_splits
from components.settings import DataGateSettings
from ingestion.columns import Reading
from ingestion.dialect import dialect_of
from pipeline.sources import declared_types
from pipeline.stages import QUANTILES
from tests.autoconfig.tables import compiled, schema_of
from usecase.config import SPLITS
from usecase.data_files import find_data
from usecase.loading import parse_use_case

PARTS = ("examples", "statistics", "anomalies", "schema")


def judged(inferred, folder: Path):
    """The verdict on the data that a configuration names, with all that it is made of in a folder.

    Returns:
        The verdict, and the statistics of each split.
    """
    use_case, schema = parse_use_case(inferred.use_case_yaml), schema_of(inferred)
    declaration = compiled(inferred)
    parts = {part: folder / part for part in PARTS}
    splits = {name: str(parts["examples"] / f"Split-{name}") for name in SPLITS}
    write_splits(_rows(use_case, declaration), splits, use_case.split.model_dump())
    found = {name: _statistics(Path(path)) for name, path in splits.items()}
    for name, statistics in found.items():
        _put(parts["statistics"] / f"Split-{name}", data_checks.STATISTICS_FILE, statistics)
        anomalies = tfdv.validate_statistics(statistics, schema)
        _put(parts["anomalies"] / f"Split-{name}", data_checks.ANOMALIES_FILE, anomalies)
    parts["schema"].mkdir()
    (parts["schema"] / data_checks.SCHEMA_FILE).write_text(inferred.schema_text, encoding="utf-8")
    settings = DataGateSettings(declaration=declaration, thresholds=use_case.data_gate)
    uris = {f"{part}_uri": str(path) for part, path in parts.items()}
    return data_checks.judge_data(settings, **uris), found


def _rows(use_case, declaration):
    files = [str(path) for path in find_data(use_case.data).local]
    if use_case.data.source == "tfrecord":
        return tf.data.TFRecordDataset(files).as_numpy_iterator()
    types = declared_types(declaration)
    reading = Reading(use_case.data.source, dialect_of(use_case.data), types, declaration.dates)
    return read_examples(files, reading)


def _statistics(folder: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
    files = [str(path) for path in sorted(folder.glob("*.gz"))]
    examples = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    batch = ExamplesToRecordBatchDecoder().DecodeBatch(examples) if examples else pa.table({})
    options = tfdv.StatsOptions(num_quantiles_histogram_buckets=QUANTILES)
    return stats_impl.generate_statistics_in_memory(batch, options)


def _put(folder: Path, name: str, message) -> None:
    folder.mkdir(parents=True)
    (folder / name).write_bytes(message.SerializeToString())
