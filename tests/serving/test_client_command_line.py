"""`python -m serving predict` of a model on a server."""

import csv
import json
import subprocess
import sys
import time

import pytest

from serving.__main__ import main
from serving.batch import BATCH_ROWS
from serving.client import ServingClient
from tests.model_server.world import free_port
from tests.serving.client_world import PHONE_ROWS
from usecase.paths import PROJECT_ROOT

HEADER = "note,color,code,hour of day,fare"
LINES = [
    f'"a, ""b""",grün,{2**53 + 1},3,12.25',
    ",,,,",
    '"line\nbreak",東京,7.0,1e1,nan',
    "x,unheard of \N{TAXI},-5,,1e30",
]
ROWS = [
    {"color": "grün", "code": 2**53 + 1, "hour of day": 3, "fare": 12.25},
    {},
    {"color": "東京", "code": 7, "hour of day": 10},
    {"color": "unheard of \N{TAXI}", "code": -5, "fare": 1e30},
]
COLUMNS = ["trips_class", *(f"trips_probabilities_{k}" for k in range(3))]


@pytest.fixture
def predict(address):
    def run(model, *arguments):
        return main(["predict", "--server", address, "--model", model, *map(str, arguments)])

    return run


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("\n".join([HEADER, *LINES]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def answers(served):
    """What the client answers to ROWS, a dict of cells a row."""
    with ServingClient(served.rest, "trips") as client:
        found = client.predict(ROWS)
    return [
        [label.decode(), *(f"{p:.9g}" for p in row)]
        for label, row in zip(found["class"], found["probabilities"].tolist(), strict=True)
    ]


def read(text):
    return list(csv.reader(text.splitlines(keepends=True)))


def assert_answered(text, answers):
    header, *rows = read(text)
    assert header == [*HEADER.split(","), *COLUMNS]
    assert [row[:5] for row in rows] == read("\n".join(LINES) + "\n")
    assert [row[5] for row in rows] == [row[0] for row in answers]
    for row, expected in zip(rows, answers, strict=True):
        assert [float(p) for p in row[6:]] == pytest.approx(
            [float(p) for p in expected[1:]], abs=1e-6
        )


def test_a_file_to_a_file(predict, data, tmp_path, answers, capfd):
    out = tmp_path / "predictions.csv"
    assert predict("trips", "--data", data, "--out", out) == 0
    assert_answered(out.read_text(encoding="utf-8"), answers)
    assert capfd.readouterr().out == ""


def test_a_file_to_stdout(predict, data, answers, capfdbinary):
    assert predict("trips", "--data", data) == 0
    assert_answered(capfdbinary.readouterr().out.decode(), answers)


def test_more_rows_than_a_batch_and_names_of_inputs(predict, tmp_path, served):
    path, out = tmp_path / "many.csv", tmp_path / "out.csv"
    fares = [float(k % 90) for k in range(2 * BATCH_ROWS + 5)]
    path.write_text("\n".join(["fare,color,code,hour_of_day", *(f"{f},,,5" for f in fares)]))
    assert predict("trips", "--data", path, "--out", out) == 0
    header, *rows = read(out.read_text())
    with ServingClient(served.grpc, "trips") as client:
        expected = client.predict({"fare": fares, "hour of day": [5] * len(fares)})
    place = header.index("trips_probabilities_1")
    assert [float(row[0]) for row in rows] == fares
    assert [float(row[place]) for row in rows] == pytest.approx(
        expected["probabilities"][:, 1].tolist(), abs=1e-6
    )


def test_json(predict, served, capfd):
    with ServingClient(served.rest, "trips") as client:
        found = client.predict(PHONE_ROWS)
    assert predict("trips", "--json", json.dumps(PHONE_ROWS)) == 0
    shown = json.loads(capfd.readouterr().out)
    assert [row["class"] for row in shown] == [name.decode() for name in found["class"]]
    for row, expected in zip(shown, found["probabilities"].tolist(), strict=True):
        assert row["probabilities"] == pytest.approx(expected, abs=1e-6)
    assert predict("trips", "--json", json.dumps(PHONE_ROWS[0])) == 0
    assert json.loads(capfd.readouterr().out)["class"] == shown[0]["class"]
    assert predict("trips", "--json", "[]") == 0
    assert capfd.readouterr().out == "[]\n"


def test_the_version_of_a_label(predict, capfd):
    found = {}
    for label in ("stable", "canary"):
        assert predict("half_plus_two", "--label", label, "--json", '{"x": 2}') == 0
        found[label] = json.loads(capfd.readouterr().out)
    assert found == {"stable": {"y": [3.0]}, "canary": {"y": [4.0]}}
    assert predict("half_plus_two", "--label", "beta", "--json", '{"x": 2}') == 2
    assert "Unrecognized servable version label: beta" in capfd.readouterr().err


def test_json_of_other_models(predict, capfd):
    assert predict("variable_length", "--json", '{"x": [1, 2, 3]}') == 0
    assert json.loads(capfd.readouterr().out) == {"x": [1.0, 2.0, 3.0], "y": 6.0}
    assert predict("two_inputs", "--json", '[{"a": NaN, "b": 1}, {"a": 0.5, "b": 0}]') == 0
    nan, shown = json.loads(capfd.readouterr().out, parse_constant=pytest.fail)
    assert (nan, shown) == ({"difference": None, "total": None}, {"difference": 0.5, "total": 0.5})
    assert predict("strings", "--json", '{"text": "ß"}') == 0
    assert json.loads(capfd.readouterr().out) == {"length": 2, "text": "ß", "text_bytes": "ß"}
    assert predict("scalar", "--json", '[{"x": 1}, {"x": 2}]') == 2
    assert 'output "total" has the shape [] for 2 rows' in capfd.readouterr().err


def test_files_for_other_models(predict, tmp_path, capfd):
    path = tmp_path / "new.csv"
    path.write_text("b,a,c\n1,2,x\n0.5,nan,y\n")
    assert predict("two_inputs", "--data", path) == 0
    assert capfd.readouterr().out.splitlines() == [
        "b,a,c,two_inputs_difference,two_inputs_total",
        "1,2,x,1,3",
        "0.5,nan,y,nan,nan",
    ]
    path.write_text("a,b\n1,\n")
    assert predict("two_inputs", "--data", path) == 2
    assert f'{path}, line 2, column "b": no value' in capfd.readouterr().err
    path.write_text("x\n1\n")
    assert predict("half_plus_two", "--data", path) == 0
    assert capfd.readouterr().out == "x,half_plus_two_y_0\n1,3.5\n"
    assert predict("variable_length", "--data", path) == 2
    assert "takes several values a row (x: float32 [?, ?])" in capfd.readouterr().err
    assert predict("trips", "--data", path) == 2
    assert "has no column fare, hour_of_day" in capfd.readouterr().err.replace("code, color, ", "")


def test_a_file_for_a_model_of_nothing_but_examples(predict, tmp_path, capfd):
    path = tmp_path / "new.csv"
    path.write_text("word,x in $,n,other\n7,1,2,\na b,,,x\n,0.25,-1,y\n")
    assert predict("examples_only", "--data", path) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(",")[-1] for line in lines] == ["examples_only_y", "5", "3", "-0.5"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("x,a,2024-01-01,1,1", '"2024-01-01" is not a whole number'),
        ("x,a,1,1.5,1", 'column "hour of day": "1.5" is not a whole number'),
        ("x,a,1,1", "4 cells, not 5"),
    ],
)
def test_a_line_that_cannot_be_read_leaves_nothing(predict, data, tmp_path, capfd, line, what):
    data.write_text("\n".join([HEADER, *["n,a,1,2,3"] * (BATCH_ROWS + 10), line]))
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert predict("trips", "--data", data, "--out", out) == 2
    printed = capfd.readouterr()
    assert f"error: {data}, line {BATCH_ROWS + 12}" in printed.err
    assert what in printed.err
    assert (printed.out, out.read_text()) == ("", "old")


def test_a_model_that_is_not_there(predict, address, capfd):
    assert predict("taxis", "--json", "{}") == 2
    error = capfd.readouterr().err
    assert f'error: model "taxis" is not served at {address}' in error
    assert "  fix: check the model's name" in error


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--tflite", "x", "--server", "y", "--json", "{}"], "not allowed with"),
        (["--tflite", "x", "--model", "y", "--json", "{}"], "--model goes with --server"),
        (["--tflite", "x", "--label", "y", "--json", "{}"], "--label goes with --server"),
        (["--variant", "int8", "--json", "{}"], "--variant goes with --tflite"),
        (["--json", "{}", "--out", "x"], "--out goes with --data"),
        (["--server", "x:1"], "required"),
    ],
)
def test_a_command_line_that_makes_no_sense(arguments, what, capfd):
    with pytest.raises(SystemExit) as caught:
        main(["predict", *arguments])
    assert caught.value.code == 2
    assert what in capfd.readouterr().err


LOOK = """
import json, sys
from serving.__main__ import main
status = main(sys.argv[1:])
heavy = {"tensorflow", "grpc", "google.protobuf", "pandas", "keras", "usecase", "ai_edge_litert"}
print(json.dumps([status, sorted(heavy & set(sys.modules))]))
"""


def look(*arguments):
    """Runs a command in a process of its own; returns its lines, status and heavy imports."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *map(str, arguments)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *lines, last = done.stdout.splitlines()
    return lines, done.stderr, *json.loads(last)


def test_over_rest_nothing_heavy_is_imported(served, data):
    asked = ("predict", "--server", served.rest, "--model", "trips")
    lines, _, status, heavy = look(*asked, "--json", json.dumps(ROWS))
    assert (len(json.loads(lines[0])), status, heavy) == (len(ROWS), 0, [])
    lines, _, status, heavy = look(*asked, "--data", data)
    assert (lines[0], status, heavy) == (",".join([HEADER, *COLUMNS]), 0, [])
    *_, heavy = look("predict", "--server", served.grpc, "--model", "trips", "--json", "{}")
    assert {"grpc", "tensorflow"} <= set(heavy)  # what would be seen here if it were imported


def test_a_server_that_is_not_there_is_told_at_once():
    address = f"http://127.0.0.1:{free_port()}"
    started = time.monotonic()
    _, error, status, heavy = look("predict", "--server", address, "--model", "m", "--json", "{}")
    assert time.monotonic() - started < 10
    assert (status, heavy) == (2, [])
    assert f"error: no server at {address}" in error
    assert "Traceback" not in error
