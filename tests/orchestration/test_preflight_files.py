"""What is said of the files of a pattern before anything runs."""

import pytest
import tensorflow as tf

from orchestration.local.preflight import check_data
from usecase.errors import DataError

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
    check_data("csv", sorted(folder.glob("day-*.csv")))
    check_data("csv", ())


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
        check_data("csv", sorted(folder.glob("day-*.csv")))
    assert caught.value.what == (
        f"data files have different headers: {folder / 'day-2.csv'} and {folder / 'day-3.csv'} "
        f"({how})"
    )
    assert (caught.value.expected, caught.value.fix) != ("", "")


def test_every_csv_file_is_checked(folder):
    (folder / "day-2.csv").write_text("")
    with pytest.raises(DataError, match=r"data file is empty: .*day-2\.csv"):
        check_data("csv", sorted(folder.glob("day-*.csv")))


def test_every_tfrecord_file_is_checked(folder):
    write_records(folder / "a-1.tfrecord", example())
    check_data("tfrecord", sorted(folder.glob("a-*.tfrecord")))
    write_records(folder / "a-2.tfrecord", b"no example")
    with pytest.raises(DataError, match=r"no tf\.Example: .*a-2\.tfrecord"):
        check_data("tfrecord", sorted(folder.glob("a-*.tfrecord")))


def test_tfrecords_by_another_name(folder):
    write_records(folder / "part-0", example())
    check_data("tfrecord", sorted(folder.glob("part-*")))
    with pytest.raises(DataError) as caught:
        check_data("csv", sorted(folder.glob("part-*")))
    assert caught.value.what.startswith("data file holds TFRecords, but was read as CSV")
    assert caught.value.fix.startswith("set data.format: tfrecord")


def test_csv_by_another_name(folder):
    (folder / "a.tfrecord").write_text(HEADER + "1,0,0\n")
    with pytest.raises(DataError, match="data file is no TFRecord file"):
        check_data("tfrecord", sorted(folder.glob("a.tfrecord")))
