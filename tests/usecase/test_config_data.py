"""Where the rows are: files of a format, or the result of a query."""

import pytest

from usecase.config import Data
from usecase.errors import ConfigError

QUERY = {"query": "SELECT 1", "project": "my-project", "temp_location": "gs://bucket/tmp"}
EITHER = "set either `path` or `query`"
OF_QUERY = "`project` and `temp_location` belong to `query`"
NEEDS = "`query` needs `project` and `temp_location`, and has no `format`"

OF_CSV = "`delimiter` and `missing` say how CSV is written"


def without(*keys, **more):
    return {key: value for key, value in QUERY.items() if key not in keys} | more


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("rows.csv", "csv"),
        ("rows.txt", "csv"),
        ("rows", "csv"),
        ("gs://bucket/day-*.csv", "csv"),
        ("rows.tfrecord", "tfrecord"),
        ("rows.tfrecords", "tfrecord"),
        ("rows.tfrecord.gz", "tfrecord"),
        ("gs://bucket/day-*.tfrecords.gz", "tfrecord"),
        # The name ends in something else.
        ("rows.tfrecord.csv", "csv"),
        ("rows.tfrecord/part", "csv"),
        ("tfrecord", "csv"),
        ("rows_tfrecord", "csv"),
        ("rows.tfrecord.zip", "csv"),
        ("rows.parquet", "parquet"),
        ("gs://bucket/day-*.parquet", "parquet"),
        ("rows.parquet/part", "csv"),
        ("rows.csv.gz", "csv"),
        ("rows.gz", "csv"),
    ],
)
def test_the_name_tells_the_format(changed, path, source):
    assert changed({"data": {"path": path}}).data.source == source


@pytest.mark.parametrize("path", ["rows.csv", "rows.tfrecord", "part-*"])
@pytest.mark.parametrize("form", ["csv", "parquet", "tfrecord"])
def test_a_format_that_is_written_wins(path, form):
    assert Data(path=path, format=form).source == form


def test_a_query_is_of_bigquery(changed):
    data = changed({"data": QUERY}).data
    assert data.model_dump(exclude_defaults=True) == QUERY
    assert data.source == "bigquery"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({}, EITHER),
        ({"format": "csv"}, EITHER),
        ({**QUERY, "path": "rows.csv"}, EITHER),
        ({"path": "rows.csv", "query": "SELECT 1"}, EITHER),
        ({"project": "my-project"}, EITHER),
        ({"path": "rows.csv", "project": "my-project"}, OF_QUERY),
        ({"path": "rows.csv", "temp_location": "gs://bucket/tmp"}, OF_QUERY),
        (without("project"), NEEDS),
        (without("temp_location"), NEEDS),
        (without("project", "temp_location"), NEEDS),
        (without(format="csv"), NEEDS),
        (without(delimiter=";"), OF_CSV),
        ({"path": "rows.parquet", "delimiter": ";"}, OF_CSV),
        ({"path": "rows.csv", "format": "tfrecord", "missing": "pandas"}, OF_CSV),
    ],
)
def test_what_does_not_belong_together_is_refused(changed, data, what):
    with pytest.raises(ConfigError) as caught:
        changed({"data": data})
    assert (caught.value.what, caught.value.fix) == (f"config: data: {what}", "correct this value")


def test_a_format_that_is_unknown(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data.format": "tfrecords"})
    assert caught.value.what.startswith(
        "config: data.format: Input should be 'csv', 'parquet' or 'tfrecord'"
    )
    assert caught.value.fix == 'did you mean "tfrecord"?'


def test_a_key_that_is_unknown(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data.qery": "SELECT 1"})
    assert caught.value.what == 'config: unknown key "data.qery"'
    assert caught.value.fix == 'did you mean "query"?'


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", ":"])
@pytest.mark.parametrize("missing", ["pandas", ("",), ("NA", "-"), ()])
def test_how_csv_is_written(changed, delimiter, missing):
    listed = missing if missing == "pandas" else list(missing)
    data = changed({"data": {"path": "rows.csv", "delimiter": delimiter, "missing": listed}}).data
    assert (data.delimiter, data.missing) == (delimiter, missing)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", "\0", "é"])
def test_a_delimiter_is_one_plain_character(changed, delimiter):
    with pytest.raises(ConfigError, match=r"data\.delimiter"):
        changed({"data.delimiter": delimiter})


def test_spellings_of_missing_values_are_texts(changed):
    with pytest.raises(ConfigError, match=r"data\.missing"):
        changed({"data.missing": [-1]})
    with pytest.raises(ConfigError, match=r"data\.missing"):
        changed({"data.missing": "NA"})


def test_other_files_are_written_as_these_are():
    data = Data(path="rows.csv", format="csv", delimiter=";", missing=("NA",))
    assert data.elsewhere("b.txt") == Data(path="b.txt", delimiter=";", missing=("NA",))
    assert data.elsewhere("b.parquet") == Data(path="b.parquet")
    assert data.elsewhere("b.tfrecord") == Data(path="b.tfrecord")


def test_a_window_counts_spans():
    assert Data(path="s-{SPAN}/*.csv", window=3).window == 3
    assert Data(path="s-{SPAN:2}/*.csv").window == 1
    for path in ("rows.csv", "s-{span}.csv"):
        with pytest.raises(ValueError, match=r"needs \{SPAN\}"):
            Data(path=path, window=2)
    with pytest.raises(ValueError, match="window"):
        Data(path="s-{SPAN}.csv", window=0)
