"""What the executor that reads by Arrow does beyond TFX's: types, dialects, dates, workers."""

import gzip

import pytest
from tfx.utils import proto_utils

from components import arrow_workers
from components.arrow_examples import examples_of
from components.reading_config import read_reading_config, reading_config
from ingestion.columns import Reading, look_through
from ingestion.dialect import Dialect
from tests.components.ingestion_world import (
    CSV,
    SPLITS,
    by_split,
    cell,
    column,
    files_of,
    ingested,
    records,
    run,
    total,
)
from usecase.dates import DateText
from usecase.errors import DataError

DATES = {"when": DateText("iso8601", 1.0), "day": DateText("%d.%m.%Y", 0.0)}
WITH_DATES = CSV._replace(dates=DATES)
IMAGE = "--sdk_container_image=registry/image:1"  # without it TFX packs itself for the workers
# Runs in this process, but as one whose workers might be elsewhere.
WORKERS = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner", IMAGE]


@pytest.fixture
def ingest(tmp_path):
    return lambda text, reading=CSV: ingested(tmp_path / "in", text, reading)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_declared_types_widen_what_the_cells_show(ingest):
    types = {"zip": "bytes", "fare": "float32", "age": "int64", "odd": "int64", "none": "float32"}
    rows = ingest(
        "id,zip,fare,age,odd,none,free\n1,01234,3,4.0,1.5,,7\n2,,,,,,\n3,99,4,1e2,2,,8\n",
        CSV._replace(types=types),
    )
    assert column(rows, "zip") == [
        ("bytes_list", [b"01234"]),
        ("bytes_list", []),
        ("bytes_list", [b"99"]),
    ]
    assert column(rows, "fare") == [("float_list", [3]), ("float_list", []), ("float_list", [4])]
    assert column(rows, "age") == [("int64_list", [4]), ("int64_list", []), ("int64_list", [100])]
    # What does not parse as it is declared stays what it is, for ExampleValidator to refuse.
    assert column(rows, "odd") == [("float_list", [1.5]), ("float_list", []), ("float_list", [2])]
    assert column(rows, "none") == [("float_list", [])] * 3
    assert column(rows, "free") == [("int64_list", [7]), ("int64_list", []), ("int64_list", [8])]


def test_whole_numbers_stay_exact_beside_others(ingest):
    big = 2**53 + 1
    rows = ingest(f"id,n\n1,{big}\n2,3.0\n", CSV._replace(types={"n": "int64"}))
    assert column(rows, "n") == [("int64_list", [big]), ("int64_list", [3])]


def test_a_dialect(ingest):
    rows = ingest("id;n;t\n1;NA;a,b\n2;5;-\n", CSV._replace(dialect=Dialect(";", ("", "NA", "-"))))
    assert column(rows, "n") == [("int64_list", []), ("int64_list", [5])]
    assert column(rows, "t") == [("bytes_list", [b"a,b"]), ("bytes_list", [])]


def test_compressed_files_are_told_by_their_content(folder):
    (folder / "a.csv").write_text("a\n1\n2\n")
    (folder / "b.csv").write_bytes(gzip.compress(b"a\n3\n"))
    found = by_split(run(folder))
    assert total(found) == 3


def test_a_split_without_rows_has_a_file(folder):
    (folder / "a.csv").write_text("a\n1\n")
    examples = run(folder)
    assert [len(files_of(examples, split)) for split in SPLITS] == [1, 1, 1]
    assert sum(len(records(examples, split)) for split in SPLITS) == 1


def test_the_same_files_give_the_same_bytes(folder):
    (folder / "b.csv").write_text("a\n3\n")
    (folder / "a.csv").write_text("a\n1\n2\n")
    first, again = run(folder), run(folder)
    assert all(records(first, split) == records(again, split) for split in SPLITS)


def test_beam_s_workers_read_the_same(folder):
    for place in range(3):
        (folder / f"{place}.csv").write_text(f"id,x,when\n{place},{place}.5,1970-01-0{place + 1}\n")
    (folder / "3.csv").write_text("id,x,when\n3,,\n")
    reading = CSV._replace(types={"id": "bytes"}, dates={"when": DateText("iso8601")})
    here, there = run(folder, reading), run(folder, reading, arguments=WORKERS)
    assert by_split(here) == by_split(there)
    assert total(by_split(there)) == 4


def test_a_worker_reads_whole_files_one_at_a_time(folder, monkeypatch):
    for place in range(3):
        (folder / f"{place}.csv").write_text(f"id\n{place}\n")
    looked_at, read = [], []

    def noted(notes, function):
        def call(files, *rest):
            notes.append(files)
            return function(files, *rest)

        return call

    monkeypatch.setattr(arrow_workers, "look_through", noted(looked_at, look_through))
    monkeypatch.setattr(arrow_workers, "examples_of", noted(read, examples_of))
    run(folder, arguments=WORKERS)
    each = [[str(folder / f"{place}.csv")] for place in range(3)]
    assert sorted(looked_at) == sorted(read) == each


@pytest.mark.parametrize("runner", ["DataflowRunner", "FlinkRunner", "SparkRunner"])
def test_workers_elsewhere_cannot_see_files_of_this_machine(folder, runner):
    (folder / "a.csv").write_text("id\n1\n")
    with pytest.raises(DataError) as caught:
        run(folder, arguments=[f"--runner={runner}", IMAGE])
    assert caught.value.what == f"the workers of {runner} cannot see {folder}"
    assert list(folder.parent.iterdir()) == [folder]  # and nothing has run
    assert total(by_split(run(folder, arguments=["--runner=DirectRunner", IMAGE]))) == 1


def test_a_fault_that_a_worker_finds_is_told_as_here(folder):
    (folder / "a.csv").write_text("id,when\n3,tomorrow\n")
    for arguments in ((), WORKERS):
        with pytest.raises(DataError) as caught:
            run(folder, CSV._replace(dates={"when": DateText("iso8601")}), arguments=arguments)
        assert caught.value.what == 'column "when": "tomorrow" is no date in the format iso8601'


# Dates


def test_dates_become_seconds_and_all_else_stays(ingest):
    rows = ingest(
        "id,when,day,text,number\n"
        "1,1970-01-01T01:00:00,02.01.1970,2024-01-01,1.5\n"
        '2,1970-01-01T01:00:00Z,"31.12.1969",b,\n',
        WITH_DATES,
    )
    assert cell(rows, 1, "when") == ("int64_list", [0])
    assert cell(rows, 2, "when") == ("int64_list", [3600])
    assert cell(rows, 1, "day") == ("int64_list", [86400])
    assert cell(rows, 2, "day") == ("int64_list", [-86400])
    assert cell(rows, 1, "text") == ("bytes_list", [b"2024-01-01"])
    assert cell(rows, 1, "number") == ("float_list", [1.5])
    assert cell(rows, 2, "number") == ("float_list", [])


def test_empty_cells_are_missing(ingest):
    rows = ingest("id,when,day\n1,,01.01.1970\n2,1970-01-01,\n3, ,\n", WITH_DATES)
    assert cell(rows, 1, "when") == ("int64_list", [])
    assert cell(rows, 2, "day") == ("int64_list", [])
    assert cell(rows, 3, "when") == ("int64_list", [])


def test_a_column_without_any_date_is_one_of_integers(ingest):
    rows = ingest("id,when\n1,\n2,\n", WITH_DATES)
    assert cell(rows, 1, "when") == cell(rows, 2, "when") == ("int64_list", [])


def test_a_column_that_is_not_there_is_the_data_gate_s_to_miss(ingest):
    assert set(ingest("id,age\n1,2\n", WITH_DATES)[1]) == {"id", "age"}


@pytest.mark.parametrize(
    ("when", "date_format"),
    [
        ("yesterday", "iso8601"),
        ("2023-02-29", "iso8601"),
        ("naïve", "iso8601"),
        # TFX's reader would take these for numbers.
        ("1357000000", "iso8601"),
        ("20240229", "iso8601"),
        ("12.5", "%d.%m.%Y"),
    ],
)
def test_the_first_text_that_is_no_date_is_told(ingest, when, date_format):
    with pytest.raises(DataError) as caught:
        ingest(f"id,when\n1,\n2,{when}\n", CSV._replace(dates={"when": DateText(date_format)}))
    error = caught.value
    assert error.what == f'column "when": "{when}" is no date in the format {date_format}'
    assert error.expected.startswith("a date like ")
    assert error.fix


def test_many_forms_of_a_date_in_one_column(ingest):
    texts = ["1970-01-01", "1970-01-01 00:00:01", "1969-12-31T23:59:59.5", "1970-01-01T00:00:00+02"]
    rows = "".join(f"{place},{text}\n" for place, text in enumerate(texts))
    found = ingest(f"id,when\n{rows}", CSV._replace(dates={"when": DateText("iso8601")}))
    assert [cell.values for cell in column(found, "when")] == [[0], [1], [-1], [-7200]]


@pytest.mark.parametrize("hours", [0.0, -5.5, 5.75])
def test_the_config_survives_its_way_through_tfx(hours):
    reading = Reading(
        source="csv",
        dialect=Dialect("\t", ("", "NA", '"')),
        types={"a": "int64", 'od"d {n}ame': "bytes"},
        dates={"when": DateText("%d.%m.%Y %H:%M", hours), "é": DateText("iso8601", hours)},
    )
    for told in (reading, CSV):
        as_json = proto_utils.proto_to_json(reading_config(told))
        assert read_reading_config(as_json) == told


def test_files_that_do_not_belong_together(folder):
    (folder / "a.csv").write_text("a,b\n1,2\n")
    (folder / "b.csv").write_text("b,a\n1,2\n")
    with pytest.raises(DataError, match="the same columns in another order"):
        run(folder)


def test_no_files(folder):
    with pytest.raises(DataError, match="data not found: no file matches"):
        run(folder)
