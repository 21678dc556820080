"""The same trips from one CSV file, from two with dates in text, and from TFRecords.

The three runs have one schema and one declaration, but for the format of dates, and must come to
the same examples in the same splits, and so to the same transformed values.
"""

import csv
import math
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import tensorflow as tf

from tests.e2e.trips import CHICAGO, DATE, Source, Trips

FORMAT = "format: '%d/%m/%Y %H:%M:%S'"
SPLITS = ("train", "eval", "test")
TRANSFORMED = "Transform/transformed_examples"


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Trips:
    return Trips(tmp_path_factory.mktemp("trips"))


@pytest.fixture(scope="module")
def seconds(trips: Trips) -> Source:
    """One CSV file, dates in seconds."""
    return trips.run("seconds", f"path: {trips.data}")


@pytest.fixture(scope="module")
def text(trips: Trips) -> Source:
    """Two CSV files, dates in text."""
    half = len(trips.rows) // 2
    for name, rows in (("a", trips.rows[:half]), ("b", trips.rows[half:])):
        trips.write_csv(trips.root / "rows" / f"{name}.csv", trips.in_text(rows))
    return trips.run("text", "path: rows/*.csv", FORMAT)


@pytest.fixture(scope="module")
def records(trips: Trips) -> Source:
    """Two TFRecord files, one of them compressed."""
    trips.write_records(trips.root / "records" / "rows-1.tfrecord", trips.rows[:5000])
    trips.write_records(trips.root / "records" / "rows-2.tfrecord.gz", trips.rows[5000:])
    return trips.run("records", "path: records/rows-*\n  format: tfrecord")


@pytest.mark.parametrize("name", ["seconds", "text", "records"])
def test_every_source_reaches_a_pushed_model(request, trips, name):
    source = request.getfixturevalue(name)
    assert source.done.code == 0, source.done.stdout + source.done.stderr
    assert source.done.json["verdict"] == "pushed"
    (version,) = (source.outputs / "serving" / "taxi").iterdir()
    tf.saved_model.load(str(version))


def test_the_console_names_the_source(seconds, text, records):
    assert seconds.fact("ingest").startswith("trips.csv from trips")
    assert text.fact("ingest") == "*.csv from rows/"
    assert records.fact("ingest") == "rows-* from records/"
    nodes = [source.done.json["nodes"][0]["id"] for source in (seconds, text, records)]
    assert nodes == ["CsvExampleGen", "CsvExampleGen", "ImportExampleGen"]


@pytest.mark.parametrize("name", ["text", "records"])
def test_the_same_rows_fall_into_the_same_splits(request, seconds, name):
    source = request.getfixturevalue(name)
    assert source.fact("statistics") == seconds.fact("statistics")
    ingest = source.done.json["nodes"][0]["id"]
    for split in SPLITS:
        expected = seconds.records("CsvExampleGen/examples", split)
        assert len(expected) > 1000
        assert source.records(f"{ingest}/examples", split) == expected


@pytest.mark.parametrize("name", ["text", "records"])
def test_they_are_transformed_alike(request, seconds, name):
    source = request.getfixturevalue(name)
    for split in ("train", "eval"):
        expected = values(seconds.records(TRANSFORMED, split))
        assert len(set(expected)) > 1000
        assert values(source.records(TRANSFORMED, split)) == expected


def values(records: list[bytes]) -> list[tuple[Any, ...]]:
    """Returns the sorted rows of a split, with dates as parts again.

    The last bit of a sine depends on the place of its row in a batch.
    """
    rows = []
    for record in records:
        row = dict(tf.train.Example.FromString(record).features.feature)
        parts = [_part(row, "hour", 24), _part(row, "day_of_year", 366)]
        rows.append((*parts, *sorted((name, str(value)) for name, value in row.items())))
    return sorted(rows)


def _part(row: dict[str, tf.train.Feature], part: str, turn: int) -> int:
    sine, cosine = (
        row.pop(f"{DATE}_xf_{part}_{side}").float_list.value[0] for side in ("sin", "cos")
    )
    return round(math.atan2(sine, cosine) / (2 * math.pi) * turn) % turn


def test_an_hour_is_chicago_s(trips, seconds):
    place = trips.header.index(DATE)
    expected = Counter(datetime.fromtimestamp(int(row[place]), CHICAGO).hour for row in trips.rows)
    rows = [r for split in ("train", "eval") for r in seconds.records(TRANSFORMED, split)]
    got = Counter(hour for hour, *_ in values(rows))
    assert set(got) == set(expected)
    assert all(0.8 < got[hour] / expected[hour] <= 1 for hour in expected if expected[hour] > 100)


def test_an_unchanged_pattern_is_up_to_date_and_a_new_file_is_not(trips, text, states):
    done = trips.again(text.config, text.outputs)
    assert (done.code, done.json["verdict"]) == (0, "up_to_date")
    assert set(states(done).values()) == {"cached"}
    # The new file spoils the ingestion: its date has no such month.
    row = trips.in_text(trips.rows[:1])[0]
    row[trips.header.index(DATE)] = "01/13/2015 00:00:00"
    new = trips.write_csv(trips.root / "rows" / "c.csv", [row])
    done = trips.again(text.config, text.outputs)
    new.unlink()
    assert (done.code, done.json["verdict"]) == (2, "failed")
    got = states(done)
    assert got.pop("CsvExampleGen") == "failed"
    assert got.pop("LatestPushedStatistics") == "ran"  # it needs no rows, and something was pushed
    assert set(got.values()) <= {"skipped", "cached"}
    said = done.json["error"]["what"]
    assert f'column "{DATE}": "01/13/2015 00:00:00" is no date in the format %d/%m/%Y' in said
    assert "Traceback" not in said + done.stderr


def test_files_of_different_headers_are_refused_at_once(trips, text):
    new = trips.root / "rows" / "c.csv"
    new.write_text("a,b\n1,2\n", encoding="utf-8")
    done = trips.again(text.config, text.outputs)
    new.unlink()
    assert done.code == 2
    assert "data files have different headers" in done.stdout + done.stderr
    assert done.seconds < 3


def test_predict_reads_dates_in_text(trips, seconds, text):
    """One model, asked once in text and once, by a configuration without a format, in seconds."""
    ten = trips.rows[:10]
    answers = []
    for source, rows in ((seconds, ten), (text, trips.in_text(ten))):
        new, out = trips.root / "new.csv", trips.root / "predicted.csv"
        trips.write_csv(new, rows)
        done = trips.command(
            *("predict", "--config", str(source.config), "--output-dir", str(text.outputs)),
            *("--data", str(new), "--out", str(out)),
        )
        assert done.code == 0, done.stdout + done.stderr
        with out.open(newline="") as file:
            header, *predicted = csv.reader(file)
        assert [row[: len(trips.header)] for row in predicted] == rows
        answers.append([row[header.index("big_tip_probability")] for row in predicted])
    assert answers[0] == answers[1]
    assert len(set(answers[0])) > 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("records/rows-1.tfrecord", "predict does not read TFRecord files"),
        ("gs://bucket/rows.csv", "predict cannot read from afar"),
        ("rows/*.csv", "predict reads one file, but 2 match"),
        ("new-seconds.csv", f'new-seconds.csv, line 2, column "{DATE}": "'),
    ],
)
def test_predict_says_what_it_does_not_read(trips, text, data, what):
    trips.write_csv(trips.root / "new-seconds.csv", trips.rows[:1])
    done = trips.command(
        *("predict", "--config", str(text.config), "--output-dir", str(text.outputs)),
        *("--data", data, "--out", "no.csv"),
    )
    assert done.code == 2
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert done.seconds < 3
    assert not (trips.root / "no.csv").exists()
