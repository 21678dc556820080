"""Where the rows are: files of a format, or the result of a query."""

import pytest

from usecase.config import Data
from usecase.errors import ConfigError

QUERY = {"query": "SELECT 1", "project": "my-project", "temp_location": "gs://bucket/tmp"}
EITHER = "set either `path` or `query`"
OF_QUERY = "`project` and `temp_location` belong to `query`"
NEEDS = "`query` needs `project` and `temp_location`, and has no `format`"


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
    ],
)
def test_the_name_tells_the_format(changed, path, source):
    assert changed({"data": {"path": path}}).data.source == source


@pytest.mark.parametrize("path", ["rows.csv", "rows.tfrecord", "part-*"])
@pytest.mark.parametrize("form", ["csv", "tfrecord"])
def test_a_format_that_is_written_wins(path, form):
    assert Data(path=path, format=form).source == form


def test_a_query_is_of_bigquery(changed):
    data = changed({"data": QUERY}).data
    assert data.model_dump() == {**QUERY, "path": None, "format": None}
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
    ],
)
def test_what_does_not_belong_together_is_refused(changed, data, what):
    with pytest.raises(ConfigError) as caught:
        changed({"data": data})
    assert (caught.value.what, caught.value.fix) == (f"config: data: {what}", "correct this value")


def test_a_format_that_is_unknown(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data.format": "tfrecords"})
    assert caught.value.what.startswith("config: data.format: Input should be 'csv' or 'tfrecord'")
    assert caught.value.fix == 'did you mean "tfrecord"?'


def test_a_key_that_is_unknown(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data.qery": "SELECT 1"})
    assert caught.value.what == 'config: unknown key "data.qery"'
    assert caught.value.fix == 'did you mean "query"?'
