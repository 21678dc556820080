"""`python -m serving`: rows of a file or of JSON, and what is printed of them."""

import gzip
import json
import subprocess
import sys
import time

import pytest

from serving import __main__ as command_line
from serving.__main__ import main
from serving.edge import BATCH_ROWS, EdgeModel
from serving.phone.metadata import MODEL_FILES
from serving.phone.snippet import LANGUAGES
from tests.serving.edge_world import EXACT, ROW
from usecase.paths import PROJECT_ROOT

HEADER = "note,company,picked up,fare,trip_start_hour"
LINES = [
    f'"a, ""b""",Größe,{EXACT},6.5,3',
    ",,,,",
    '"line\nbreak",unheard of,7.0,8.6,',
    "nan,\N{TAXI} Co,1e3,nan, 5 ",
]
# The same rows as a program has them.
ROWS = [
    ROW,
    {},
    {"company": "unheard of", "picked up": 7, "fare": 8.6},
    {"company": "\N{TAXI} Co", "picked up": 1000, "trip_start_hour": 5},
]


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("\n".join([HEADER, *LINES]) + "\n", encoding="utf-8")
    return path


def predict(pushed, *arguments):
    return main(["predict", "--tflite", str(pushed), *map(str, arguments)])


def expected_lines(pushed, **which):
    answers = EdgeModel(pushed, **which).predict(ROWS)
    shown = zip(answers["probability"].tolist(), answers["class"].tolist(), strict=True)
    added = [f"{probability:.9g},{label}" for probability, label in shown]
    lines = [f"{line},{more}" for line, more in zip(LINES, added, strict=True)]
    return "\n".join([f"{HEADER},big_tip_probability,big_tip_class", *lines]) + "\n"


def test_a_file_to_a_file(pushed, csv, tmp_path, capfd):
    out = tmp_path / "predictions.csv"
    out.write_text("old")
    assert predict(pushed, "--data", csv, "--out", out) == 0
    assert out.read_text(encoding="utf-8") == expected_lines(pushed)
    assert capfd.readouterr().out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "predictions.csv"]


def test_a_compressed_file_with_another_delimiter(pushed, tmp_path, capfd):
    path = tmp_path / "new.csv"
    rows = ["note;company;picked up;fare;trip_start_hour", "1,5;a;1;6.5;3", ";;;;"]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    assert predict(pushed, "--data", path) == 0
    header, *lines = capfd.readouterr().out.splitlines()
    assert header == f"{HEADER},big_tip_probability,big_tip_class"
    given = {"company": "a", "picked up": 1, "fare": 6.5, "trip_start_hour": 3}
    expected = EdgeModel(pushed).predict([given, {}])["probability"].tolist()
    assert [line.rsplit(",", 2)[0] for line in lines] == ['"1,5",a,1,6.5,3', ",,,,"]
    assert [float(line.split(",")[-2]) for line in lines] == pytest.approx(expected, abs=1e-6)


def test_a_file_to_stdout_with_a_variant(pushed, csv, capfdbinary):
    assert predict(pushed, "--data", csv, "--variant", "int8") == 0
    assert capfdbinary.readouterr().out.decode() == expected_lines(pushed, variant="int8")
    assert expected_lines(pushed, variant="int8") != expected_lines(pushed)


def test_more_rows_than_a_batch(pushed, tmp_path):
    path, out = tmp_path / "many.csv", tmp_path / "out.csv"
    fares = [str(k % 90) for k in range(2 * BATCH_ROWS + 5)]
    path.write_text(
        "\n".join(["fare,company,picked_up,trip_start_hour", *(f"{f},,," for f in fares)])
    )
    assert predict(pushed, "--data", path, "--out", out) == 0
    lines = out.read_text().splitlines()[1:]
    expected = EdgeModel(pushed).predict({"fare": list(map(float, fares))})["probability"]
    assert [line.split(",")[0] for line in lines] == fares
    assert [float(line.split(",")[4]) for line in lines] == pytest.approx(
        expected.tolist(), abs=1e-6
    )


@pytest.mark.parametrize(
    ("line", "what", "more"),
    [
        ("x,a,2024-01-01,1,1", '"2024-01-01" is not a whole number', "takes no dates in text"),
        ("x,a,1,1.5.2,1", 'column "fare": "1.5.2" is not a number', "correct it, or leave"),
        ("x,a,1,1", "4 cells, not 5", "missing quote or comma"),
    ],
)
@pytest.mark.parametrize("to_file", [True, False])
def test_a_line_that_cannot_be_read_leaves_nothing(
    pushed, csv, tmp_path, capfd, line, what, more, to_file
):
    first = "\n".join([HEADER, *["n,a,1,2,3"] * (BATCH_ROWS + 10)])
    csv.write_text(f"{first}\n{line}\n")
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert predict(pushed, "--data", csv, *(["--out", out] if to_file else [])) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert f"error: {csv}, line {BATCH_ROWS + 12}" in printed.err
    assert what in printed.err
    assert more in printed.err
    assert "Traceback" not in printed.err
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "out.csv"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("note,company,fare,trip_start_hour\n1,2,3,4\n", "has no column picked up"),
        ("fare,fare\n1,2\n", "names a column twice: fare"),
        ("", "data file is empty"),
        (HEADER + "\n", "has a header but no row"),
        ("\ufefffare\n1\n", "byte order mark"),
    ],
)
def test_a_file_that_does_not_fit(pushed, csv, capfd, text, what):
    csv.write_text(text, encoding="utf-8")
    assert predict(pushed, "--data", csv) == 2
    assert what in capfd.readouterr().err


def test_paths_that_are_not_there(pushed, csv, tmp_path, capfd):
    assert predict(pushed, "--data", tmp_path / "gone.csv") == 2
    assert "error: data not readable" in capfd.readouterr().err
    assert predict(pushed, "--data", csv, "--out", tmp_path / "gone" / "out.csv") == 2
    assert "error: output folder does not exist" in capfd.readouterr().err
    assert predict(pushed, "--data", csv, "--out", tmp_path) == 2
    assert "error: " in capfd.readouterr().err
    assert predict(tmp_path / "gone", "--data", csv) == 2
    assert "error: no such folder or file" in capfd.readouterr().err


def test_json(pushed, capfd):
    answers = EdgeModel(pushed).predict([ROW, {}])
    shown = [
        {"probability": float(f"{p:.9g}"), "class": c}
        for p, c in zip(*(values.tolist() for values in answers.values()), strict=True)
    ]
    assert predict(pushed, "--json", json.dumps(ROW)) == 0
    assert json.loads(capfd.readouterr().out) == shown[0]
    assert predict(pushed, "--json", json.dumps([ROW, {"fare": None}])) == 0
    assert json.loads(capfd.readouterr().out) == shown
    assert predict(pushed, "--json", "[]") == 0
    assert capfd.readouterr().out == "[]\n"


def test_json_of_several_numbers_and_of_none(push, tmp_path, capfd):
    push(tmp_path / "many" / "1", "multiclass")
    assert predict(tmp_path / "many", "--json", json.dumps({"fare": float("inf")})) == 0
    answer = json.loads(capfd.readouterr().out, parse_constant=pytest.fail)
    assert len(answer["probabilities"]) == 3
    push(tmp_path / "number" / "1", "regression")
    assert predict(tmp_path / "number", "--json", '{"fare": Infinity}') == 0
    assert json.loads(capfd.readouterr().out) == {"prediction": None}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{fare: 1}", "--json is not readable"),
        ('{"fair": 1}', "row 0: the model has no input 'fair'"),
        ('[{}, {"fare": "1"}]', "row 1, column \"fare\": '1' is not a number"),
        ("7", "int is no row of values"),
        ("[" * 100_000, "--json is not readable"),
    ],
)
def test_json_that_does_not_fit(pushed, capfd, text, what):
    assert predict(pushed, "--json", text) == 2
    printed = capfd.readouterr()
    assert f"error: {what}" in printed.err
    assert "  fix: " in printed.err
    assert (printed.out, "Traceback" in printed.err) == ("", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--tflite", "x"],
        ["predict", "--tflite", "x", "--data", "a", "--json", "{}"],
        ["predict", "--tflite", "x", "--json", "{}", "--out", "b"],
        ["predict", "--tflite", "x", "--data", "a", "--variant", "fp16"],
        ["snippet", "java", "--tflite", "x"],
        [],
    ],
)
def test_a_command_line_that_makes_no_sense(arguments, capfd):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m serving" in capfd.readouterr().err


def test_its_choices_are_those_of_the_parts():
    assert tuple(MODEL_FILES) == command_line.VARIANTS
    assert tuple(LANGUAGES) == command_line.LANGUAGES


def test_a_reader_that_has_had_enough(pushed, tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("\n".join([HEADER, *["n,a,1,2,3"] * 20_000]))
    arguments = ["predict", "--tflite", pushed, "--data", path]
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.read(100)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    assert process.wait() == 2


def test_help_is_fast():
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "serving", "predict", "--help"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert time.monotonic() - started < 3
    assert "--tflite" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "serving.errors" in imported
    assert not imported & {"numpy", "ai_edge_litert", "tensorflow", "pandas"}
