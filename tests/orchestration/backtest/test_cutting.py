"""Rows cut into spans: each row once, as it was written."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.dialect import dialect_of
from ingestion.reading import read_batches
from orchestration.local.backtest import cutting
from orchestration.local.backtest.cutting import MOST_SPANS, cut, undated_rows
from usecase.config import Data
from usecase.errors import DataError
from usecase.spans import find_spans

YEAR = 366 * 86400


def rows_of(data, files):
    dialect = dialect_of(data)
    return [row for b in read_batches(files, data.source, dialect) for row in b.to_pylist()]


def cut_rows(data, files, folder, by="year"):
    spans = find_spans(cut(data, files, "when", None, by, folder))
    return {number: rows_of(data, paths) for number, paths in spans.files.items()}


def test_rows_of_csv_go_to_their_year(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(f'when,"a,b",c\n1,01,x\n{YEAR},"say ""so""\nor",\n2,NA,\n,5,lost\n')
    data = Data(path=str(file))
    found = cut_rows(data, [file], tmp_path / "cut")
    assert found == {
        1970: [
            {"when": "1", "a,b": "01", "c": "x"},
            {"when": "2", "a,b": "NA", "c": None},
        ],
        1971: [{"when": str(YEAR), "a,b": 'say "so"\nor', "c": None}],
    }
    assert undated_rows(tmp_path / "cut") == 1


def test_a_folder_may_hold_what_is_a_wildcard(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("when,x\n1,2\n")
    for name in ("run[1]", "run*", "ru[!x"):
        found = cut_rows(Data(path=str(file)), [file], tmp_path / name)
        assert found == {1970: [{"when": "1", "x": "2"}]}


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@given(st.lists(st.tuples(st.integers(0, 3 * YEAR), CELLS), min_size=1, max_size=8))
def test_every_row_is_in_one_span_unchanged(tmp_path_factory, rows):
    import csv

    folder = tmp_path_factory.mktemp("cut")
    file = folder / "a.csv"
    data = Data(path=str(file), delimiter=";", missing=("NA",))
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, delimiter=";").writerows([["when", "text"], *rows])
    found = cut_rows(data, [file], folder / "cut", "quarter")
    every = [row for rows in found.values() for row in rows]

    def key(row):
        return (row["when"], row["text"] or "")

    assert sorted(every, key=key) == sorted(rows_of(data, [file]), key=key)
    assert all(
        (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=int(row["when"]))).year
        == number // 10
        for number, rows in found.items()
        for row in rows
    )


def test_parquet_keeps_its_types(tmp_path):
    file = tmp_path / "a.parquet"
    table = pa.table(
        {
            "when": pa.array([0, 10**6 * YEAR, None], pa.timestamp("us")),
            "zero": pa.array([0, 1, None], pa.int8()),
        }
    )
    pq.write_table(table, file)
    pattern = cut(Data(path=str(file)), [file], "when", None, "year", tmp_path / "cut")
    files = find_spans(pattern).files
    assert list(files) == [1970, 1971]
    assert pq.read_table(files[1970][0]).schema.field("zero").type == pa.int8()
    assert pq.read_table(files[1970][0]).column("zero").to_pylist() == [0]


def test_rows_in_no_order_are_few_row_groups(tmp_path, monkeypatch):
    file = tmp_path / "a.parquet"
    years = [row % 5 for row in range(4000)]
    table = pa.table(
        {
            "when": pa.array([year * YEAR for year in years], pa.int64()),
            "row": pa.array(range(4000), pa.int64()),
            "kind": pa.array([f"k{row // 100}" for row in range(4000)]).dictionary_encode(),
        }
    )
    pq.write_table(table, file, row_group_size=100)
    files = []
    for most in (cutting.MOST_BYTES, 40_000):
        monkeypatch.setattr(cutting, "MOST_BYTES", most)
        pattern = cut(Data(path=str(file)), [file], "when", None, "year", tmp_path / str(most))
        files.append([path for (path,) in find_spans(pattern).files.values()])
        for year, path in enumerate(files[-1]):
            rows = pq.read_table(path)
            assert rows.column("row").to_pylist() == [*range(year, 4000, 5)]
            assert rows.column("kind").to_pylist() == [f"k{r // 100}" for r in range(year, 4000, 5)]
    assert [pq.ParquetFile(path).num_row_groups for path in files[0]] == [1] * 5
    assert all(1 < pq.ParquetFile(path).num_row_groups < 10 for path in files[1])


def test_what_is_cut_already_stays(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("when,a\n1,2\n")
    data = Data(path=str(file))
    cut(data, [file], "when", None, "year", tmp_path / "cut")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "cut").iterdir()}
    file.unlink()
    cut(data, [file], "when", None, "year", tmp_path / "cut")
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cut").iterdir()} == before


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("time,a\n1,2\n", 'no column "when"'),
        ("when,a\n,2\n", "no moment in any row"),
        ("when,a\nsoon,2\n", '"soon" is no date'),
        (
            "when,a\n" + "".join(f"{n * 2678400},0\n" for n in range(MOST_SPANS + 9)),
            f"more than {MOST_SPANS} spans",
        ),
    ],
)
def test_rows_that_cannot_be_cut(tmp_path, text, what):
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(DataError) as caught:
        cut(Data(path=str(file)), [file], "when", None, "month", tmp_path / "cut")
    assert what in caught.value.what
    assert caught.value.fix
    assert not (tmp_path / "cut").exists()
