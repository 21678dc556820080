"""The commands on rows, through ExampleGen, StatisticsGen and TFDV: one process tells a story."""

import os
import pty
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from orchestration.local.schema_commands import statistics_nodes
from serving.remote.request_protos import put_examples
from serving.remote.tensor_protos import fill
from serving.request_log import RequestLog
from tests.orchestration.schema_commands import shop
from usecase.errors import DataError

OTHER = {"age": 3, "city": "Rom", "income": ""}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    shop.make(folder)
    changed = ("--data", folder / "changed.csv")
    told = {"unchanged": shop.run(folder, "diff"), "changed": shop.run(folder, "diff", *changed)}
    write_requests(folder / "same", shop.rows(400))
    write_requests(folder / "other", [{**row, **OTHER} for row in shop.rows(400)])
    told["same requests"] = shop.run(folder, "diff", "--requests", folder / "same-*")
    told["other requests"] = shop.run(folder, "diff", "--requests", folder / "other-*")
    with pytest.MonkeyPatch.context() as patch:
        type_in("n\n", patch)
        told["declined"] = shop.run(folder, "update", *changed)
        told["after no"] = (folder / "schema.pbtxt").read_text(encoding="utf-8")
        type_in("y\n", patch)
        told["taken"] = shop.run(folder, "update", *changed)
    told["after yes"] = (folder / "schema.pbtxt").read_text(encoding="utf-8")
    told["states"] = []
    with pytest.MonkeyPatch.context() as patch:
        note_states(patch, told["states"])
        told["again"] = shop.run(folder, "diff", *changed)
    told["folder"] = folder
    return told


def type_in(text, patch):
    """Puts a terminal on which somebody has typed in place of the standard input."""
    keyboard, screen = pty.openpty()
    os.write(keyboard, text.encode())
    patch.setattr(sys, "stdin", os.fdopen(screen))


def note_states(patch, states):
    """Notes whether each node ran or was reused."""

    class Noting(statistics_nodes.Executor):
        def run(self, node):
            execution = super().run(node)
            states.append(execution.state)
            return execution

    patch.setattr(statistics_nodes, "Executor", Noting)


def write_requests(prefix, rows):
    """Logs requests as a server does: examples, dense columns with sentinels, classifications."""
    with RequestLog(prefix, 1.0) as log:
        for start in range(0, len(rows), 20):
            some, kind = rows[start : start + 20], start // 20 % 3
            log.maybe(lambda some=some, kind=kind: request(some, kind))


def request(rows, kind):
    log = PredictionLog()
    if kind == 0:
        put_examples(log.classify_log.request.input, [features(row) for row in rows])
        return log
    inputs = log.predict_log.request.inputs
    if kind == 1:
        classified = request(rows, 0).classify_log.request.input.example_list.examples
        texts = np.array([example.SerializeToString() for example in classified], object)
        fill(inputs["examples"], texts)
        return log
    incomes = [float(row["income"] or "nan") for row in rows]
    fill(inputs["income"], np.array(incomes, np.float32))
    fill(inputs["age"], np.array([row["age"] for row in rows], np.int64))
    fill(inputs["city"], np.array([row["city"].encode() for row in rows], object))
    return log


def features(row):
    sent = {"city": [row["city"].encode()], "age": [row["age"]]}
    return sent | ({"income": [float(row["income"])]} if row["income"] else {})


def body(text):
    return text.splitlines()[2:]


def test_data_of_the_schema_do_not_differ(story):
    code, text = story["unchanged"]
    assert code == 0
    assert text.endswith("rows.csv (600 rows): no difference\n")
    assert text.count("\n") == 1


def test_each_difference_is_one_line(story):
    code, text = story["changed"]
    assert code == 1
    assert text.splitlines()[0].endswith("changed.csv (600 rows): 6 differences")
    lines = body(text)
    assert lines[0] == '  city: 1 new value: "Rom" (120 of 600 values) — schema update takes it'
    assert lines[1].startswith("  age: no value in ")
    assert lines[1].endswith("; every row must have one — schema update takes it")
    assert lines[2] == (
        "  age: out of range: highest 130, the schema's maximum is 120 — schema update takes it"
    )
    assert lines[3] == "  note: gone: the data have no such column — schema update takes it"
    assert lines[4].startswith("  bought: out of range: highest 2, the schema's maximum is 1 — ")
    assert "mend the data, or change the config first: " in lines[4]
    assert lines[5] == "  size: new column: float — schema update takes it"
    assert lines[-1].startswith("      python local_runner.py schema update --config ")


def test_a_no_changes_nothing(story):
    code, text = story["declined"]
    assert code == 1
    assert text.endswith("take it? [y/N] nothing was changed\n")
    assert story["after no"] == shop.SCHEMA


def test_a_yes_writes_what_was_shown_and_keeps_every_comment_of_what_stays(story):
    code, text = story["taken"]
    assert code == 1  # the label is for the data to mend
    assert '+    value: "Rom"' in text.splitlines()
    assert "review it like code: git diff " in text
    share = next(line for line in story["after yes"].splitlines() if "0.7" in line)
    expected = shop.SCHEMA.replace('"Paris"\n', '"Paris"\n    value: "Rom"\n')
    age = expected.index("# Years.")
    expected = expected[:age] + expected[age:].replace("min: 1 max: 1", "min: 0 max: 1", 1).replace(
        "  presence { min_fraction: 1.0 }", share, 1
    ).replace("max: 120", "max: 130")
    note = expected[expected.index("# Nobody") : expected.index('feature {\n  name: "bought"')]
    expected = expected.replace(note, "") + (
        'feature {\n  name: "size"\n  type: FLOAT\n  value_count { min: 1 max: 1 }\n'
        "  presence { min_fraction: 1.0 }\n}\n"
    )
    assert story["after yes"] == expected


def test_what_was_taken_differs_no_more_and_nothing_is_computed_again(story):
    code, text = story["again"]
    assert code == 1
    assert [line.split(":")[0] for line in body(text)] == ["  bought"]
    assert story["states"] == ["cached", "cached"]


def test_requests_like_the_data_are_no_skew(story):
    code, text = story["same requests"]
    assert code == 0
    assert "(400 rows in requests) against the train split " in text
    assert "no difference" in text
    assert "within their thresholds: 3 columns; nearest is " in text


def test_requests_unlike_the_data_are_told_column_by_column(story):
    code, text = story["other requests"]
    assert code == 1
    income, age, city = body(text)[:3]
    assert income == "  income: no request has a value: the model takes it for missing"
    assert city.startswith("  city: L-infinity distance 1.000 > 0.")
    assert '"Rom" in 100.0% of requests, 0.0% of the data; "Köln" in 0.0% of requests, ' in city
    assert age.startswith("  age: Jensen-Shannon divergence ")
    assert "; median 3 in requests, " in age


@pytest.mark.parametrize("record", [b"\xff\xff", tf.train.Example().SerializeToString()])
def test_records_of_another_kind_are_refused(story, record):
    path = story["folder"] / "wrong.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(record)
    with pytest.raises(DataError, match="no request log"):
        shop.run(story["folder"], "diff", "--requests", path)


def test_requests_that_are_not_there_or_no_records(story):
    with pytest.raises(DataError, match="no request log found"):
        shop.run(story["folder"], "diff", "--requests", story["folder"] / "none-*")
    with pytest.raises(DataError, match="not readable"):
        shop.run(story["folder"], "diff", "--requests", story["folder"] / "rows.csv")
    with pytest.raises(DataError, match="cannot be read from afar"):
        shop.run(story["folder"], "diff", "--requests", "gs://bucket/log-*")
