"""Whatever the table: the configuration loads, and the data gate takes the data it came from."""

import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

import autoconfig
from autoconfig.checking import require_loadable
from tests.autoconfig.data_gate import judged
from tests.autoconfig.generated import ROWS, native_tables, text_tables, write_csv
from tests.autoconfig.tables import schema_of
from usecase.loading import parse_use_case

COUNT = itertools.count()
GENERATED = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generated")


def refusals(inferred, folder):
    """What the data gate holds against the data, in words."""
    verdict, _ = judged(inferred, folder / f"gate-{next(COUNT)}")
    return [
        f"{result.metric} {result.slice}: {result.detail}"
        for result in verdict.results
        if result.refuses
    ]


def require_accepted(data, label, names, folder, **options):
    inferred = autoconfig.infer(data, label, **options)
    require_loadable(inferred, data)
    schema, use_case = schema_of(inferred), parse_use_case(inferred.use_case_yaml)
    assert use_case.label.name == label
    assert {feature.name for feature in schema.feature} == set(names)
    off = {f.name for f in schema.feature if f.lifecycle_stage == schema_pb2.DISABLED}
    assert set(use_case.features) == set(names) - off - {label}
    assert len(inferred.report) == len(names)
    assert all(line.isprintable() for line in (*inferred.report, *inferred.warnings))
    assert refusals(inferred, folder) == []
    event(use_case.task)


@GENERATED
@given(text_tables(), st.sampled_from([",", ";", "\t", "|"]))
def test_what_is_inferred_of_csv_accepts_its_data(folder, table, delimiter):
    label, columns = table
    data = write_csv(folder / "rows.csv", columns, delimiter)
    require_accepted(data, label, columns, folder, delimiter=delimiter)


@GENERATED
@given(native_tables())
def test_what_is_inferred_of_parquet_accepts_its_data(folder, table):
    label, columns = table
    path = folder / "rows.parquet"
    pq.write_table(pa.table(columns), path)
    require_accepted(str(path), label, columns, folder)


def changed(folder, **columns):
    """What the data gate says after the rows have changed under a schema."""
    before = {"x": [repr(k / 7) for k in range(ROWS)], "y": ["a", "b"] * (ROWS // 2)}
    data = write_csv(folder / "changed.csv", before)
    inferred = autoconfig.infer(data, "y")
    assert refusals(inferred, folder) == []
    write_csv(folder / "changed.csv", {**before, **columns})
    return " ".join(refusals(inferred, folder))


def test_the_check_sees_what_the_schema_does_not_allow(folder):
    assert "anomalies : y: " in changed(folder, y=["a", "b", "c"] * (ROWS // 3))
    assert "anomalies : x: " in changed(folder, x=["word", "2.5"] * (ROWS // 2))
    assert "columns_too_empty : x: " in changed(folder, x=["", "2.5"] * (ROWS // 2))
    assert "label_share" in changed(folder, y=["a"] * ROWS)
    assert "labels_unusable" in changed(folder, y=["a", "", "b"] * (ROWS // 3))
