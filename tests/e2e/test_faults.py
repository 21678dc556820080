"""Faults in the data and in training: exit status, message, and the last pushed model still whole.

In one process, which imports TFX once; the model that serves is a stand-in file, because nothing
here may get as far as touching it.
"""

import contextlib
import csv
import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import local_runner
from components import push_destination
from tests.e2e.conftest import BUNDLED
from usecase.paths import PROJECT_ROOT, resolve

ROWS = 2000
LAST_PUSHED = 1700000000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an output folder in which something has been pushed."""
    root = tmp_path_factory.mktemp("faults")
    serving = root / "outputs" / "serving" / "taxi" / str(LAST_PUSHED)
    serving.mkdir(parents=True)
    (serving / "saved_model.pb").write_bytes(b"the last pushed model")
    return root


@pytest.fixture(scope="module")
def trips():
    """The header and the first rows of the bundled data."""
    with resolve(BUNDLED, "data").open(newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1 : ROWS + 1]


@pytest.fixture
def run(folder, capfd):
    """Returns a function that runs the pipeline on a CSV text, with an edit of the config."""
    serving = folder / "outputs" / "serving" / "taxi"
    whole = push_destination.digest(serving)

    def run_on(text, edit=("", ""), *more, data=True):
        trips, config = folder / "trips.csv", folder / "taxi.yaml"
        trips.write_bytes(text if isinstance(text, bytes) else text.encode())
        source = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text()
        assert edit[0] in source
        config.write_text(source.replace(*edit, 1))
        code = local_runner.main(
            [
                *("run", "--json", "--config", str(config)),
                *("--output-dir", str(folder / "outputs")),
                *(("--data", str(trips)) if data else ()),
                *more,
            ]
        )
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        result = json.loads(captured.out.splitlines()[-1])
        return code, result, captured.err

    yield run_on
    assert push_destination.versions(serving) == [LAST_PUSHED]
    assert push_destination.digest(serving) == whole


def states_of(result):
    """Returns {node: state}."""
    return {node["id"]: node["state"] for node in result["nodes"]}


def text_of(header, rows):
    """Returns rows as CSV."""
    lines = [",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows]
    return "\n".join([",".join(header), *lines]) + "\n"


def changed(trips, column, change):
    """Returns the CSV with each cell of a column passed through change(index, cell)."""
    header, rows = trips
    place = header.index(column)
    new = [[*r[:place], change(i, r[place]), *r[place + 1 :]] for i, r in enumerate(rows)]
    return text_of(header, new)


def without(trips, column):
    """Returns the CSV without a column."""
    header, rows = trips
    place = header.index(column)
    return text_of(
        *[[*header[:place], *header[place + 1 :]]], [[*r[:place], *r[place + 1 :]] for r in rows]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "data file is empty"),
        ("\n\n", "data file is empty"),
        ("fare,tips\n", "data file has a header but no row"),
        ("fare,tips,fare\n1,2,3\n", "data file names a column twice: fare"),
        (b"fare,tips\n\xff\xfe,2\n", "data not readable"),
    ],
)
def test_what_cannot_be_read_exits_with_2(run, text, message):
    code, result, stderr = run(text)
    assert code == 2
    assert result["verdict"] == "failed"
    assert message in stderr
    assert result["nodes"] == []


@pytest.mark.parametrize(
    ("edit", "what", "fix"),
    [
        (("slices: [", "slises: ["), 'unknown key "evaluation.slises"', 'did you mean "slices"?'),
        (("buckets: 50", "bukets: 50"), "features.fare.bukets", 'did you mean "buckets"?'),
        (
            ("schema: schema/taxi/schema.pbtxt", "schema: nosuch.pbtxt"),
            "schema not found: nosuch.pbtxt",
            "correct the path",
        ),
        (("columns: [tips, fare]", "columns: [tip, fare]"), "not in the schema", '"tips"'),
        (("big_tip\n  columns", "big_tips\n  columns"), 'no function "big_tips"', '"big_tip"'),
        (("  fare:", "  company: boolean\n  fare:"), '"company" is named twice', "remove one"),
        (("{metric: loss", "{metric: los"), 'unknown metric "los"', 'did you mean "loss"?'),
        (("slices: [", "slices: [pickup_area, "), '"pickup_area" is not in the schema', "area"),
        (("payment_type: cat", "payment: cat"), '"payment" is not in the schema', "payment_type"),
    ],
)
def test_a_config_that_cannot_run_exits_with_2(run, trips, edit, what, fix):
    code, result, stderr = run(text_of(*trips), edit)
    assert code == 2
    assert result["verdict"] == "failed"
    assert what in stderr
    assert fix in stderr
    assert "taxi.yaml" in stderr
    assert result["nodes"] == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(200) + b"\xd4\xff\n", "data not readable"),
        (bytes(range(256)) * 20, "data not readable"),
        (b"PAR1" + bytes(200) + b"PAR1", "data file is Parquet, but was read as CSV"),
    ],
    ids=["program", "bytes", "parquet"],
)
def test_a_file_that_only_is_named_csv_exits_with_2(run, data, message):
    code, result, stderr = run(data)
    assert code == 2
    assert result["verdict"] == "failed"
    assert f"error: {message}" in stderr
    assert "  fix: " in stderr
    assert result["nodes"] == []


def test_a_folder_without_files_exits_with_2(run, trips, folder):
    empty = folder / "empty"
    empty.mkdir()
    for data, message in ((empty, "data is a folder"), (empty / "*.csv", "no file matches")):
        code, _, stderr = run(text_of(*trips), ("", ""), "--data", str(data))
        assert code == 2
        assert message in stderr
        assert str(empty) in stderr


def test_parquet_of_another_schema_is_refused(run, trips, folder):
    other = folder / "other.parquet"
    pq.write_table(pa.table({"fare": ["a", "b"] * 200, "colour": ["red", "blue"] * 200}), other)
    code, result, _ = run(text_of(*trips), ("", ""), "--data", str(other))
    assert code == 1
    assert result["verdict"] == "not_pushed"
    (said,) = (gate["detail"] for gate in result["gates"] if gate["metric"] == "anomalies")
    assert "colour: New column" in said
    assert "company: Column is completely missing" in said
    assert states_of(result)["Transform"] == "skipped"


@contextlib.contextmanager
def read_only(folder):
    """Makes a folder one that nobody may write into, not even root."""
    mount = ["mount", "--bind", str(folder), str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_an_output_folder_that_is_not_writable_exits_with_2(run, trips, folder):
    with read_only(folder / "outputs"):
        code, result, stderr = run(text_of(*trips))
    assert code == 2
    assert f"output folder not writable: {folder / 'outputs'}" in stderr
    assert result["nodes"] == []


def test_data_that_is_not_there_exits_with_2(run, trips, folder):
    nowhere = (BUNDLED, str(folder / "nosuch.csv"))
    code, _, stderr = run(text_of(*trips), nowhere, data=False)
    assert code == 2
    assert "data not found" in stderr
    assert "nosuch.csv" in stderr


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("column gone", "payment_type: Column is completely missing"),
        ("label gone", "tips: Column is completely missing"),
        ("type changed", "fare: Expected data of type: FLOAT but got"),
        ("new category", "payment_type: Examples contain values missing from the schema: Barter"),
        ("label out of domain", "tips: Unexpectedly low value"),
        ("label constant", 'the label "big_tip" is the same in every row'),
        ("column emptied", "company: a value in 0.0% of rows, not 50%"),
    ],
)
def test_data_that_breaks_the_contract_exits_with_1(run, trips, name, detail):
    texts = {
        "column gone": lambda: without(trips, "payment_type"),
        "label gone": lambda: without(trips, "tips"),
        "type changed": lambda: changed(trips, "fare", lambda i, c: "free" if i == 5 else c),
        "new category": lambda: changed(
            trips, "payment_type", lambda i, c: "Barter" if i % 20 == 0 else c
        ),
        "label out of domain": lambda: changed(
            trips, "tips", lambda i, c: "-3.0" if i % 50 == 0 else c
        ),
        "label constant": lambda: changed(trips, "tips", lambda i, c: "0.0"),
        "column emptied": lambda: changed(trips, "company", lambda i, c: "" if i else c),
    }
    code, result, _ = run(texts[name]())
    assert code == 1
    assert result["verdict"] == "not_pushed"
    failed = [gate for gate in result["gates"] if not gate["passed"]]
    assert failed
    assert {gate["name"] for gate in failed} == {"data"}
    assert any(detail in gate["detail"] for gate in failed)
    states = states_of(result)
    assert states["DataGate"] == "ran"
    assert states["Transform"] == states["Trainer"] == states["Pusher"] == "skipped"
    assert result["serving_model"].endswith(str(LAST_PUSHED))


def test_one_new_category_in_a_thousand_is_tolerated(run, trips):
    text = changed(trips, "payment_type", lambda i, c: "Barter" if i % 1000 == 0 else c)
    # Too few rows end the run at the gate: what comes after it is not asked for here.
    _, result, _ = run(text, ("evaluation:", "data_gate: {min_rows: 1000000}\nevaluation:"))
    failed = [gate["metric"] for gate in result["gates"] if not gate["passed"]]
    assert failed == ["rows"]


@pytest.mark.parametrize(("row", "by"), [(50, ""), (1500, "CsvExampleGen: ")])
def test_ragged_row_fails_in_one_line(run, folder, trips, row, by):
    """The first thousand rows are looked at before anything runs, all others when they are read."""
    header, rows = trips
    code, result, _ = run(text_of(header, [*rows[:row], rows[row][:5], *rows[row + 1 :]]))
    assert code == 2
    assert result["verdict"] == "failed"
    told = f"{by}{folder / 'trips.csv'}, line {row + 2}: 5 cells, not 18"
    assert told in json.dumps(result["error"])
    assert bool(result["nodes"]) == bool(by)


def test_diverging_training_says_so(run, trips):
    config = ("evaluation:", "training: {learning_rate: 1.0e+30, max_epochs: 2}\nevaluation:")
    code, result, _ = run(text_of(*trips), config)
    assert code == 2
    states = states_of(result)
    assert states["Trainer"] == "failed"
    assert states["Evaluator"] == states["Pusher"] == "skipped"
    assert "training loss became" in json.dumps(result["error"])
    assert "lower training.learning_rate" in json.dumps(result["error"])


def test_two_runs_at_once_do_not_meet(run, folder, trips):
    import fcntl

    with (folder / "outputs" / ".taxi.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, _, stderr = run(text_of(*trips))
    assert code == 2
    assert 'another run of "taxi" is at work' in stderr


def test_after_all_of_these_the_next_run_works(run, trips):
    header, rows = trips
    code, result, _ = run(text_of(header, rows[1:]), ("", ""), "--to", "Transform")
    assert (code, result["verdict"]) == (0, "stopped")
    states = states_of(result)
    assert states["Transform"] == "ran"
    assert states["Trainer"] == "skipped"
