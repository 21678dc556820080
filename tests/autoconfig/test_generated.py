"""Whatever the table: the configuration validates, the schema accepts the data it came from."""

import csv
import string
from datetime import datetime

import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

import autoconfig
from autoconfig.rows import find_rows
from ingestion.columns import Reading, kinds_of, look_through, typed_batches
from ingestion.dialect import Dialect
from ingestion.missing import PANDAS
from tests.autoconfig.tables import compiled, schema_of
from usecase.checks import check_evaluation
from usecase.loading import parse_use_case

ROWS = 60
NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x85\u2028\u2029")
    | st.sampled_from(" \"'\n,;"),
    min_size=1,
    max_size=12,
).filter(lambda name: name.strip())
WORDS = st.text(string.ascii_letters + 'äß東 "\n,', min_size=1, max_size=6)


def cells(values):
    return st.lists(values, min_size=ROWS, max_size=ROWS)


def drawn(choices):
    return st.lists(choices, min_size=1, max_size=5, unique=True).flatmap(
        lambda few: cells(st.sampled_from(few))
    )


def dates(date_format):
    moments = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1))
    return cells(moments.map(lambda moment: moment.strftime(date_format)))


COLUMNS = st.one_of(
    cells(st.integers(-(2**63), 2**63 - 1).map(str)),
    cells(st.integers(0, 3).map(str)),
    cells(st.floats(allow_nan=False, width=32).map(repr)),
    cells(st.floats(0, 100).map("{:.1f}".format)),
    cells(st.sampled_from(["1.0", "2.0"])),
    cells(st.sampled_from(["yes", "no"])),
    cells(st.sampled_from(["TRUE", "false", "t"])),
    cells(st.sampled_from(["01", "2", "003"])),
    cells(st.sampled_from(["1", "2", "many"])),
    cells(WORDS),
    drawn(WORDS),
    dates("%Y-%m-%d"),
    dates("%Y-%m-%dT%H:%M:%S+02:00"),
    dates("%m/%d/%Y %I:%M %p"),
    st.just([str(k) for k in range(ROWS)]),
    st.just([""] * ROWS),
    st.just(["7"] * ROWS),
)
LABELS = st.one_of(
    st.permutations(["0", "1"] * (ROWS // 2)),
    st.permutations(["yes"] * 12 + ["no"] * (ROWS - 12)),
    st.permutations(["1", "2"] * (ROWS // 2)),
    st.permutations(["-1", "1"] * (ROWS // 2)),
    st.permutations(["0.0", "1.0"] * (ROWS // 2)),
    st.permutations(["a", "b \n", 'ç"'] * (ROWS // 3)),
    st.permutations(["3", "4", "5"] * (ROWS // 3)),
    cells(st.floats(-1e6, 1e6).map(repr)).filter(lambda c: len(set(c)) > 20),
    st.permutations([str(k) for k in range(ROWS)]),
)


@st.composite
def tables(draw):
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    columns = {name: draw(COLUMNS) for name in names[1:]}
    for values in columns.values():
        missing = draw(st.sampled_from(["", "NA", "null", "nan"]))
        for row in draw(st.sets(st.integers(0, ROWS - 1), max_size=ROWS)):
            values[row] = missing
    columns[names[0]] = list(draw(LABELS))
    # A number beside all that may be left out.
    columns["steady number"] = [repr(k * 0.37 % 1.0) for k in range(ROWS)]
    return names[0], columns


def examples_as_arrow(data, inferred):
    """The rows as the pipeline reads them with this schema: one list a cell, as TFDV wants them."""
    rows, declaration = find_rows(data, None), compiled(inferred)
    columns = (*declaration.inputs, *declaration.label.columns)
    types = {c.name: "bytes" if c.dtype == "string" else c.dtype for c in columns}
    dialect = Dialect(rows.delimiter, PANDAS)
    reading = Reading("csv", dialect, types, declaration.dates)
    kinds = kinds_of(look_through(rows.files, reading), reading.dates)
    for typed, count in typed_batches(rows.files, reading, kinds):
        yield pa.RecordBatch.from_arrays(
            [_lists(column, count) for column in typed], [column.name for column in typed]
        )


def _lists(column, count):
    if column.kind is None:
        return pa.nulls(count)
    return pa.array(
        [[] if v is None else [v] for v in column.values.to_pylist()], pa.list_(column.values.type)
    )


def errors(data, inferred):
    """What ExampleValidator would find wrong: the same statistics, the same check."""
    (batch,) = examples_as_arrow(data, inferred)
    statistics = stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
    found = tfdv.validate_statistics(statistics, schema_of(inferred))
    return {
        name: info.description
        for name, info in found.anomaly_info.items()
        if info.severity == anomalies_pb2.AnomalyInfo.ERROR
    }


def written(path, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generated")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(tables())
def test_the_configuration_validates_and_the_schema_accepts_its_data(folder, table):
    label, columns = table
    data = written(folder / "rows.csv", columns)
    inferred = autoconfig.infer(data, label)
    schema = schema_of(inferred)
    check_evaluation(parse_use_case(inferred.use_case_yaml), schema)
    compiled(inferred)
    assert {f.name for f in schema.feature} == set(columns)
    assert errors(data, inferred) == {}
    for name in (f.name for f in schema.feature if f.lifecycle_stage == schema_pb2.DISABLED):
        assert name not in parse_use_case(inferred.use_case_yaml).features


def test_the_check_sees_what_the_schema_does_not_allow(folder):
    columns = {"x": [repr(k / 7) for k in range(ROWS)], "y": ["a", "b"] * (ROWS // 2)}
    inferred = autoconfig.infer(written(folder / "before.csv", columns), "y")
    columns["y"][0] = "c"
    columns["x"][5] = "word"
    found = errors(written(folder / "after.csv", columns), inferred)
    assert set(found) == {"x", "y"}
