"""Columns of Parquet that are written beside a prediction, whatever their type."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.local.parquet_rows import read_parquet_rows


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Decimal("1.50"), pa.decimal128(9, 2), "1.50"),
        (timedelta(hours=1, seconds=5), pa.duration("us"), "1:00:05"),
        (time(1, 2), pa.time64("us"), "01:02:00.000000"),
        (date(2024, 1, 31), pa.date32(), "2024-01-31"),
        (datetime(2024, 1, 31, 5), pa.timestamp("us"), "2024-01-31 05:00:00.000000"),
        (b"a\xff\0", pa.binary(), "a��"),
        ("b\0", pa.string(), "b�"),
        ("größe", pa.dictionary(pa.int32(), pa.string()), "größe"),
        (2**64 - 1, pa.uint64(), str(2**64 - 1)),
        (True, pa.bool_(), "true"),
        (None, pa.null(), ""),
    ],
)
def test_every_type_has_a_text(tmp_path, value, kind, text):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": pa.array([value, None], kind)}), path)
    assert [row.cells for row in read_parquet_rows(path, (), {})] == [[text], [""]]
