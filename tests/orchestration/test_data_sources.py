"""Rows of every source: what makes it another run, and what is refused, by predict as well."""

import io

import pytest

from orchestration.local import job as job_module
from orchestration.local import run as run_module
from orchestration.local.console import Console, PlainWriter
from orchestration.local.predict import predict_csv, require_csv
from orchestration.node_keys import add_keys
from orchestration.plan import make_plan
from pipeline.sources import example_gen
from usecase.config import Data, Split
from usecase.errors import ConfigError, DataError

CONFIG = """
name: tiny
data: {path: rows.csv}
schema: schema.pbtxt
features: {age: numeric, when: datetime}
label: {name: clicked}
evaluation: {thresholds: [{metric: auc, min: 0.5}]}
"""
SCHEMA = """
feature { name: "age" type: INT }
feature { name: "when" type: INT }
feature { name: "clicked" type: INT int_domain { min: 0 max: 1 } }
"""
HEADER = "age,when,clicked\n"
QUERY = "{query: SELECT 1, project: p, temp_location: 'gs://bucket/tmp'}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "tiny.yaml").write_text(CONFIG)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    for name in ("rows.csv", "day-1.csv", "day-2.csv"):
        (tmp_path / name).write_text(HEADER + "1,0,0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plan_of(folder):
    """Returns the plan of the tiny use case with other data, and with dates in a format."""

    def plan_of(data="{path: rows.csv}", date_format=None, named=None):
        text = CONFIG.replace("{path: rows.csv}", data)
        if date_format:
            text = text.replace("datetime", f"{{role: datetime, format: '{date_format}'}}")
        (folder / "tiny.yaml").write_text(text)
        return make_plan("tiny.yaml", named)

    return plan_of


# What makes it another run


def test_a_pattern_is_planned(plan_of, folder):
    plan = plan_of("{path: day-*.csv}")
    assert plan.data == str(folder / "day-*.csv")
    assert plan.files == (folder / "day-1.csv", folder / "day-2.csv")
    assert plan.is_local


@pytest.mark.parametrize("change", ["content", "more", "fewer", "renamed"])
def test_every_file_of_a_pattern_counts(plan_of, folder, change):
    before = plan_of("{path: day-*.csv}").key()
    assert plan_of("{path: day-*.csv}").key() == before
    if change == "content":
        (folder / "day-2.csv").write_text(HEADER + "1,0,1\n")
    elif change == "more":
        (folder / "day-3.csv").write_text(HEADER + "1,0,0\n")
    elif change == "fewer":
        (folder / "day-2.csv").unlink()
    else:
        (folder / "day-2.csv").rename(folder / "day-4.csv")
    assert plan_of("{path: day-*.csv}").key() != before


def test_files_of_one_name_in_several_folders_count_each(plan_of, folder):
    for name in "ab":
        (folder / name).mkdir()
        (folder / name / "x.csv").write_text(name)
    before = plan_of("{path: '[ab]/x.csv'}").key()
    (folder / "a" / "x.csv").write_text("changed")
    assert plan_of("{path: '[ab]/x.csv'}").key() != before


@pytest.mark.parametrize("data", ["{path: 'gs://bucket/*.csv'}", QUERY])
def test_of_data_elsewhere_the_place_alone_is_known(plan_of, data):
    plan = plan_of(data)
    assert plan.files == ()
    assert not plan.is_local
    assert plan.key() == plan_of(data).key()
    assert plan.key() != plan_of(data.replace("gs://bucket/", "gs://other/")).key()


@pytest.mark.parametrize(
    ("named", "source", "node"),
    [
        ("day-*.csv", "csv", "CsvExampleGen"),
        ("gs://bucket/day-*", "csv", "CsvExampleGen"),
        ("gs://bucket/day-*.tfrecord.gz", "tfrecord", "ImportExampleGen"),
        ("gs://bucket/day-*.parquet", "parquet", "ParquetExampleGen"),
    ],
)
@pytest.mark.parametrize("data", ["{path: rows.csv, format: csv}", QUERY])
def test_data_on_the_command_line_come_first(plan_of, named, source, node, data):
    plan = plan_of(data, named=named)
    assert plan.use_case.data.source == source
    assert next(iter(plan.stages)) == node
    assert plan.data.endswith(named)


def test_rows_named_on_the_command_line_are_written_as_the_config_s_are(plan_of):
    data = "{path: rows.csv, delimiter: ';', missing: pandas}"
    other = plan_of(data, named="day-*.csv").use_case.data
    assert (other.delimiter, other.missing) == (";", "pandas")
    assert plan_of(data, named="gs://bucket/day.parquet").use_case.data.delimiter == ","


def test_what_reads_rows_is_code_of_the_node_that_does(plan_of):
    for path in ("rows.csv", "rows.parquet"):
        node = example_gen(Data(path=path), Split(), {}, f"/d/{path}")
        code = add_keys([node], plan_of().declaration)[node.id].code
        read_by = {"components/arrow_examples.py", "ingestion/reading.py", "ingestion/wire.py"}
        assert {*read_by, "usecase/dates.py"} <= set(code)


@pytest.fixture
def executions(monkeypatch, make_record):
    """Counts runs that execute something; each leaves a pushed record."""
    seen = []

    def execute(job, console):
        seen.append(job.run_id)
        return make_record(job.run_id, key=job.key, use_case="tiny")

    monkeypatch.setattr(job_module, "execute", execute)
    return seen


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("{path: rows.csv}", 1),
        ("{path: day-*.csv}", 1),
        ("{path: 'gs://bucket/rows.csv'}", 2),
        (QUERY, 2),
    ],
)
def test_only_what_is_known_to_be_unchanged_is_not_run_again(
    plan_of, folder, executions, data, expected
):
    for _ in range(2):
        console = Console(lambda: PlainWriter(io.StringIO()))
        run_module.run(plan_of(data), folder / "out", console)
    assert len(executions) == expected


# What is refused


@pytest.mark.parametrize(
    ("data", "source", "fix"),
    [
        ("{path: rows.tfrecord}", "tfrecord", "remove `format`, and store seconds"),
        (QUERY, "bigquery", "remove `format`, and select UNIX_SECONDS(when)"),
    ],
)
def test_dates_in_text_are_for_csv_and_parquet(plan_of, data, source, fix):
    with pytest.raises(ConfigError) as caught:
        plan_of(data, date_format="iso8601")
    assert caught.value.what == (
        f'tiny.yaml: feature "when" has a date format, but rows are read from {source}'
    )
    assert caught.value.fix == fix
    plan_of(data.replace("rows.tfrecord", "gs://b/rows.tfrecord"))  # in seconds they are welcome
    for path in ("gs://bucket/rows.csv", "gs://bucket/rows.parquet"):
        plan_of(f"{{path: '{path}'}}", date_format="iso8601")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("no-*.csv", "data not found: no file matches no-*.csv"),
        ("no.csv", "data not found: no.csv"),
        ("gs://bucket", "data not understood: gs://bucket"),
        ("s3://bucket/rows.csv", "data cannot be read from s3://: s3://bucket/rows.csv"),
    ],
)
def test_an_error_names_the_config(plan_of, path, what):
    for arguments in ({"data": f"{{path: '{path}'}}"}, {"named": path}):
        with pytest.raises(ConfigError) as caught:
            plan_of(**arguments)
        assert caught.value.what == f"tiny.yaml: {what}"


# What predict refuses


@pytest.mark.parametrize("data", ["rows.csv", "rows", "day-1.txt", "rows.parquet"])
def test_predict_reads_csv_and_parquet(data):
    require_csv(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("rows.tfrecord", "predict does not read TFRecord files: rows.tfrecord"),
        ("rows.tfrecord.gz", "predict does not read TFRecord files: rows.tfrecord.gz"),
        ("gs://bucket/rows.csv", "predict cannot read from afar: gs://bucket/rows.csv"),
        ("gs://bucket/a.tfrecord", "predict cannot read from afar: gs://bucket/a.tfrecord"),
    ],
)
def test_predict_reads_nothing_else(data, what):
    with pytest.raises(DataError) as caught:
        require_csv(data)
    assert caught.value.what == what
    assert caught.value.expected.startswith("a CSV or Parquet file")
    assert caught.value.fix


def test_predict_reads_one_file(plan_of, folder):
    (folder / "out" / "serving" / "tiny" / "1").mkdir(parents=True)
    plan = plan_of(named="day-*.csv")
    with pytest.raises(DataError) as caught:
        predict_csv(plan, folder / "out", folder / "predictions.csv")
    assert caught.value.what == f"predict reads one file, but 2 match {folder / 'day-*.csv'}"
    assert caught.value.fix
