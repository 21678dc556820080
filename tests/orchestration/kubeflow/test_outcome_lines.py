"""Lines that a pod prints, and that are found again in its log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.outcome_lines import (
    LONGEST,
    Refused,
    by_gate,
    gate_of,
    marked,
    marked_lines,
    of_gate,
    refusal,
)

printable = st.text(min_size=1, max_size=80).filter(
    lambda text: text.isprintable() and text == text.strip() and "[outcome] " not in text
)
noise = st.text(max_size=200).filter(lambda text: "[outcome] " not in text)


@given(st.lists(printable, max_size=3), noise, noise.map(lambda text: text.replace("\n", " ")))
def test_what_was_marked_is_found_among_all_else(lines, other, unended):
    log = "".join(f"{other}\n{unended}{marked(line)}\n{other}\n" for line in lines)
    assert list(marked_lines(log)) == lines


@given(st.text())
def test_any_log_gives_printable_lines_of_a_bounded_length(log):
    for line in marked_lines(marked(log) + "\n"):
        assert line.isprintable()
        assert 0 < len(line) <= LONGEST


@given(noise)
def test_without_a_mark_there_is_no_line(log):
    assert list(marked_lines(log)) == []


def test_a_line_that_was_cut_is_none():
    error = '{"error_message": "Failed to read logs"}'
    log = f"{marked('quality gate: passed')}\n{marked('pushed as version 1')}"
    assert list(marked_lines(log + error)) == ["quality gate: passed"]


def test_a_mark_alone_says_nothing():
    assert list(marked_lines("[outcome] \n[outcome]\n")) == []


@pytest.mark.parametrize("gate", ["quality", "serving", "tflite"])
def test_a_pusher_s_reason_names_its_gate(gate):
    assert gate_of(f"not pushed: {by_gate(gate)}") == gate


@pytest.mark.parametrize("text", ["", "pushed as version 17", "not pushed: no blessing"])
def test_other_texts_name_no_gate(text):
    assert gate_of(text) == ""


def test_a_refusal():
    assert refusal(of_gate("data", "refused: rows 5 < 9")) == Refused("data", "rows 5 < 9")
    assert refusal(of_gate("data", "passed")) is None
    assert refusal("not pushed: the data gate refused") is None
