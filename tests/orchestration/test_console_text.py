"""Numbers, durations and cut lines, for all values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.verdict import judge
from orchestration.local.gate_view import GateTable, telling
from orchestration.local.node_view import progress_text
from orchestration.local.text import (
    ASCII,
    UNICODE,
    Line,
    Span,
    cells,
    duration,
    number,
    number_pair,
    shorten,
)

NUMBERS = st.floats(-1e300, 1e300)
UNITS = {"s": 1, "m": 60, "h": 3600}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (9, "9s"), (59.6, "1m 00s"), (125, "2m 05s"), (3599.6, "1h 00m"), (3725, "1h 02m")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0s"), (4.06, "4.1s"), (59.94, "59.9s"), (59.96, "1m 00s")]
)
def test_duration_with_tenths(seconds, text):
    assert duration(seconds, tenths=True) == text


@given(st.floats(0, 1e7), st.booleans())
def test_a_duration_reads_back(seconds, tenths):
    text = duration(seconds, tenths=tenths)
    parts = [(float(part[:-1]), part[-1]) for part in text.split()]
    assert all(value < 60 for value, unit in parts if unit != "h")
    assert abs(sum(value * UNITS[unit] for value, unit in parts) - seconds) <= (
        60 if "h" in text else 0.5
    )


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf])
def test_no_duration(seconds):
    assert duration(seconds) == "?"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (math.nan, "NaN"),
        (-math.inf, "−inf"),
        (0, "0"),
        (-0.0, "0"),
        (9986, "9,986"),
        (0.93412, "0.934"),
        (-0.0041, "−0.004"),
        (12.345, "12.35"),
        (412.34, "412.3"),
        (2.4e-7, "2.4e-07"),
        (-0.00012, "−0.00012"),
        (1e300, "1e+300"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@given(NUMBERS)
def test_a_number_reads_back(value):
    read = float(number(value).replace("−", "-").replace(",", ""))
    assert math.isclose(read, value, rel_tol=0.06, abs_tol=0)
    assert len(number(value)) <= 26


@pytest.mark.parametrize(
    ("value", "limit", "pair"),
    [
        (0, 0, ("0", "0")),
        (0.934, 0.9, ("0.934", "0.900")),
        (0.92996, 0.93, ("0.92996", "0.93000")),
        (1, 0.9, ("1.000", "0.900")),
        (1_200_000, 5_000_000, ("1,200,000", "5,000,000")),
        (2.4e-7, 1e-5, ("2.4e-07", "1e-05")),
        (1.2e-7, 1.0e-5, ("1.2e-07", "1e-05")),
        (0.00002, 0.02, ("2e-05", "0.020")),
        (0.00096, 0.001, ("0.00096", "0.00100")),
        (0.02, 1e-5, ("0.020", "1e-05")),
        (None, 0.9, ("n/a", "0.900")),
        (math.nan, 3, ("NaN", "3")),
    ],
)
def test_number_pair(value, limit, pair):
    assert number_pair(value, limit) == pair


@given(NUMBERS, NUMBERS)
def test_a_pair_that_differs_looks_different(value, limit):
    shown = number_pair(value, limit, signed=True)
    assert (shown[0] == shown[1]) == (value == limit)


@given(st.text(), st.integers(0, 40))
def test_a_shortened_text_fits(text, width):
    assert cells(shorten(text, width, "…")) <= width


@given(st.lists(st.text(max_size=12), max_size=6), st.integers(1, 40))
def test_a_line_that_is_cut_fits_and_begins_alike(texts, width):
    line = Line(tuple(Span(text) for text in texts))
    cut = line.fit(width, "…").text
    assert cells(cut) <= width
    assert cut == line.text or line.text.startswith(cut.removesuffix("…"))


@pytest.mark.parametrize(
    ("progress", "room", "text"),
    [
        ({}, None, ""),
        ({"epoch": 3, "loss": math.nan}, None, "epoch 3  loss NaN"),
        ({"epoch": 1, "epochs": 1, "step": 10, "steps": 40}, None, "step 10/40"),
        ({"epoch": 3, "epochs": 30, "steps_per_second": 4.25}, None, "epoch 3/30  4.2 steps/s"),
        ({"epoch": 3, "seconds_left": math.inf}, None, "epoch 3"),
    ],
)
def test_progress(progress, room, text):
    assert progress_text(progress, room) == text


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (None, "epoch 3/30  loss 0.412  412 steps/s  ETA 2m 05s"),
        (40, "epoch 3/30  loss 0.412  ETA 2m 05s"),
        (30, "epoch 3/30  ETA 2m 05s"),
        (12, "epoch 3/30"),
        (3, "epoch 3/30"),
    ],
)
def test_progress_gives_way_part_by_part(room, text):
    progress = {"epoch": 3, "epochs": 30, "loss": 0.4123, "steps_per_second": 412.0}
    assert progress_text({**progress, "seconds_left": 125.0}, room) == text


def test_every_failed_slice_is_told_and_the_worst_that_passed():
    values = {"hour=1": 0.8, "hour=2": 0.95, "hour=3": 0.9, "hour=4": None, "": 0.7}
    results = [
        judge("quality", "loss", value, "max", 0.92, slice_name=name)
        for name, value in values.items()
    ]
    assert [(result.slice, note) for result, note in telling(results)] == [
        ("", ""),
        ("hour=4", ""),
        ("hour=2", ""),
        ("hour=3", "worst of 2 passed"),
    ]


def test_what_refuses_is_told_before_what_warns():
    results = [
        judge("tflite", "auc", value, "min", 0.9, slice_name=f"hour={hour}", binding=hour > 2)
        for hour, value in enumerate((0.1, 0.95, 0.2, 0.5, 0.4))
    ]
    shown = [(result.slice, result.warns) for result, _ in telling(results)]
    assert shown == [
        *(("hour=4", False), ("hour=3", False), ("hour=0", True), ("hour=2", True)),
        ("hour=1", False),
    ]


MOBILE_GATE = (
    judge("tflite", "float32 faults", 0.0, "max", 0.0),
    judge("tflite", "float32 difference", 1.2e-7, "max", 1e-5),
    judge("tflite", "float32 size MB", 0.0921, "max", 20.0),
    judge("tflite", "float32 size bytes", 92_100, "max", 20_000_000),
    judge("tflite", "float32 latency ms", 7.14, "max", 5.0, detail="slow", binding=False),
    judge("tflite", "int8 difference", None, "max", 0.02, detail="no answer", binding=False),
    judge("tflite", "int8 auc change", -0.0012, "min_change", -0.001),
)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_the_gate_of_mobile_models_in_a_table(glyphs):
    lines = [line.text for line in GateTable(MOBILE_GATE, glyphs, 7).lines()]
    expected = """\
  tflite   float32 faults            0 ≤          0 ✔
           float32 difference  1.2e-07 ≤      1e-05 ✔
           float32 size MB        0.09 ≤      20.00 ✔
           float32 size bytes   92,100 ≤ 20,000,000 ✔
           float32 latency ms    7.140 ≤      5.000 ⚠
             slow
           int8 difference         n/a ≤      0.020 ⚠
             no answer
           int8 auc change     −0.0012 ≥    −0.0010 ✘""".splitlines()
    if glyphs is UNICODE:
        assert lines == expected
    wide = [line.split() for line in lines]
    assert wide == [glyphs.show(line).split() for line in expected]
    assert all(cells(line) <= 80 for line in lines)


def test_what_a_program_said_follows_the_reason_line_by_line():
    why = "the server did not answer\nloading  model\n\n\tfailed: \x1b[31mno variables"
    results = (
        judge("serving", "seconds to ready", None, "max", 120.0, detail=why),
        judge("serving", "grpc difference", None, "max", 1e-5, detail=why),
        judge("serving", "rest difference", 0.0, "max", 1e-5, detail="row 0"),
    )
    lines = [line.text for line in GateTable(results, UNICODE, 7).lines()]
    expected = """\
  serving  seconds to ready    n/a ≤   120 ✘
             the server did not answer
             loading model
             failed: ?[31mno variables
           grpc difference     n/a ≤ 1e-05 ✘
           rest difference   0.000 ≤ 1e-05 ✔""".splitlines()
    assert lines == expected


def test_only_a_warning_is_yellow():
    table = GateTable(MOBILE_GATE, UNICODE, 7).lines()
    styles = {span.text: span.style for line in table for span in line.spans if span.style != "dim"}
    assert {styles[sign] for sign in "✔"} == {"green"}
    assert (styles["⚠"], styles["✘"]) == ("yellow", "red")


def test_glyphs_are_of_one_column():
    assert all(cells(sign) == 1 for sign in "✔✘⚠·≥≤—−…" + UNICODE.spinner)
