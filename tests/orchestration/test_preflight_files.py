"""What is said of the files of a pattern before anything runs."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from orchestration.local.preflight import check_data
from usecase.config import Data
from usecase.errors import DataError

CSV = Data(path="x.csv")
TFRECORD = Data(path="x.tfrecord")
PARQUET = Data(path="x.parquet")
HEADER = "age,when,clicked\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("day-1.csv", "day-2.csv"):
        (tmp_path / name).write_text(HEADER + "1,0,0\n")
    return tmp_path


def write_records(path, *records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def example():
    made = tf.train.Example()
    made.features.feature["age"].int64_list.value.append(1)
    return made.SerializeToString()


def test_files_with_one_header_are_let_through(folder):
    check_data(CSV, sorted(folder.glob("day-*.csv")))
    check_data(CSV, ())


@pytest.mark.parametrize(
    ("header", "how"),
    [
        ("age,when,liked\n", "only one of them has clicked, liked"),
        ("age,when,clicked,more\n", "only one of them has more"),
        ("when,age,clicked\n", "the same columns in another order"),
    ],
)
def test_files_with_different_headers(folder, header, how):
    (folder / "day-3.csv").write_text(header + "1,2,3,4\n")
    with pytest.raises(DataError) as caught:
        check_data(CSV, sorted(folder.glob("day-*.csv")))
    assert caught.value.what == (
        f"data files have different headers: {folder / 'day-2.csv'} and {folder / 'day-3.csv'} "
        f"({how})"
    )
    assert (caught.value.expected, caught.value.fix) != ("", "")


def test_every_csv_file_is_checked(folder):
    (folder / "day-2.csv").write_text("")
    with pytest.raises(DataError, match=r"data file is empty: .*day-2\.csv"):
        check_data(CSV, sorted(folder.glob("day-*.csv")))


def test_every_tfrecord_file_is_checked(folder):
    write_records(folder / "a-1.tfrecord", example())
    check_data(TFRECORD, sorted(folder.glob("a-*.tfrecord")))
    write_records(folder / "a-2.tfrecord", b"no example")
    with pytest.raises(DataError, match=r"no tf\.Example: .*a-2\.tfrecord"):
        check_data(TFRECORD, sorted(folder.glob("a-*.tfrecord")))


def test_tfrecords_by_another_name(folder):
    write_records(folder / "part-0", example())
    check_data(TFRECORD, sorted(folder.glob("part-*")))
    with pytest.raises(DataError) as caught:
        check_data(CSV, sorted(folder.glob("part-*")))
    assert caught.value.what.startswith("data file holds TFRecords, but was read as CSV")
    assert caught.value.fix.startswith("set data.format: tfrecord")


def test_csv_by_another_name(folder):
    (folder / "a.tfrecord").write_text(HEADER + "1,0,0\n")
    with pytest.raises(DataError, match="data file is no TFRecord file"):
        check_data(TFRECORD, sorted(folder.glob("a.tfrecord")))


def write_parquet(path, **columns):
    pq.write_table(pa.table(columns), path)


def test_parquet_files_with_one_schema_are_let_through(folder):
    for name in ("a-1.parquet", "a-2.parquet"):
        write_parquet(folder / name, age=[1, None], name=["x", "y"])
    check_data(PARQUET, sorted(folder.glob("a-*.parquet")))


@pytest.mark.parametrize(
    ("columns", "how"),
    [
        ({"age": [1.5], "name": ["x"]}, "age is int64 and double"),
        ({"age": [1]}, "only one of them has name"),
        ({"name": ["x"], "age": [1]}, "the same columns in another order"),
    ],
)
def test_a_parquet_file_of_another_schema(folder, columns, how):
    write_parquet(folder / "a-1.parquet", age=[1], name=["x"])
    write_parquet(folder / "a-2.parquet", **columns)
    with pytest.raises(DataError) as caught:
        check_data(PARQUET, sorted(folder.glob("a-*.parquet")))
    assert caught.value.what == (
        f"Parquet files have different columns: {folder / 'a-1.parquet'} and "
        f"{folder / 'a-2.parquet'} ({how})"
    )
    assert caught.value.fix


def test_parquet_that_is_none_or_holds_no_rows(folder):
    write_parquet(folder / "empty.parquet", age=pa.array([], pa.int64()))
    with pytest.raises(DataError, match="data file has no row"):
        check_data(PARQUET, [folder / "empty.parquet"])
    with pytest.raises(DataError, match="data not readable") as caught:
        check_data(PARQUET, [folder / "day-1.csv"])
    assert caught.value.expected == "a Parquet file"
