"""The executor that reads CSV with dates in text, on small files, through Beam."""

import pickle
from typing import NamedTuple

import apache_beam as beam
import pytest
import tensorflow as tf
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.csv_examples import Executor, date_config, read_date_config
from usecase.dates import DateText
from usecase.errors import DataError

DATES = {"when": DateText("iso8601", 1.0), "day": DateText("%d.%m.%Y", 0.0)}
SPLITS = ("train", "test")


class Cell(NamedTuple):
    """What an Example holds in one feature."""

    kind: str | None
    values: list


def properties(folder, dates):
    split = example_gen_pb2.SplitConfig.Split
    splits = [split(name=name, hash_buckets=1) for name in SPLITS]
    rows = example_gen_pb2.Input.Split(name="rows", pattern="*.csv")
    config = {
        "input_config": example_gen_pb2.Input(splits=[rows]),
        "output_config": example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(splits=splits)
        ),
        "custom_config": date_config(dates),
    }
    as_json = {name: proto_utils.proto_to_json(value) for name, value in config.items()}
    return {**as_json, "input_base": str(folder)}


@pytest.fixture
def ingest(tmp_path):
    """Runs the executor on the text of a CSV file; returns the rows by their `id`."""

    def ingest(text, dates=DATES):
        (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / "out")
        context = Executor.Context(beam_pipeline_args=[], tmp_dir=str(tmp_path), unique_id="1")
        Executor(context).Do({}, {"examples": [examples]}, properties(tmp_path, dates))
        files = [str(path) for path in (tmp_path / "out").glob("Split-*/*.gz")]
        assert len(files) == len(SPLITS)
        rows = [
            tf.train.Example.FromString(record).features.feature
            for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
        ]
        return {row["id"].int64_list.value[0]: row for row in rows}

    return ingest


def cell(rows, row, name):
    feature = rows[row][name]
    kind = feature.WhichOneof("kind")
    return Cell(kind, list(getattr(feature, kind).value) if kind else [])


def test_dates_become_seconds_and_all_else_stays(ingest):
    rows = ingest(
        "id,when,day,text,number\n"
        "1,1970-01-01T01:00:00,02.01.1970,2024-01-01,1.5\n"
        '2,1970-01-01T01:00:00Z,"31.12.1969",b,\n'
    )
    assert cell(rows, 1, "when") == ("int64_list", [0])
    assert cell(rows, 2, "when") == ("int64_list", [3600])
    assert cell(rows, 1, "day") == ("int64_list", [86400])
    assert cell(rows, 2, "day") == ("int64_list", [-86400])
    assert cell(rows, 1, "text") == ("bytes_list", [b"2024-01-01"])
    assert cell(rows, 1, "number") == ("float_list", [1.5])
    assert cell(rows, 2, "number") == ("float_list", [])


def test_empty_cells_are_missing(ingest):
    rows = ingest("id,when,day\n1,,01.01.1970\n2,1970-01-01,\n3, ,\n")
    assert cell(rows, 1, "when") == ("int64_list", [])
    assert cell(rows, 2, "day") == ("int64_list", [])
    assert cell(rows, 3, "when") == ("int64_list", [])


def test_a_column_without_any_date_is_one_of_integers(ingest):
    rows = ingest("id,when\n1,\n2,\n")
    assert cell(rows, 1, "when") == cell(rows, 2, "when") == ("int64_list", [])


def test_a_column_that_is_not_there_is_the_data_gate_s_to_miss(ingest):
    assert set(ingest("id,age\n1,2\n")[1]) == {"id", "age"}


@pytest.mark.parametrize(
    ("when", "date_format"),
    [
        ("yesterday", "iso8601"),
        ("2023-02-29", "iso8601"),
        ("naïve", "iso8601"),
        # The reader takes these for numbers.
        ("1357000000", "iso8601"),
        ("20240229", "iso8601"),
        ("12.5", "%d.%m.%Y"),
    ],
)
def test_the_first_text_that_is_no_date_is_told(ingest, when, date_format):
    with pytest.raises(DataError) as caught:
        ingest(f"id,when\n1,\n2,{when}\n", {"when": DateText(date_format)})
    error = caught.value
    assert error.what == f'column "when": "{when}" is no date in the format {date_format}'
    assert error.expected.startswith("a date like ")
    assert error.fix


def test_other_faults_stay_what_they_are(ingest):
    with pytest.raises(ValueError, match="Columns do not match"):
        ingest("id,when\n1,1970-01-01,more\n")


@pytest.mark.parametrize("hours", [0.0, -5.5, 5.75])
def test_the_config_survives_its_way_through_tfx(hours):
    dates = {"when": DateText("%d.%m.%Y %H:%M", hours), 'od"d {n}ame': DateText("iso8601", hours)}
    assert read_date_config(proto_utils.proto_to_json(date_config(dates))) == dates
    assert read_date_config(proto_utils.proto_to_json(date_config({}))) == {}


def test_what_goes_to_workers_can_be_pickled(tmp_path):
    (tmp_path / "rows.csv").write_text("id,when\n1,1970-01-01\n")
    transform = Executor().GetInputSourceToExamplePTransform()(properties(tmp_path, DATES), "*.csv")
    with beam.Pipeline(runner="DirectRunner") as pipeline:
        parsed = pipeline | transform
        (do_fn,) = [
            part.transform.fn
            for part in pipeline._root_transform().parts[0].parts
            if part.full_label.endswith("/ParseDates")
        ]
    assert parsed.element_type is tf.train.Example
    again = pickle.loads(pickle.dumps(do_fn))
    example = tf.train.Example()
    example.features.feature["day"].bytes_list.value.append(b"02.01.1970")
    (made,) = again.process(example)
    assert made.features.feature["day"].int64_list.value == [86400]
    assert example.features.feature["day"].bytes_list.value == [b"02.01.1970"]  # not Beam's to lose
